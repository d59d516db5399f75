// Package reading reads the e-invoices of others: CII (UN/CEFACT D22B and before), UBL 2.1 and the CII in a Factur-X, all into one
// model in the terms of EN 16931. What it reads comes from strangers. So it is bounded in size, depth and number, refuses document
// types and with them every entity, never opens another resource, and refuses what can be understood in two ways, such as two
// totals. A document is read, or refused with a sentence that says why.
package reading

import (
	"fmt"
	"strings"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// Syntax is the language of a document.
type Syntax string

const (
	// CII is a Cross Industry Invoice.
	CII Syntax = "cii"
	// UBL is an Invoice or CreditNote in the Universal Business Language.
	UBL Syntax = "ubl"
)

// MaxXML limits the XML of a document, with what is attached inside.
const MaxXML = 10 << 20

// Unreadable is the error of a document that is refused. Its reason is a sentence for the merchant, without the document's text.
type Unreadable struct{ Reason string }

// Error implements error.
func (u *Unreadable) Error() string { return u.Reason }

func unreadable(format string, args ...any) error {
	return &Unreadable{Reason: fmt.Sprintf(format, args...)}
}

// Decimal is a decimal number as canonical text, such as "12.5" or "-3", for what is not an amount: quantities, prices and rates.
// Empty means that there is none.
type Decimal string

// Invoice is a received document. Amounts are in hundredths of Currency. What a document lacks is empty.
type Invoice struct {
	Syntax Syntax
	// Profile is BT-24, Process BT-23.
	Profile, Process string
	// Number is BT-1, Type the code BT-3 (380 invoice, 381 credit note, …).
	Number, Type string
	// Issued is BT-2, Due BT-9, Delivered BT-72, PeriodStart and PeriodEnd BG-14.
	Issued, Due, Delivered, PeriodStart, PeriodEnd invoice.Date
	// Currency is BT-5, ISO 4217.
	Currency string
	// BuyerReference is BT-10, Order BT-13, Contract BT-12.
	BuyerReference, Order, Contract string
	// Preceding are the invoices that the document is about, BG-3.
	Preceding     []Preceding
	Notes         []Note
	Seller, Buyer Party
	// Payee is BT-59, when it is not the seller.
	Payee      string
	Payment    Payment
	Lines      []Line
	Allowances []Allowance
	VAT        []VAT
	Totals     Totals
}

// Preceding is an earlier invoice, BT-25 and BT-26.
type Preceding struct {
	Number string
	Issued invoice.Date
}

// Note is BG-1.
type Note struct{ Subject, Text string }

// Party is a seller or a buyer.
type Party struct {
	Name, TradingName string
	// SIREN is the legal identifier of scheme 0002, SIRET the identifier of scheme 0009.
	SIREN, SIRET, VATNumber string
	// LegalID is the legal identifier of another scheme.
	LegalID string
	// Scheme and Address are the electronic address, BT-34 or BT-49.
	Scheme, Address              string
	Street, PostCode, City       string
	Country                      string
	ContactName, Phone, Mailaddr string
}

// Identity is what tells one company from another: its SIREN, otherwise its VAT number, otherwise another legal identifier. Empty:
// the document names none, and nobody can say whose it is.
func (p *Party) Identity() string {
	switch {
	case p.SIREN != "":
		return "siren:" + p.SIREN
	case len(p.SIRET) == 14:
		return "siren:" + p.SIRET[:9]
	case p.VATNumber != "":
		return "vat:" + p.VATNumber
	case p.LegalID != "":
		return "id:" + p.LegalID
	}
	return ""
}

// Payment is BG-16.
type Payment struct {
	// Means is the code BT-81, Reference is BT-83, Terms is BT-20.
	Means, Reference, Terms string
	// Accounts are the seller's, BG-17.
	Accounts []Account
}

// Account is an account of the seller: IBAN is BT-84, in compact form; Name is BT-85, BIC is BT-86.
type Account struct{ IBAN, Name, BIC string }

// Line is BG-25. Net is BT-131.
type Line struct {
	ID, Name, Description string
	Quantity              Decimal
	Unit                  string
	// Price is BT-146, for BaseQuantity (BT-149) units; empty means one.
	Price, BaseQuantity Decimal
	Net                 money.Cents
	Category            string
	Rate                Decimal
}

// Allowance is a discount (BG-20) or, if Charge, a charge (BG-21) of the document.
type Allowance struct {
	Charge   bool
	Amount   money.Cents
	Reason   string
	Category string
	Rate     Decimal
}

// VAT is BG-23.
type VAT struct {
	Category           string
	Rate               Decimal
	Base, Tax          money.Cents
	Reason, ReasonCode string
}

// Totals are BG-22: BT-106, BT-107, BT-108, BT-109, BT-110, BT-112, BT-113, BT-114 and BT-115.
type Totals struct {
	LineNet, Allowances, Charges, Net, Tax, Gross, Prepaid, Rounding, Due money.Cents
}

// Read reads a document.
func Read(xml []byte) (*Invoice, error) {
	root, err := parse(xml)
	if err != nil {
		return nil, err
	}
	r := &reader{}
	var d *Invoice
	switch {
	case root.is(nsCII, "CrossIndustryInvoice"):
		d = r.cii(root)
	case root.is(nsInvoice, "Invoice"), root.is(nsCreditNote, "CreditNote"):
		d = r.ubl(root)
	default:
		return nil, unreadable("The document is neither a CII nor a UBL invoice.")
	}
	r.complete(d)
	if r.err != nil {
		return nil, r.err
	}
	return d, nil
}

// complete refuses a document without what every answer to it, payment of it and search for it needs.
func (r *reader) complete(d *Invoice) {
	for _, need := range []struct{ what, value string }{
		{"number (BT-1)", d.Number},
		{"type (BT-3)", d.Type},
		{"date (BT-2)", string(d.Issued)},
		{"currency (BT-5)", d.Currency},
		{"seller's name (BT-27)", d.Seller.Name},
		{"buyer's name (BT-44)", d.Buyer.Name},
	} {
		if need.value == "" {
			r.fail("The invoice has no %s.", need.what)
		}
	}
	if len(d.Lines) == 0 && !withoutLines[d.Profile] {
		r.fail("The invoice has no line (BG-25).")
	}
	if len(d.Currency) != 3 || strings.Trim(d.Currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		r.fail("The currency (BT-5) is not a code of three capital letters.")
	}
}

// profileMinimum is BT-24 of the profile of Factur-X that has totals alone.
const profileMinimum = "urn:factur-x.eu:1p0:minimum"

// withoutLines are the profiles of Factur-X that have no lines.
var withoutLines = map[string]bool{profileMinimum: true, "urn:factur-x.eu:1p0:basicwl": true}
