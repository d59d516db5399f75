package catalogfile

import (
	"bytes"
	"strings"
	"testing"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/sheet"
	"european-pay.eu/eupay/internal/vat"
	"european-pay.eu/eupay/services/qr/internal/catalog"
)

func TestAFrenchSpreadsheetIsUnderstood(t *testing.T) {
	t.Parallel()
	file := "\ufeffDésignation;Prix TTC;TVA;Code-barres;Quantité;Disponible\r\nStylo \"bleu\";1 234,50 €;5,5 %;4006381333931;12;Oui\r\n"
	file = strings.Replace(file, `Stylo "bleu"`, `"Stylo ""bleu"""`, 1)
	list, problems, err := Read([]byte(file))
	if err != nil || len(problems) > 0 || len(list) != 1 {
		t.Fatal(list, problems, err)
	}
	p := list[0].Product
	if *p.Name != `Stylo "bleu"` || *p.Price != 123450 || *p.VATPerMill != vat.Reduced || *p.EAN != "4006381333931" || *p.Stock != 12 || !*p.Available || list[0].Line != 2 {
		t.Errorf("read %+v", p)
	}
	if p.Description != nil || p.SKU != nil || p.LowStockAt != nil {
		t.Error("columns that the file does not have mean something")
	}
}

func TestWhatIsWrongInACellIsNamedByLineAndColumn(t *testing.T) {
	t.Parallel()
	_, problems, err := Read([]byte("name,price_ttc,vat_rate,stock_quantity,is_available\nA,1.2.3,5,1.5,perhaps\nB,\"1,234.50\",a,x,yes\n"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range problems {
		got = append(got, p.Column+"@"+string(rune('0'+p.Line)))
	}
	want := "stock_quantity@2 price_ttc@2 is_available@2 stock_quantity@3 price_ttc@3 vat_rate@3"
	if strings.Join(got, " ") != want {
		t.Errorf("got %q", got)
	}
}

func TestHostileFilesAreRefused(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{
		"nothing": " \n", "a NUL": "name\na\x00b\n", "Latin-1": "name\ncaf\xe9\n", "UTF-16": "\xff\xfen\x00a\x00", "an open quotation mark": "name\n\"a\n",
		"a stray quotation mark": "name\na\"b\n", "too few cells": "name,sku\na\n", "an unknown column": "name,colour\na,b\n", "a column twice": "name,nom\na,b\n",
		"no columns": "stock\n1\n", "too many lines": "name\n" + strings.Repeat("a\n", MaxLines+1), "too many cells": "name\n" + strings.Repeat(",", maxCells+1),
		"many cells over several lines": "name\n" + strings.Repeat(",\"\n\"", maxCells+1),
	} {
		if _, _, err := Read([]byte(file)); !errs.Is(err, errs.ValidationError) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := Read(make([]byte, MaxBytes+1)); !errs.Is(err, errs.PayloadTooLarge) {
		t.Errorf("too large: %v", err)
	}
}

// TestWhatIsWrittenIsReadBack in both dialects, and a name that begins as a formula does not become one.
func TestWhatIsWrittenIsReadBack(t *testing.T) {
	t.Parallel()
	price := money.Cents(1990)
	p := catalog.Product{
		ID: "3f8a2c1e-5b7d-4f90-8a21-6c3d9e0b4f12", Name: `=HYPERLINK("x")`, Description: "two\nlines; \"quoted\"", Category: "-1+1", Price: 1250, VATPerMill: vat.Reduced,
		SKU: "@sku", EAN: "4006381333931", LowStockAt: 3, Available: true, Stock: 7,
		Variants: []catalog.Variant{{ID: "3f8a2c1e-5b7d-4f90-8a21-6c3d9e0b4f13", Name: "M / bleu", Price: &price, Stock: 7}},
	}
	for _, d := range []sheet.Dialect{sheet.Comma, sheet.Semicolon} {
		var b bytes.Buffer
		w, err := NewWriter(&b, d)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Product(p); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(b.String(), "\n=") || strings.Contains(b.String(), ",=") || strings.Contains(b.String(), `"=`) {
			t.Errorf("the file has a formula: %s", b.String())
		}
		list, problems, err := Read(b.Bytes())
		if err != nil || len(problems) > 0 || len(list) != 2 {
			t.Fatal(list, problems, err)
		}
		f, v := list[0].Product, list[1].Variant
		if *f.Name != p.Name || *f.Description != p.Description || *f.Category != p.Category || *f.Price != p.Price || *f.VATPerMill != p.VATPerMill || *f.SKU != p.SKU ||
			*f.EAN != p.EAN || *f.LowStockAt != 3 || !*f.Available || f.Stock != nil || list[0].ID != p.ID {
			t.Errorf("read %+v from %s", f, b.String())
		}
		if !list[1].OfVariant || list[1].VariantID != p.Variants[0].ID || *v.Name != "M / bleu" || **v.Price != price || *v.Stock != 7 || *v.Available {
			t.Errorf("read %+v from %s", v, b.String())
		}
	}
}
