package invoice_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/invoice/invoicetest"
)

func TestEveryExampleAddsUp(t *testing.T) {
	t.Parallel()
	for _, c := range invoicetest.All() {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			checkSums(t, c.Document)
		})
	}
}

func lastNote(d invoice.Document) string { return d.Notes[len(d.Notes)-1].Text }

func TestAPartIsCreditedAtEachRate(t *testing.T) {
	t.Parallel()
	of := invoicetest.Find("b2b")
	d, err := invoice.Credit("CN-1", "2026-12-01", of, nil, 50_00, "Article  défectueux\n")
	if err != nil {
		t.Fatal(err)
	}
	want := []invoice.VAT{{Category: invoice.Standard, VATPerMill: 200, Base: 35_81, Tax: 7_16}, {Category: invoice.Standard, VATPerMill: 55, Base: 6_66, Tax: 37}}
	if !reflect.DeepEqual(d.VAT, want) || len(d.Lines) != 2 || d.Totals.Gross != 50_00 || d.Totals.Due != 50_00 {
		t.Errorf("VAT %+v, totals %+v", d.VAT, d.Totals)
	}
	if d.Type != invoice.TypeCreditNote || *d.Preceding != (invoice.Preceding{Number: of.Number, Issued: of.Issued}) || d.Due != d.Issued || d.Process != "B1" {
		t.Errorf("document %+v", d)
	}
	if got := lastNote(d); got != "Avoir sur la facture INV-2026-AB12CD-000003 du 21/11/2026. Motif : Article défectueux" {
		t.Errorf("note %q", got)
	}
	if d.Payment.IBAN != "" {
		t.Error("a credit note asks the customer to pay")
	}
	if n := len(d.Notes); n != len(of.Notes) {
		t.Errorf("%d notes, the merchant's own among them", n)
	}
}

func TestACreditNoteKeepsTheExemption(t *testing.T) {
	t.Parallel()
	v := invoicetest.Find("credit-franchise").VAT[0]
	if v.Base != 10_00 || v.Reason == "" || v.ReasonCode != "VATEX-FR-FRANCHISE" {
		t.Errorf("VAT %+v", v)
	}
}

func TestManySmallCreditsDoNotDrift(t *testing.T) {
	t.Parallel()
	service := invoicetest.Item("Montage", 1, 7_01, 200)
	service.Nature = invoice.Services
	of := issue(t, invoicetest.Settings(), order(invoicetest.Item("Chose", 1, 9_99, 200), service))
	var earlier []invoice.Document
	var paid, tax money.Cents
	gross, taxes := map[invoice.Nature]money.Cents{}, map[invoice.Nature]money.Cents{}
	for paid < of.Totals.Gross {
		d, err := invoice.Credit("CN-1", invoicetest.Issued, of, earlier, 2, "")
		if err != nil {
			t.Fatal(err)
		}
		checkSums(t, d)
		earlier, paid, tax = append(earlier, d), paid+2, tax+d.Totals.Tax
		if want := roundDiv(int64(paid)*200, 1200); tax != want {
			t.Fatalf("after %s the tax is %s, not %s", paid, tax, want)
		}
		for _, l := range d.Lines {
			gross[l.Nature], taxes[l.Nature] = gross[l.Nature]+l.Gross, taxes[l.Nature]+l.Gross-l.Net
			if off := taxes[l.Nature] - roundDiv(int64(gross[l.Nature])*200, 1200); off < -1 || off > 1 {
				t.Fatalf("after %s of %s the tax is %s", gross[l.Nature], l.Nature, taxes[l.Nature])
			}
		}
	}
	if _, err := invoice.Credit("CN-1", invoicetest.Issued, of, earlier, 1, ""); !errors.Is(err, invoice.TooMuch{}) {
		t.Errorf("after all of it: %v", err)
	}
}

func TestInvalidCreditsAreRefused(t *testing.T) {
	t.Parallel()
	of := invoicetest.Find("b2b")
	total := of.Totals.Gross
	for _, amount := range []money.Cents{0, -1} {
		_, err := invoice.Credit("CN-1", "2026-12-01", of, nil, amount, "")
		if got := fields(t, err); got != "amount" {
			t.Errorf("%s: %s", amount, got)
		}
	}
	_, err := invoice.Credit("CN-1", "2026-12-01", of, nil, 1, "a\x00b")
	if got := fields(t, err); got != "reason" {
		t.Errorf("reason: %s", got)
	}
	if _, err = invoice.Credit("CN-1", "2026-12-01", of, nil, 1, strings.Repeat("x", 1001)); fields(t, err) != "reason" {
		t.Errorf("long reason: %v", err)
	}
	first := invoicetest.Find("credit-partial")
	var much invoice.TooMuch
	if _, err = invoice.Credit("CN-1", "2026-12-01", of, []invoice.Document{first}, total, ""); !errors.As(err, &much) || much.Left != total-50_00 {
		t.Errorf("too much: %v", err)
	}
	var e *errs.Error
	if _, err = invoice.Credit("CN-1", "2026-12-01", first, nil, 1, ""); err == nil || errors.As(err, &e) {
		t.Errorf("a credit note of a credit note: %v", err)
	}
}

func TestAnAnnulmentReplacesTheInvoiceByNothing(t *testing.T) {
	t.Parallel()
	of := invoicetest.Find("discount-four-rates")
	before := invoicetest.Find("discount-four-rates")
	d := invoice.Annul("CN-1", "2026-12-01", of, 12_34, "Doublon")
	checkSums(t, d)
	if !reflect.DeepEqual(of, before) {
		t.Error("the invoice was changed")
	}
	if d.Totals != (invoice.Totals{Prepaid: 12_34, Due: -12_34}) || d.Type != invoice.TypeCorrected || d.Preceding.Number != of.Number || len(d.Allowances) != 0 {
		t.Errorf("document %+v", d)
	}
	for i, l := range d.Lines {
		if l.Quantity != 0 || l.Net != 0 || l.Gross != 0 || l.NetPrice != of.Lines[i].NetPrice || l.Name != of.Lines[i].Name {
			t.Errorf("line %+v", l)
		}
	}
	if len(d.VAT) != len(of.VAT) {
		t.Errorf("VAT %+v", d.VAT)
	}
	if got := lastNote(d); got != "Annule et remplace la facture INV-2026-AB12CD-000005 du 21/11/2026. Motif : Doublon" {
		t.Errorf("note %q", got)
	}
	// BR-FR-CO-09: what was paid is not the total any more.
	if paid := invoicetest.Find("annulled-paid"); paid.Process != "B1" || paid.Totals.Due != -89_99 {
		t.Errorf("annulled after payment: %s, %+v", paid.Process, paid.Totals)
	}
}

func TestSalesNeedWhatACorrectionReplaces(t *testing.T) {
	t.Parallel()
	d := invoicetest.Find("annulled")
	other := invoicetest.Find("b2c")
	for _, original := range []*invoice.Document{nil, &other} {
		if _, err := invoice.Sales(d, original); err == nil {
			t.Errorf("reported without the invoice it replaces")
		}
	}
}

func TestSalesAreByCategoryAndRate(t *testing.T) {
	t.Parallel()
	got, err := invoice.Sales(invoicetest.Find("goods-and-services"), nil)
	if err != nil {
		t.Fatal(err)
	}
	// 6.52 of the discount are for the rate 20, and 5.02 of these for goods: 194.97 and 58.50 are left, with 42.25 of VAT.
	want := []invoice.Sale{
		{Category: "TLB1", VATPerMill: 200, Net: 162_47, Tax: 32_50},
		{Category: "TPS1", VATPerMill: 200, Net: 48_75, Tax: 9_75},
		{Category: "TLB1", VATPerMill: 55, Net: 46_11, Tax: 2_54},
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("sales %+v", got)
	}
	got, err = invoice.Sales(invoicetest.Find("exempt"), nil)
	if err != nil || len(got) != 2 || got[1].Category != "TNT1" || got[1].Tax != 0 {
		t.Errorf("sales at 0: %+v, %v", got, err)
	}
}

func TestAPaymentIsSplitByNatureAndRate(t *testing.T) {
	t.Parallel()
	d := invoicetest.Find("goods-and-services")
	first, err := invoice.Split(d, 100_00, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []invoice.Part{
		{Nature: invoice.Goods, VATPerMill: 200, Amount: 64_54},
		{Nature: invoice.Services, VATPerMill: 200, Amount: 19_36},
		{Nature: invoice.Goods, VATPerMill: 55, Amount: 16_10},
	}
	if !reflect.DeepEqual(first, want) {
		t.Errorf("parts %+v", first)
	}
	if _, err := invoice.Split(d, 0, first); fields(t, err) != "amount" {
		t.Errorf("nothing: %v", err)
	}
	rest, err := invoice.Split(d, d.Totals.Gross-100_00, first)
	if err != nil || len(rest) != 3 {
		t.Errorf("rest %+v, %v", rest, err)
	}
	var much invoice.TooMuch
	if _, err := invoice.Split(d, 1, append(first, rest...)); !errors.As(err, &much) || much.Left != 0 {
		t.Errorf("after all: %v", err)
	}
}
