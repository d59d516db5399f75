package invoice_test

import (
	"slices"
	"strings"
	"testing"

	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/invoice/invoicetest"
)

func TestValidSettingsAreAccepted(t *testing.T) {
	t.Parallel()
	least := invoicetest.Franchise()
	least.LegalForm, least.Phone, least.TermDays = "", "", 0
	long := invoicetest.Settings()
	long.Penalties, long.ElectronicAddress, long.TermDays = strings.Repeat("x", 1000), "123456782_COMPTA-1", 60
	for _, s := range []invoice.Settings{invoicetest.Settings(), invoicetest.Franchise(), least, long} {
		if err := s.Check(); err != nil {
			t.Errorf("%+v: %v", s, err)
		}
		issue(t, s, order(invoicetest.Item("Roman", 1, 19_90, 0)))
	}
}

// A mediator is for consumers; it stays on what corrects their invoice.
func TestOnlyConsumersAreToldOfTheMediator(t *testing.T) {
	t.Parallel()
	s := invoicetest.Settings()
	s.ConsumerMediator = "Médiateur du livre, 1 rue de l’Exemple, 75001 Paris"
	named := func(d invoice.Document) bool {
		return slices.ContainsFunc(d.Notes, func(n invoice.Note) bool {
			return n.Subject == invoice.NoteRegulatory && strings.HasSuffix(n.Text, "\u00a0: "+s.ConsumerMediator)
		})
	}
	o := order(invoicetest.Item("Roman", 1, 19_90, 55))
	consumers := issue(t, s, o)
	o.Customer = invoicetest.Business()
	if !named(consumers) || named(issue(t, s, o)) {
		t.Errorf("a consumer is told: %v, a business: %v", named(consumers), named(issue(t, s, o)))
	}
	if d := invoice.Annul("CN-1", invoicetest.Issued, consumers, 0, ""); !named(d) {
		t.Errorf("the annulment has %q", d.Notes)
	}
}

func TestEachBadSettingIsNamed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		fields string
		spoil  func(*invoice.Settings)
	}{
		{"legal_name", func(s *invoice.Settings) { s.LegalName = "" }},
		{"legal_name", func(s *invoice.Settings) { s.LegalName = strings.Repeat("x", 201) }},
		{"trading_name", func(s *invoice.Settings) { s.TradingName = "a\x01" }},
		{"legal_form", func(s *invoice.Settings) { s.LegalForm = "a\nb" }},
		{"siret", func(s *invoice.Settings) { s.SIRET = "123" }},
		{"siret", func(s *invoice.Settings) { s.SIRET = "12345678200011" }},
		{"vat_number", func(s *invoice.Settings) { s.VATNumber = "" }},
		{"vat_number", func(s *invoice.Settings) { s.VATNumber = "FR12123456782" }},
		{"vat_number", func(s *invoice.Settings) { s.VATNumber = "FR14987654324" }},
		{"vat_number", func(s *invoice.Settings) { s.VATNumber = "BE0123456749" }},
		{"address.street", func(s *invoice.Settings) { s.Address.Street = "" }},
		{"address.post_code", func(s *invoice.Settings) { s.Address.PostCode = "" }},
		{"address.city", func(s *invoice.Settings) { s.Address.City = "" }},
		{"address.country", func(s *invoice.Settings) { s.Address.Country = "" }},
		{"address.country", func(s *invoice.Settings) { s.Address.Country = "DE" }},
		{"email", func(s *invoice.Settings) { s.Email = "" }},
		{"email", func(s *invoice.Settings) { s.Email = "a b@example.com" }},
		{"phone", func(s *invoice.Settings) { s.Phone = strings.Repeat("1", 31) }},
		{"electronic_address", func(s *invoice.Settings) { s.ElectronicAddress = "987654324" }},
		{"electronic_address", func(s *invoice.Settings) { s.ElectronicAddress = "123456782/1" }},
		{"activity", func(s *invoice.Settings) { s.Activity = "" }},
		{"vat_regime", func(s *invoice.Settings) { s.Regime = "yearly" }},
		{"iban", func(s *invoice.Settings) { s.IBAN = "FR7630006000011234567890188" }},
		{"iban", func(s *invoice.Settings) { s.IBAN = "FR76 3000 6000 0112 3456 7890 189" }},
		{"iban", func(s *invoice.Settings) { s.IBAN = "FR763000600001123456789018" }},
		{"bic", func(s *invoice.Settings) { s.BIC = "AGRI" }},
		{"bic", func(s *invoice.Settings) { s.IBAN = "" }},
		{"term_days", func(s *invoice.Settings) { s.TermDays = 61 }},
		{"term_days", func(s *invoice.Settings) { s.TermDays = -1 }},
		{"penalties", func(s *invoice.Settings) { s.Penalties = strings.Repeat("x", 1001) }},
		{"recovery", func(s *invoice.Settings) { s.Recovery = "a\x00" }},
		{"discount", func(s *invoice.Settings) { s.Discount = "a\ufffe" }},
		{"consumer_mediator", func(s *invoice.Settings) { s.ConsumerMediator = strings.Repeat("x", 201) }},
		{"consumer_mediator", func(s *invoice.Settings) { s.ConsumerMediator = "a\nb" }},
		{"footer", func(s *invoice.Settings) { s.Footer = strings.Repeat("x", 201) }},
	} {
		s := invoicetest.Settings()
		c.spoil(&s)
		if got := fields(t, s.Check()); got != c.fields {
			t.Errorf("%+v: fields %q, want %q", s, got, c.fields)
		}
	}
	all := "legal_name,siret,vat_number,vat_regime,address.street,address.post_code,address.city,address.country,email,activity"
	if got := fields(t, invoice.Settings{}.Check()); got != all {
		t.Errorf("without anything: %q, want %q", got, all)
	}
}
