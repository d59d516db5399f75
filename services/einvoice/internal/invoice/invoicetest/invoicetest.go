// Package invoicetest provides documents of every kind for tests.
package invoicetest

import (
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/vat"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// Case is a document with a name for its special feature.
type Case struct {
	// Name can be used in a file name.
	Name     string
	Document invoice.Document
}

// Issued is the day of every invoice here; corrections are issued on the following day.
const Issued invoice.Date = "2026-11-21"

// Settings returns the settings of an invented bookshop in the normal VAT regime.
func Settings() invoice.Settings {
	return invoice.Settings{
		LegalName: "Librairie du Canal SAS", TradingName: "Le Canal", LegalForm: "SAS au capital de 10 000 EUR, RCS Paris 123 456 782",
		SIRET: "12345678200010", VATNumber: "FR11123456782",
		Address: invoice.Address{Street: "12 quai de Valmy", PostCode: "75010", City: "Paris", Country: "FR"},
		Email:   "factures@librairie.example", Phone: "+33 1 00 00 00 00", Activity: invoice.Goods, Regime: invoice.RegimeMonthly,
		IBAN: "FR7630006000011234567890189", BIC: "AGRIFRPP", TermDays: 30,
	}
}

// Franchise returns the settings of a merchant that is exempt from VAT, without a VAT number or an account.
func Franchise() invoice.Settings {
	s := Settings()
	s.LegalName, s.TradingName, s.LegalForm = "Camille Exemple EI", "", "Entrepreneur individuel"
	s.VATNumber, s.IBAN, s.BIC, s.Regime, s.Activity = "", "", "", invoice.RegimeFranchise, invoice.Services
	return s
}

// withMediator returns the settings of a merchant that names a mediator for consumers.
func withMediator() invoice.Settings {
	s := Settings()
	s.ConsumerMediator = "Médiateur du livre, 1 rue de l’Exemple, 75001 Paris, www.mediateur.example"
	return s
}

// Debits returns the settings of a merchant whose VAT on services is due with the invoice.
func Debits() invoice.Settings {
	s := Settings()
	s.VATOnDebits = true
	return s
}

// Business returns an invented business customer.
func Business() invoice.Customer {
	return invoice.Customer{
		Name: "Acme France SARL", Email: "billing@acme.example", SIREN: "987654324", SIRET: "98765432400019", VATNumber: "FR14987654324",
		Address: invoice.Address{Street: "3 rue des Lilas", More: "Bâtiment B", PostCode: "69003", City: "Lyon", Country: "FR"},
	}
}

// Private returns an invented private customer.
func Private() invoice.Customer {
	return invoice.Customer{Name: "Dominique Exemple", Email: "dominique@example.org"}
}

// Item returns n pieces at a gross price in cents. With a rate of 0 they are stamps, which are exempt.
func Item(name string, n int64, price money.Cents, rate vat.Rate) invoice.Item {
	it := invoice.Item{Name: name, Quantity: invoice.Quantity(n) * invoice.One, UnitPrice: price, VATPerMill: rate}
	if rate == 0 {
		it.ExemptCode = "VATEX-FR-CGI261C-3"
	}
	return it
}

// All returns all documents. They are created anew each time, so tests may change them.
func All() []Case {
	return append(invoices(), corrections()...)
}

// Find returns the document with that name; it panics if there is none.
func Find(name string) invoice.Document { return find(All(), name) }

func find(cases []Case, name string) invoice.Document {
	for _, c := range cases {
		if c.Name == name {
			return c.Document
		}
	}
	panic("no case " + name)
}

func invoices() []Case {
	private := func(items ...invoice.Item) invoice.Order { return invoice.Order{Customer: Private(), Items: items} }
	anonymous := private(Item("Roman", 1, 19_90, 55))
	anonymous.Customer.Email = ""
	withVAT := Franchise()
	withVAT.VATNumber = Settings().VATNumber
	return []Case{
		{"b2c", issue("000001", Settings(), private(Item("Roman", 1, 19_90, 55)))},
		{"b2c-no-email", issue("000002", Settings(), anonymous)},
		{"b2b", issue("000003", Settings(), b2b())},
		{"b2b-siren-only", issue("000004", Settings(), sirenOnly())},
		{"discount-four-rates", issue("000005", Settings(), fourRates())},
		{"paid-card", issue("000006", Settings(), paid(invoice.MethodCard))},
		{"paid-bank", issue("000007", Settings(), paid(invoice.MethodBank))},
		{"paid-other", issue("000008", Settings(), paid(invoice.MethodOther))},
		{"franchise", issue("000009", Franchise(), private(Item("Cours de dessin", 2, 45_00, 0)))},
		{"franchise-vat-number", issue("000010", withVAT, private(Item("Cours de dessin", 2, 45_00, 0)))},
		{"exempt", issue("000011", Settings(), exempt())},
		{"zero-rated", zeroRated(issue("000012", Settings(), private(Item("Timbres", 10, 1_39, 0))))},
		{"hundred-cents", issue("000013", Settings(), hundredCents())},
		{"odd-characters", issue("000014", Settings(), odd())},
		{"goods-and-services", issue("000015", Settings(), mixed())},
		{"many-lines", issue("000016", Settings(), many())},
		{"references", issue("000017", Settings(), referenced())},
		{"large-quantity", issue("000018", Settings(), large())},
		{"exempt-by-code", issue("000019", Settings(), letting())},
		{"reverse-charge", issue("000020", Settings(), reverse())},
		{"eu-goods", issue("000021", Settings(), abroad(Belgian(), invoice.Goods))},
		{"eu-services", issue("000022", Settings(), abroad(Belgian(), invoice.Services))},
		{"eu-both", issue("000023", Settings(), abroad(Belgian(), invoice.Goods, invoice.Services))},
		{"export", issue("000024", Settings(), abroad(Swiss(), invoice.Goods))},
		{"out-of-scope", issue("000025", Settings(), abroad(Swiss(), invoice.Services))},
		{"reunion", issue("000026", Overseas("97400", "Saint-Denis"), reunion())},
		{"mayotte", issue("000027", Overseas("97600", "Mamoudzou"), private(invoice.Item{Name: "Roman", Quantity: invoice.One, UnitPrice: 19_90}))},
		{"mediator", issue("000028", withMediator(), private(Item("Roman", 1, 19_90, 55)))},
		{"on-debits", issue("000029", Debits(), mixed())},
		{"discount-on-lines", issue("000030", Settings(), discounted())},
		{"deposit", issue("000031", Settings(), deposit())},
		{"final", issue("000032", Settings(), final())},
	}
}

// invoiceOf returns the invoice with that name.
func invoiceOf(name string) invoice.Document { return find(invoices(), name) }

func corrections() []Case {
	of := invoiceOf("b2b")
	first := credit("000001", of, nil, 50_00, "Article défectueux")
	mix := invoiceOf("goods-and-services")
	back := invoiceOf("discount-on-lines")
	lines := creditLines("000013", back, nil,
		invoice.CreditItem{Line: 2, Quantity: invoice.One}, invoice.CreditItem{Line: 1, Amount: 12_34}, invoice.CreditItem{Line: 3, Quantity: 13_333})
	rest := creditLines("000014", back, []invoice.Document{lines},
		invoice.CreditItem{Line: 1, Quantity: 2 * invoice.One}, invoice.CreditItem{Line: 3, Quantity: 10_000})
	return []Case{
		{"credit-partial", first},
		{"credit-rest", credit("000002", of, []invoice.Document{first}, of.Totals.Gross-50_00, "")},
		{"credit-full", credit("000003", invoiceOf("discount-four-rates"), nil, invoiceOf("discount-four-rates").Totals.Gross, "Commande annulée")},
		{"credit-goods-and-services", credit("000004", mix, nil, 12_34, "")},
		{"credit-eu-goods", credit("000008", invoiceOf("eu-goods"), nil, 10_00, "")},
		{"credit-out-of-scope", credit("000009", invoiceOf("out-of-scope"), nil, 10_00, "")},
		{"annulled-eu-both", invoice.Annul(number("CN", "000010"), Issued.Add(1), invoiceOf("eu-both"), 0, "")},
		{"credit-franchise", credit("000005", invoiceOf("franchise"), nil, 10_00, "")},
		{"credit-on-debits", credit("000011", invoiceOf("on-debits"), nil, 12_34, "")},
		{"credit-lines", lines},
		{"credit-lines-rest", rest},
		{"credit-deposit", credit("000012", invoiceOf("deposit"), nil, 40_00, "Commande réduite")},
		{"rebate", rebate()},
		{"annulled", invoice.Annul(number("CN", "000006"), Issued.Add(1), of, 0, "Erreur de client")},
		{"annulled-paid", invoice.Annul(number("CN", "000007"), Issued.Add(1), invoiceOf("paid-card"), invoiceOf("paid-card").Totals.Gross, "")},
	}
}
