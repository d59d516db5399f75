package reading

import (
	_ "embed"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

var (
	//go:embed testdata/cii.xml
	sampleCII []byte
	//go:embed testdata/ubl.xml
	sampleUBL []byte
	// samples are the same invoice in both languages.
	samples = map[string][]byte{"cii": sampleCII, "ubl": sampleUBL}
)

// examples returns the official examples, CII and UBL, of the folder that EINVOICE_RULES_DIR names; none without it.
func examples(t *testing.T) map[string][]byte {
	t.Helper()
	found := map[string][]byte{}
	dir := os.Getenv("EINVOICE_RULES_DIR")
	if dir == "" {
		return found
	}
	files, err := filepath.Glob(filepath.Join(dir, "examples", "*.[xX][mM][lL]"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples in %s: %v", dir, err)
	}
	for _, f := range files {
		if found[filepath.Base(f)], err = os.ReadFile(f); err != nil {
			t.Fatal(err)
		}
	}
	return found
}

func TestTheOfficialExamplesAreRead(t *testing.T) {
	t.Parallel()
	all := examples(t)
	maps.Copy(all, samples)
	for name, xml := range all {
		d, err := Read(xml)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, f := range d.Check() {
			if strings.HasPrefix(f.Code, "total") || f.Code == "amount_due" {
				t.Errorf("%s: %s", name, f.Message)
			}
		}
	}
}

func TestBothLanguagesSayTheSame(t *testing.T) {
	t.Parallel()
	want := Invoice{
		Profile: "urn:cen.eu:en16931:2017", Process: "M1", Number: "F-2026-17", Type: "380", Issued: "2026-11-05", Due: "2026-12-05", Delivered: "2026-11-03",
		Currency: "EUR", BuyerReference: "SERVICE-7", Order: "BC-881", Notes: []Note{{"PMT", "Indemnité forfaitaire : 40 €"}},
		Seller: Party{
			Name: "Fournitures Martin SAS", SIREN: "732829320", SIRET: "73282932000074", VATNumber: "FR44732829320", Scheme: "0225", Address: "732829320",
			Street: "3 rue Bleue", PostCode: "69001", City: "Lyon", Country: "FR",
		},
		Buyer: Party{
			Name: "Boulangerie Dupont", SIREN: "552100554", Scheme: "0225", Address: "552100554", Street: "1 rue de la Paix", PostCode: "75002", City: "Paris", Country: "FR",
		},
		Payment: Payment{
			Means: "58", Reference: "F-2026-17", Terms: "30 jours", Accounts: []Account{{IBAN: "FR7630006000011234567890189", Name: "Fournitures Martin SAS"}},
		},
		Lines: []Line{{
			ID: "1", Name: "Papier A4", Description: "Cinq rames", Quantity: "20", Unit: "C62", Price: "5.5", BaseQuantity: "1", Net: 11000, Category: "S", Rate: "20",
		}},
		Allowances: []Allowance{{Amount: 1000, Reason: "Remise", Category: "S", Rate: "20"}},
		VAT:        []VAT{{Category: "S", Rate: "20", Base: 10000, Tax: 2000}},
		Totals:     Totals{LineNet: 11000, Allowances: 1000, Net: 10000, Tax: 2000, Gross: 12000, Due: 12000},
	}
	for syntax, xml := range samples {
		got, err := Read(xml)
		if err != nil {
			t.Fatalf("%s: %v", syntax, err)
		}
		want.Syntax = Syntax(syntax)
		if !reflect.DeepEqual(*got, want) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", syntax, *got, want)
		}
		if found := got.Check(); len(found) > 0 {
			t.Errorf("%s: %v", syntax, found)
		}
	}
}

func TestWhatIsWrongIsFound(t *testing.T) {
	t.Parallel()
	for code, change := range map[string]func(*Invoice){
		"sum_of_lines":        func(d *Invoice) { d.Lines[0].Net++ },
		"sum_of_allowances":   func(d *Invoice) { d.Allowances[0].Amount++ },
		"sum_of_charges":      func(d *Invoice) { d.Allowances = append(d.Allowances, Allowance{Charge: true, Amount: 1}) },
		"total_net":           func(d *Invoice) { d.Totals.Net++; d.Totals.Tax--; d.VAT[0].Tax-- },
		"sum_of_vat":          func(d *Invoice) { d.Totals.Tax++; d.Totals.Gross++; d.Totals.Due++ },
		"total_gross":         func(d *Invoice) { d.Totals.Gross++; d.Totals.Due++ },
		"amount_due":          func(d *Invoice) { d.Totals.Due++ },
		"vat_of_rate":         func(d *Invoice) { d.VAT[0].Tax += 2; d.Totals.Tax += 2; d.Totals.Gross += 2; d.Totals.Due += 2 },
		"seller_unidentified": func(d *Invoice) { d.Seller = Party{Name: "X"} },
		"seller_siren":        func(d *Invoice) { d.Seller.SIREN, d.Seller.SIRET = "732829321", "" },
		"seller_siret":        func(d *Invoice) { d.Seller.SIREN = "552100554" },
		"iban_invalid":        func(d *Invoice) { d.Payment.Accounts[0].IBAN = "FR7630006000011234567890188" },
		"other_payee":         func(d *Invoice) { d.Payee = "Somebody" },
	} {
		d, err := Read(sampleCII)
		if err != nil {
			t.Fatal(err)
		}
		change(d)
		if found := d.Check(); len(found) != 1 || found[0].Code != code {
			t.Errorf("%s: %v", code, found)
		}
	}
}

// The second total of VAT is in the currency of the books (BT-111) and is not the invoice's.
func TestTheTotalOfVATIsInTheInvoicesCurrency(t *testing.T) {
	t.Parallel()
	other := `<ram:TaxTotalAmount currencyID="HUF">7777</ram:TaxTotalAmount>`
	for _, first := range []string{`<ram:TaxTotalAmount currencyID="EUR">`, `<ram:GrandTotalAmount>`} {
		d, err := Read([]byte(strings.Replace(string(sampleCII), first, other+first, 1)))
		if err != nil || d.Totals.Tax != 2000 {
			t.Errorf("%v, %v", d, err)
		}
	}
}

func TestNumbersAreThoseOfXMLSchema(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"+5": "5", ".50": "0.5", "5.": "5", "007.10": "7.1", "-0.00": "0", "-3.25": "-3.25", "0": "0"} {
		got, ok := number(in)
		if got = canonical(got); !ok || got != want {
			t.Errorf("%s is %s, %v", in, got, ok)
		}
	}
	for _, bad := range []string{"", ".", "-", "1e3", "1,5", "0x1", "NaN", "1.2.3", "--1", "+-1", " 1", strings.Repeat("9", 16)} {
		if got, ok := number(bad); ok {
			t.Errorf("%q is read as %s", bad, got)
		}
	}
}

func TestASupplierIsItsSIREN(t *testing.T) {
	t.Parallel()
	for want, p := range map[string]Party{
		"siren:732829320": {SIREN: "732829320", VATNumber: "FR44732829320"},
		"siren:552100554": {SIRET: "55210055400013"},
		"vat:DE811907980": {VATNumber: "DE811907980", LegalID: "HRB 1"},
		"id:HRB 1":        {LegalID: "HRB 1"},
		"":                {Name: "Jane"},
	} {
		if got := p.Identity(); got != want {
			t.Errorf("%+v is %q", p, got)
		}
	}
}
