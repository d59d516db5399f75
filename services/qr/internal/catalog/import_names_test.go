package catalog_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"european-pay.eu/eupay/internal/sheet"
	"european-pay.eu/eupay/services/qr/internal/catalog"
	"european-pay.eu/eupay/services/qr/internal/catalogfile"
)

// planned is what a file makes of the products that are there.
func planned(t interface{ Fatal(args ...any) }, known []catalog.Product, file string, setStock bool) ([]catalog.Product, catalog.Report) {
	entries, problems, err := catalogfile.Read([]byte(file))
	if err != nil {
		t.Fatal(err, file)
	}
	return catalog.Plan(known, entries, problems, setStock)
}

// exported is the file of products.
func exported(t interface{ Fatal(args ...any) }, list []catalog.Product, d sheet.Dialect) string {
	var b bytes.Buffer
	w, err := catalogfile.NewWriter(&b, d)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range list {
		if err := w.Product(p); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

// TestAFileIsAppliedOnceWhateverItNames: the same file again, and what was exported since, change nothing. Lines without codes made their products
// again, each time.
func TestAFileIsAppliedOnceWhateverItNames(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		file := drawFile(t)
		list, report := planned(t, nil, file, false)
		if len(report.Problems) > 0 {
			return
		}
		for name, again := range map[string]string{"the file": file, "an export": exported(t, list, sheet.Comma), "a French export": exported(t, list, sheet.Semicolon)} {
			if after, r := planned(t, list, again, true); r.Created+r.Updated+len(r.Problems) > 0 || len(after) != len(list) {
				t.Fatalf("%s again: %+v\n%s\nof\n%s", name, r, again, file)
			}
		}
	})
}

// drawFile draws a file with products that have codes and variants, or not, some of one name.
func drawFile(t *rapid.T) string {
	odd := rapid.StringOfN(rapid.RuneFrom([]rune("aé '\"=-;,\t\n|\u202e\ufffe<b>")), 1, 6, -1)
	name := rapid.OneOf(rapid.SampledFrom([]string{"Stylo", "Cahier", "T-shirt", "Gomme", "Règle"}), odd)
	price := rapid.SampledFrom([]string{"1", "2,50", "19.90"})
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	row := func(cells ...string) {
		if err := w.Write(cells); err != nil {
			t.Fatal(err)
		}
	}
	row("name", "variant", "category", "description", "price_ttc", "vat_rate", "sku", "stock_quantity", "low_stock_at", "is_available")
	codes := 0
	sku := func() string {
		codes++
		return rapid.SampledFrom([]string{"", "", fmt.Sprint("S", codes)}).Draw(t, "sku")
	}
	number := rapid.SampledFrom([]string{"", "0", "7"})
	for range rapid.IntRange(1, 5).Draw(t, "products") {
		product := name.Draw(t, "name")
		row(product, "", rapid.SampledFrom([]string{"", "A", "B"}).Draw(t, "category"), odd.Draw(t, "description"), price.Draw(t, "price"),
			rapid.SampledFrom([]string{"", "5,5", "20"}).Draw(t, "rate"), sku(), number.Draw(t, "stock"), number.Draw(t, "low"), rapid.SampledFrom([]string{"", "oui", "no"}).Draw(t, "available"))
		for range rapid.IntRange(0, 2).Draw(t, "variants") {
			row(rapid.SampledFrom([]string{"", product}).Draw(t, "of"), rapid.SampledFrom([]string{"S", "M", "L", "XL"}).Draw(t, "variant"), "", "",
				rapid.SampledFrom([]string{"", "3"}).Draw(t, "price"), "", sku(), number.Draw(t, "stock"), "", "")
		}
	}
	w.Flush()
	return b.String()
}

// TestALineWithoutCodeMeansTheOneOfItsName, and says which lines could mean several.
func TestALineWithoutCodeMeansTheOneOfItsName(t *testing.T) {
	t.Parallel()
	known, r := planned(t, nil, "name,category,price_ttc,sku,variant\nCoca,Bar,3,,\nCoca,Terrasse,4,,\nStylo,,1,S1,\nStylo,,2,,\nT-shirt,,20,,\nT-shirt,,,,M\nPull,,40,,\nPull,,,P1,M\nPull,,,P2,M\n", false)
	if len(r.Problems) > 0 || r.Created != 9 {
		t.Fatalf("%+v", r)
	}
	for file, want := range map[string]string{
		"name,price_ttc\nT-shirt,25\n":                                "0 1 0 []",
		"name,category,price_ttc\nCoca,Bar,3\nCoca,Nouveau,5\n":       "0 1 1 []", // the other one changes its category
		"name,category,price_ttc\nCoca,Bar,3\nCoca,Terrasse,4\n":      "0 0 2 []",
		"name,price_ttc\nCoca,9\n":                                    "0 0 0 [{2  The line could be any of 2 products of this name: give it an id, sku or ean.}]",
		"name,category,price_ttc\nCoca,Bar,3\nCoca,Bar,4\n":           "0 0 1 [{3  The line is the product of line 2 again.}]",
		"name,price_ttc\nNeuf,9\n Neuf ,9\n":                          "1 0 0 [{3  The line is the product of line 2 again.}]",
		"name,price_ttc,sku\nStylo,1,S1\nStylo,2,\n":                  "0 0 2 []",
		"name,price_ttc,sku\nT-shirt,20,T1\n":                         "1 0 0 []", // a code that nothing has is that of something new
		"name,variant,price_ttc\nT-shirt,L,\n":                        "1 0 0 []",
		"name,variant,price_ttc\nStylo,L,\n":                          "0 0 0 [{2  The line could be of any of 2 products of this name: give it the id of one, or put it below its product.}]",
		"name,variant,price_ttc\nNeuf,,1\nT-shirt,M,21\n":             "1 1 0 []", // not a variant of what stands above
		"name,variant,price_ttc\nNeuf,L,1\nNeuf,,1\n":                 "1 0 0 [{2  The line must be below the line of its product.}]",
		"name,variant,price_ttc\nPull,,40\n,M,\n":                     "0 0 1 [{3  The line could be any of several variants of this name: give it a variant_id, sku or ean.}]",
		"name,variant,price_ttc\nPull,,40\n,XL,\n,XL,\n":              "1 0 1 [{4  The line is the variant of line 3 again.}]",
		"name,variant,price_ttc,sku\nPull,,40,\n,M,,P2\nPull,M,,P1\n": "0 0 3 []",
	} {
		_, got := planned(t, known, file, false)
		if text := fmt.Sprint(got.Created, got.Updated, got.Unchanged, got.Problems); text != want {
			t.Errorf("%s: %s, want %s", strings.ReplaceAll(file, "\n", "⏎"), text, want)
		}
	}
}

// TestALineThatIsFoundByItsNameLeavesTheCodes that were added since.
func TestALineThatIsFoundByItsNameLeavesTheCodes(t *testing.T) {
	t.Parallel()
	known, _ := planned(t, nil, "name,variant,price_ttc,sku,ean\nStylo,,1,S1,4006381333931\nT-shirt,,20,T,\n,M,,M1,96385074\n", false)
	list, r := planned(t, known, "name,variant,price_ttc,sku,ean\nStylo,,2,,\nT-shirt,,20,,\n,M,,,\n", false)
	if len(r.Problems) > 0 || r.Updated != 1 || list[0].SKU != "S1" || list[0].EAN != "4006381333931" || list[1].Variants[0].SKU != "M1" || list[1].Variants[0].EAN != "96385074" {
		t.Errorf("%+v made %+v", r, list)
	}
}
