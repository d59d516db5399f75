package invoice_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/invoice/invoicetest"
)

// badInputs are each wrong in one field.
func badInputs() []struct {
	field string
	spoil func(*invoice.Order)
} {
	return []struct {
		field string
		spoil func(*invoice.Order)
	}{
		{"customer_name", func(o *invoice.Order) { o.Customer.Name = " " }},
		{"customer_name", func(o *invoice.Order) { o.Customer.Name = strings.Repeat("é", 201) }},
		{"customer_name", func(o *invoice.Order) { o.Customer.Name = "a\x00b" }},
		{"customer_name", func(o *invoice.Order) { o.Customer.Name = "a\u202eb" }},
		{"customer_name", func(o *invoice.Order) { o.Customer.Name = "a\uffffb" }},
		{"customer_name", func(o *invoice.Order) { o.Customer.Name = "a\xffb" }},
		{"customer_name", func(o *invoice.Order) { o.Customer.Name = "a\nb" }},
		{"customer_name", func(o *invoice.Order) { o.Customer.Name = "\u200b" }},
		{"customer_name", func(o *invoice.Order) { o.Customer.Name = "\u3164 \u00ad\ufe0f" }},
		{"customer_name", func(o *invoice.Order) { o.Customer.Name = "محمد" }},
		{"customer_name", func(o *invoice.Order) { o.Customer.Name = "吉𠮷" }},
		{"customer_email", func(o *invoice.Order) { o.Customer.Email = "nobody" }},
		{"customer_email", func(o *invoice.Order) { o.Customer.Email = "Name <a@example.com>" }},
		{"customer_email", func(o *invoice.Order) { o.Customer.Email = "a@localhost" }},
		{"customer_email", func(o *invoice.Order) { o.Customer.Email = "a..b@example.com" }},
		{"customer_email", func(o *invoice.Order) { o.Customer.Email = "é@example.com" }},
		{"customer_email", func(o *invoice.Order) { o.Customer.Email = "a@" + strings.Repeat("b.", 60) + "example.com" }},
		{"customer_phone", func(o *invoice.Order) { o.Customer.Phone = "call me" }},
		{"customer_siren", func(o *invoice.Order) { o.Customer.SIREN = "123456789" }},
		{"customer_siren", func(o *invoice.Order) { o.Customer.SIREN = "732.829.320" }},
		{"customer_siren", func(o *invoice.Order) { o.Customer.SIREN = "000000000" }},
		{"customer_siren", func(o *invoice.Order) { o.Customer.Business = true }},
		{"customer_siret", func(o *invoice.Order) { o.Customer.SIRET = "73282932000075" }},
		{"customer_siret", func(o *invoice.Order) { o.Customer.SIREN, o.Customer.SIRET = "987654324", "73282932000074" }},
		{"customer_siret", func(o *invoice.Order) { o.Customer.SIRET = "35600000000016" }},
		{"customer_vat_number", func(o *invoice.Order) { o.Customer.VATNumber = "FR45732829320" }},
		{"customer_address.city", func(o *invoice.Order) { o.Customer.VATNumber = "DE123456789" }},
		{"customer_vat_number", func(o *invoice.Order) { o.Customer.VATNumber = "F" }},
		{"customer_vat_number", func(o *invoice.Order) { o.Customer.SIREN, o.Customer.VATNumber = "987654324", "FR44732829320" }},
		{"customer_electronic_address", func(o *invoice.Order) { o.Customer.ElectronicAddress = "billing@acme.example" }},
		{"customer_electronic_address", func(o *invoice.Order) { o.Customer.ElectronicAddress = "732829320_" }},
		{"customer_electronic_address", func(o *invoice.Order) { o.Customer.ElectronicAddress = "732829320_" + strings.Repeat("x", 116) }},
		{"customer_electronic_address", func(o *invoice.Order) { o.Customer.SIREN, o.Customer.ElectronicAddress = "987654324", "732829320" }},
		{"customer_type", func(o *invoice.Order) { o.Customer.Business, o.Customer.Individual = true, true }},
		{"customer_type", func(o *invoice.Order) { o.Customer.SIREN, o.Customer.Individual = "732829320", true }},
		{"customer_address.city", func(o *invoice.Order) { o.Customer.Business, o.Customer.Address.Country = true, "DE" }},
		{"customer_address.country", func(o *invoice.Order) { o.Customer.Address.Country = "France" }},
		{"customer_address.country", func(o *invoice.Order) { o.Customer.Address.Country = "XX" }},
		{"customer_address.country", func(o *invoice.Order) { o.Customer.SIREN, o.Customer.Address.Country = "732829320", "BE" }},
		{"customer_address.street", func(o *invoice.Order) { o.Customer.Address.Street = strings.Repeat("x", 201) }},
		{"customer_address.more", func(o *invoice.Order) { o.Customer.Address.More = "a\tb" }},
		{"customer_address.post_code", func(o *invoice.Order) { o.Customer.Address.PostCode = strings.Repeat("1", 21) }},
		{"customer_address.city", func(o *invoice.Order) { o.Customer.Address.City = "\x1b[1m" }},
		{"items", func(o *invoice.Order) { o.Items = nil }},
		{"items", func(o *invoice.Order) { o.Items = make([]invoice.Item, 1001) }},
		{"items", func(o *invoice.Order) {
			o.Items[0].Quantity, o.Items[0].UnitPrice = 1_000_000*invoice.One, 1_000_000_00
		}},
		{"items", func(o *invoice.Order) {
			o.Items[0].Quantity, o.Items[0].UnitPrice = 100*invoice.One, 1_000_000_00
			o.Items = append(o.Items, invoicetest.Item("Un centime de trop", 1, 1, 200))
		}},
		{"items[0].product_name", func(o *invoice.Order) { o.Items[0].Name = "" }},
		{"items[0].product_name", func(o *invoice.Order) { o.Items[0].Name = "\u2060\ufeff" }},
		{"items[0].product_name", func(o *invoice.Order) { o.Items[0].Name = strings.Repeat("x", 300) }},
		{"items[0].product_name", func(o *invoice.Order) { o.Items[0].Name = "Coffret 🎁" }},
		{"items[0].description", func(o *invoice.Order) { o.Items[0].Description = "ต้มยำ" }},
		{"items[0].description", func(o *invoice.Order) { o.Items[0].Description = strings.Repeat("x", 1001) }},
		{"items[0].quantity", func(o *invoice.Order) { o.Items[0].Quantity = 0 }},
		{"items[0].quantity", func(o *invoice.Order) { o.Items[0].Quantity = -invoice.One }},
		{"items[0].quantity", func(o *invoice.Order) { o.Items[0].Quantity = 1_000_000*invoice.One + 1 }},
		{"items[0].quantity", func(o *invoice.Order) { o.Items[0].Quantity, o.Items[0].UnitPrice = 1, 1 }},
		{"items[0].unit_price_ttc", func(o *invoice.Order) { o.Items[0].UnitPrice = 0 }},
		{"items[0].unit_price_ttc", func(o *invoice.Order) { o.Items[0].UnitPrice = -1 }},
		{"items[0].unit_price_ttc", func(o *invoice.Order) { o.Items[0].UnitPrice = 1_000_000_01 }},
		{"items[0].vat_rate", func(o *invoice.Order) { o.Items[0].VATPerMill = 85 }},
		{"items[0].vat_rate", func(o *invoice.Order) { o.Items[0].VATPerMill = -55 }},
		{"items[0].type", func(o *invoice.Order) { o.Items[0].Nature = "food" }},
		{"items[0].vat_exemption_reason", func(o *invoice.Order) { o.Items[0].ExemptReason = "x" }},
		{"discount_amount", func(o *invoice.Order) { o.Discount = -1 }},
		{"discount_amount", func(o *invoice.Order) { o.Discount = 19_90 }},
		{"discount_amount", func(o *invoice.Order) { o.Discount = 1 << 62 }},
		{"notes", func(o *invoice.Order) { o.Notes = strings.Repeat("x", 2001) }},
		{"notes", func(o *invoice.Order) { o.Notes = "a\rb" }},
		{"notes", func(o *invoice.Order) { o.Notes = "धन्यवाद" }},
		{"reference", func(o *invoice.Order) { o.Reference = strings.Repeat("x", 101) }},
		{"due_date", func(o *invoice.Order) { o.Due = "2026-11-20" }},
		{"due_date", func(o *invoice.Order) { o.Due = "2026-13-01" }},
		{"due_date", func(o *invoice.Order) { o.Due = "2036-11-21" }},
		{"paid_on", func(o *invoice.Order) { o.PaidOn, o.Method = "2026-11-22", invoice.MethodCash }},
		{"paid_on", func(o *invoice.Order) { o.PaidOn, o.Method = "2025-11-19", invoice.MethodCash }},
		{"payment_method", func(o *invoice.Order) { o.PaidOn, o.Method = "2026-11-21", "cheque" }},
	}
}

func TestEachBadInputIsNamed(t *testing.T) {
	t.Parallel()
	book := invoicetest.Item("Roman", 1, 19_90, 55)
	for _, c := range badInputs() {
		o := order(book)
		c.spoil(&o)
		_, err := invoice.New(number, invoicetest.Issued, invoicetest.Settings(), o)
		if got := fields(t, err); got != c.field {
			t.Errorf("%+v: fields %q, want %q", o, got, c.field)
		}
	}
}

func TestARefusalNamesTheCharacterThatThePageCannotShow(t *testing.T) {
	t.Parallel()
	o := order(invoicetest.Item("Thé ☺", 1, 19_90, 55), invoicetest.Item("Coffret 🎁🎂", 1, 19_90, 55))
	_, err := invoice.New(number, invoicetest.Issued, invoicetest.Settings(), o)
	var e *errs.Error
	if !errors.As(err, &e) || len(e.Fields) != 1 || e.Fields[0].Field != "items[1].product_name" ||
		e.Fields[0].Message != "items[1].product_name must not contain '🎁' (U+1F381), which the PDF cannot show: leave it out, or write it in Latin letters." {
		t.Errorf("%v", err)
	}
}

func TestLettersOfEastAsiaAreIssuedAndInvisibleOnesDropped(t *testing.T) {
	t.Parallel()
	o := order(invoicetest.Item("寿\u200b司 초밥 ❤\ufe0f", 1, 19_90, 55))
	o.Customer.Name, o.Notes, o.Customer.Address.City = "山田太郎", "co\u00adopé\ufeff", "北京"
	d, err := invoice.New(number, invoicetest.Issued, invoicetest.Settings(), o)
	if err != nil || d.Lines[0].Name != "寿司 초밥 ❤" || d.Buyer.Name != "山田太郎" || d.Notes[len(d.Notes)-1].Text != "coopé" {
		t.Errorf("%+v, %v", d, err)
	}
}

// Settings that were stored with an emoji, before it was refused, must not stop a merchant's invoices.
func TestStoredSettingsStillIssue(t *testing.T) {
	t.Parallel()
	s := invoicetest.Settings()
	s.Footer = "Merci 🎁"
	if got := fields(t, s.Check()); got != "footer" {
		t.Errorf("fields %q", got)
	}
	if _, err := invoice.New(number, invoicetest.Issued, s, order(invoicetest.Item("Roman", 1, 19_90, 55))); err != nil {
		t.Error(err)
	}
}

func TestTabsAndLineEndsOfNotesBecomePlain(t *testing.T) {
	t.Parallel()
	o := order(invoicetest.Item("Roman", 1, 19_90, 55))
	o.Notes = "\tCommande\t12\r\nMerci\t"
	d, err := invoice.New(number, invoicetest.Issued, invoicetest.Settings(), o)
	if err != nil || !slices.ContainsFunc(d.Notes, func(n invoice.Note) bool { return n.Text == "Commande 12\nMerci" }) {
		t.Fatalf("%q, %v", d.Notes, err)
	}
}

func TestAllProblemsComeAtOnce(t *testing.T) {
	t.Parallel()
	o := order(invoicetest.Item("", 0, 19_90, 55), invoicetest.Item("Roman", 1, 0, 56))
	o.Customer.SIREN, o.Due = "1", "tomorrow"
	_, err := invoice.New(number, invoicetest.Issued, invoicetest.Settings(), o)
	want := "customer_siren,items[0].product_name,items[0].quantity,items[1].unit_price_ttc,items[1].vat_rate,due_date"
	if got := fields(t, err); got != want {
		t.Errorf("fields %q, want %q", got, want)
	}
}

func TestErrorsOfTheCallerAreNotValidationErrors(t *testing.T) {
	t.Parallel()
	bad := invoicetest.Settings()
	bad.SIRET = "1"
	for _, c := range []struct {
		number string
		issued invoice.Date
		s      invoice.Settings
	}{
		{"INV 1", invoicetest.Issued, invoicetest.Settings()},
		{strings.Repeat("1", 36), invoicetest.Issued, invoicetest.Settings()},
		{number, "1999-12-31", invoicetest.Settings()},
		{number, invoicetest.Issued, bad},
	} {
		_, err := invoice.New(c.number, c.issued, c.s, order(invoicetest.Item("Roman", 1, 19_90, 55)))
		var e *errs.Error
		if err == nil || errors.As(err, &e) {
			t.Errorf("%s %s: %v", c.number, c.issued, err)
		}
	}
}
