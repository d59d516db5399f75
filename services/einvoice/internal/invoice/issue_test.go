package invoice_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/vat"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/invoice/invoicetest"
)

const number = "INV-2026-AB12CD-000001"

func order(items ...invoice.Item) invoice.Order {
	return invoice.Order{Customer: invoicetest.Private(), Items: items}
}

func issue(t *testing.T, s invoice.Settings, o invoice.Order) invoice.Document {
	t.Helper()
	d, err := invoice.New(number, invoicetest.Issued, s, o)
	if err != nil {
		t.Fatal(err)
	}
	checkSums(t, d)
	return d
}

// fields are the names that an error complains about.
func fields(t *testing.T, err error) string {
	t.Helper()
	var e *errs.Error
	if !errors.As(err, &e) || e.Code != errs.ValidationError {
		t.Fatalf("error is %v", err)
	}
	var names []string
	for _, f := range e.Fields {
		names = append(names, f.Field)
		if !strings.HasPrefix(f.Message, f.Field+" ") || !strings.HasSuffix(f.Message, ".") {
			t.Errorf("message %q does not say what to do about %s", f.Message, f.Field)
		}
	}
	return strings.Join(names, ",")
}

func TestAWholeOrderIsPricedAsInTheReference(t *testing.T) {
	t.Parallel()
	d := issue(t, invoicetest.Settings(), order(invoicetest.Item("Abonnement", 1, 1800_00, 200)))
	want := invoice.Totals{LineNet: 1500_00, Net: 1500_00, Tax: 300_00, Gross: 1800_00, Due: 1800_00}
	if d.Totals != want || d.Lines[0].NetPrice.String() != "1500.00" {
		t.Errorf("totals %+v, price %s", d.Totals, d.Lines[0].NetPrice)
	}
}

func TestTheLargestOrderDoesNotOverflow(t *testing.T) {
	t.Parallel()
	o := order()
	for range 1000 {
		o.Items = append(o.Items, invoicetest.Item("Chose", 1, 100_000_00, 200))
	}
	o.Discount = 33_333_333_33
	d := issue(t, invoicetest.Settings(), o)
	if d.Totals.Gross != 100_000_000_00-o.Discount {
		t.Errorf("total %s", d.Totals.Gross)
	}
	// A million pieces are as many as there may be.
	issue(t, invoicetest.Settings(), order(invoicetest.Item("Vis", 1_000_000, 1_00, 200)))
}

func TestAHundredLinesOfOneCent(t *testing.T) {
	t.Parallel()
	d := invoicetest.Find("hundred-cents")
	checkSums(t, d)
	nets := map[money.Cents]int{}
	for _, l := range d.Lines {
		nets[l.Net]++
		if l.NetPrice != 10_000 && l.NetPrice != 8_333 {
			t.Errorf("line %s costs %s", l.ID, l.NetPrice)
		}
	}
	if d.Totals.Net != 83 || d.Totals.Tax != 17 || nets[1] != 83 || nets[0] != 17 {
		t.Errorf("totals %+v, nets %v", d.Totals, nets)
	}
}

func TestTheBuyerDeterminesTheElectronicAddress(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		customer invoice.Customer
		audience invoice.Audience
		siren    string
		address  invoice.ElectronicAddress
	}{
		{"e-mail", invoice.Customer{Email: "a@example.org"}, invoice.B2C, "", invoice.ElectronicAddress{Scheme: "EM", Value: "a@example.org"}},
		{"name only", invoice.Customer{}, invoice.B2C, "", invoice.ElectronicAddress{Scheme: "0225", Value: "123456782"}},
		{"individual", invoice.Customer{Individual: true}, invoice.B2C, "", invoice.ElectronicAddress{Scheme: "0225", Value: "123456782"}},
		{"private, abroad", invoice.Customer{Address: invoice.Address{Country: "BE"}}, invoice.B2C, "", invoice.ElectronicAddress{Scheme: "0225", Value: "123456782"}},
		{"SIREN", invoice.Customer{SIREN: "732829320", Email: "a@example.org"}, invoice.B2B, "732829320", invoice.ElectronicAddress{Scheme: "0225", Value: "732829320"}},
		{"SIRET", invoice.Customer{SIRET: "73282932000074"}, invoice.B2B, "732829320", invoice.ElectronicAddress{Scheme: "0225", Value: "732829320"}},
		{"La Poste", invoice.Customer{SIRET: "35600000049837", Business: true}, invoice.B2B, "356000000", invoice.ElectronicAddress{Scheme: "0225", Value: "356000000"}},
		{"VAT number", invoice.Customer{VATNumber: "FR44732829320"}, invoice.B2B, "732829320", invoice.ElectronicAddress{Scheme: "0225", Value: "732829320"}},
		{"address", invoice.Customer{ElectronicAddress: "732829320_73282932000074"}, invoice.B2B, "732829320", invoice.ElectronicAddress{Scheme: "0225", Value: "732829320_73282932000074"}},
	} {
		c.customer.Name = "Exemple"
		o := order(invoicetest.Item("Roman", 1, 19_90, 55))
		o.Customer = c.customer
		d := issue(t, invoicetest.Settings(), o)
		if d.Audience != c.audience || d.Buyer.SIREN != c.siren || d.Buyer.Electronic != c.address {
			t.Errorf("%s: %s %q %+v", c.name, d.Audience, d.Buyer.SIREN, d.Buyer.Electronic)
		}
	}
}

func TestTheRateZeroHasItsCategory(t *testing.T) {
	t.Parallel()
	lesson := invoicetest.Item("Cours", 1, 40_00, 0)
	lesson.ExemptReason, lesson.ExemptCode = "Art. 261, 4-4° du CGI", ""
	other := lesson
	other.ExemptReason = "Art. 261, 7-1° du CGI"
	stamp := invoicetest.Item("Timbres", 1, 1_39, 0)
	d := issue(t, invoicetest.Settings(), order(stamp, lesson, other, lesson))
	if len(d.VAT) != 1 || d.VAT[0].Category != invoice.Exempt || d.VAT[0].ReasonCode != "" || d.VAT[0].Base != 121_39 ||
		d.VAT[0].Reason != "Exonération de TVA, art. 261 C, 3° du CGI ; Art. 261, 4-4° du CGI ; Art. 261, 7-1° du CGI" {
		t.Errorf("VAT %+v", d.VAT)
	}
	d = issue(t, invoicetest.Franchise(), order(stamp, lesson))
	if len(d.VAT) != 1 || d.VAT[0].Reason != "TVA non applicable, art. 293 B du CGI" || d.VAT[0].ReasonCode != "VATEX-FR-FRANCHISE" {
		t.Errorf("franchise: VAT %+v", d.VAT)
	}
	// BR-E-02, BR-Z-02: a VAT number or a tax registration.
	if d.Seller.VATNumber != "" || d.Seller.TaxRegistration != d.Seller.SIREN {
		t.Errorf("franchise: seller %+v", d.Seller)
	}
	if s := invoicetest.Find("franchise-vat-number").Seller; s.VATNumber == "" || s.TaxRegistration != "" {
		t.Errorf("franchise with a VAT number: seller %+v", s)
	}
	_, err := invoice.New(number, invoicetest.Issued, invoicetest.Franchise(), order(invoicetest.Item("Roman", 1, 19_90, 55)))
	if got := fields(t, err); got != "items[0].vat_rate" {
		t.Errorf("franchise with VAT: %s", got)
	}
}

func TestHowItIsPaid(t *testing.T) {
	t.Parallel()
	poor := invoicetest.Settings()
	poor.IBAN, poor.BIC = "", ""
	for _, c := range []struct {
		s      invoice.Settings
		method invoice.Method // empty: not paid
		means  string
		iban   bool
	}{
		{invoicetest.Settings(), "", "30", true},
		{poor, "", "ZZZ", false},
		{invoicetest.Settings(), invoice.MethodCash, "10", false},
		{invoicetest.Settings(), invoice.MethodCard, "48", false},
		{invoicetest.Settings(), invoice.MethodTerminal, "48", false},
		{invoicetest.Settings(), invoice.MethodBank, "30", true},
		{poor, invoice.MethodBank, "ZZZ", false},
		{invoicetest.Settings(), invoice.MethodOther, "ZZZ", false},
	} {
		o := order(invoicetest.Item("Roman", 1, 19_90, 55))
		process, due, prepaid := "B1", invoice.Date("2026-12-21"), money.Cents(0)
		if c.method != "" {
			o.PaidOn, o.Method, o.Due = "2026-11-03", c.method, "2026-11-01"
			process, due, prepaid = "B2", "2026-11-03", 19_90
		}
		d := issue(t, c.s, o)
		if d.Payment.Means != c.means || (d.Payment.IBAN != "") != c.iban {
			t.Errorf("%q: %+v", c.method, d.Payment)
		}
		if d.Process != process || d.Due != due || d.Totals.Prepaid != prepaid || d.Totals.Due != 19_90-prepaid {
			t.Errorf("%q: %s, due %s, %+v", c.method, d.Process, d.Due, d.Totals)
		}
	}
}

func TestTheProcessFollowsFromWhatIsSold(t *testing.T) {
	t.Parallel()
	goods, service := invoicetest.Item("Roman", 1, 19_90, 55), invoicetest.Item("Montage", 1, 60_00, 200)
	service.Nature = invoice.Services
	ware := goods
	ware.Nature = invoice.Goods
	shop := invoicetest.Settings()
	agency := invoicetest.Settings()
	agency.Activity, agency.VATOnDebits = invoice.Services, true
	for _, c := range []struct {
		s     invoice.Settings
		items []invoice.Item
		want  string
		notes string
	}{
		{shop, []invoice.Item{goods}, "B1", "PMT PMD AAB ABL"},
		{shop, []invoice.Item{service}, "S1", "PMT PMD AAB ABL"},
		{shop, []invoice.Item{goods, service}, "M1", "PMT PMD AAB ABL"},
		{agency, []invoice.Item{goods}, "S1", "PMT PMD AAB TXD ABL"},
		{agency, []invoice.Item{ware}, "B1", "PMT PMD AAB ABL"},
	} {
		d := issue(t, c.s, order(c.items...))
		var notes []string
		for _, n := range d.Notes {
			notes = append(notes, n.Subject)
			if n.Text == "" {
				t.Errorf("note %s is empty", n.Subject)
			}
		}
		if got := strings.Join(notes, " "); d.Process != c.want || got != c.notes {
			t.Errorf("process %s, notes %s; want %s, %s", d.Process, got, c.want, c.notes)
		}
	}
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	if got := invoice.Number(invoice.SeriesInvoice, 2026, "AB12CD", 1); got != number {
		t.Errorf("first number %s", got)
	}
	if got := invoice.Number(invoice.SeriesCredit, 2026, "AB12CD", 1_234_567); got != "CN-2026-AB12CD-1234567" {
		t.Errorf("number past a million %s", got)
	}
	if got := invoice.Number(invoice.SeriesInvoice, 2099, "ZZZZZZ", 1<<63-1); len(got) > 35 {
		t.Errorf("last number %s", got)
	}
	codes := map[string]bool{}
	for _, id := range []string{"", "m1", "m2", "0190b6f4-1111-7abc-8def-000000000001"} {
		code := invoice.Code(id)
		if len(code) != 6 || strings.Trim(code, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" || code != invoice.Code(id) || codes[code] {
			t.Errorf("code of %q: %s", id, code)
		}
		codes[code] = true
	}
}

func BenchmarkNew(b *testing.B) {
	for _, n := range []int{1, 20, 1000} {
		o := order()
		for i := range n {
			o.Items = append(o.Items, invoicetest.Item("Chose", int64(i%5+1), money.Cents(i+199), vat.Rates[i%5]))
		}
		o.Discount = 1_00
		b.Run(fmt.Sprintf("lines=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := invoice.New(number, invoicetest.Issued, invoicetest.Settings(), o); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
