package received

import (
	"slices"
	"strings"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/ident"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/services/einvoice/internal/reading"
)

const (
	approvedInPart = 206
	disputed       = 207
	suspended      = 208
	refused        = 210
	paymentSent    = 211
	// otherBuyer is the finding of a document that names another company as its buyer.
	otherBuyer = "other_buyer"
	// confirmLength is how many characters of an IBAN a person repeats.
	confirmLength = 4
)

var (
	// invoiceTypes are the types (BT-3) of documents that are paid: those of the French profile (XP Z12-012) that are no credit notes.
	invoiceTypes = strings.Fields(`380 384 386 389 393 471 472 473 500 501`)
	// directDebits are the means of payment (BT-81, UNTDID 4461) by which the seller takes the money itself.
	directDebits = []string{"49", "59"}
)

// trust is what is known of a seller's accounts.
type trust struct {
	// unknown: nothing of the seller was approved or paid before.
	unknown bool
	// approved are the accounts that earlier approved invoices name, paid those of the last one that was paid.
	approved, paid []string
}

// why says why a person must confirm an account; empty if that is not needed.
func (t trust) why(iban string) string {
	switch {
	case t.unknown:
		return "You have not approved or paid an invoice of this supplier before."
	case len(t.paid) > 0 && !slices.Contains(t.paid, iban):
		return "The account differs from the one that you last paid this supplier on."
	case !slices.Contains(t.approved, iban):
		return "No earlier invoice of this supplier that you approved names this account."
	}
	return ""
}

// open returns what is left to pay of an invoice, or INVALID_STATE with what to do instead. paid is what was paid before.
func (r *Record) open(d *reading.Invoice, found []reading.Finding, paid money.Cents) (money.Cents, error) {
	no := func(format string, args ...any) (money.Cents, error) {
		return 0, errs.New(errs.InvalidState, format, args...)
	}
	switch {
	case d == nil:
		return no("The invoice cannot be read. Pay it at your bank, or refuse it.")
	case r.Code == refused:
		return no("The invoice was refused. Ask the supplier for a new one.")
	case r.Code == paymentSent:
		return no("The invoice is paid.")
	case r.Code == approvedInPart:
		return no("The invoice was approved in part. Pay what you approved at your bank, and answer payment_sent.")
	case r.Code == disputed || r.Code == suspended:
		return no("The invoice is %s. Approve it before you pay it.", statuses[r.Code])
	case slices.ContainsFunc(found, func(f reading.Finding) bool { return f.Code == otherBuyer }):
		return no("The invoice names another company as its buyer. Refuse it, or pay it at your bank if it is yours.")
	case !slices.Contains(invoiceTypes, d.Type):
		return no("The document is no invoice that asks for money: its type is %s.", d.Type)
	case d.Currency != "EUR":
		return no("The invoice is in %s. Pay it at your bank: only euros can be paid from here.", d.Currency)
	case slices.Contains(directDebits, d.Payment.Means):
		return no("The supplier collects this invoice by direct debit, so there is nothing to pay.")
	case !ident.IsSIREN(sirenOf(&d.Seller)):
		return no("The invoice names no SIREN of the supplier, which your bank needs. Pay it at your bank.")
	case !slices.ContainsFunc(d.Payment.Accounts, usable):
		return no("The invoice names no IBAN in SEPA. Ask the supplier for its account.")
	case d.Totals.Due-paid <= 0:
		return no("Nothing is left to pay of this invoice.")
	}
	return d.Totals.Due - paid, nil
}

func usable(a reading.Account) bool { return ident.IsIBAN(a.IBAN) }

// sirenOf returns the SIREN of a party, also if only its SIRET is named.
func sirenOf(p *reading.Party) string {
	if p.SIREN == "" && len(p.SIRET) == 14 {
		return p.SIRET[:9]
	}
	return p.SIREN
}

// choose returns the position of the account to pay to. confirm repeats the end of its IBAN, which a person has compared: it is required if
// the account is not trusted, or if the invoice names several. Error: VALIDATION_ERROR for confirm_iban.
func choose(accounts []reading.Account, t trust, confirm string) (int, error) {
	ends := strings.ToUpper(strings.ReplaceAll(confirm, " ", ""))
	fits := -1
	for i, a := range accounts {
		switch {
		case !usable(a), ends != "" && (len(ends) != confirmLength || !strings.HasSuffix(a.IBAN, ends)):
		case fits >= 0 && accounts[fits].IBAN == a.IBAN:
		case fits >= 0:
			return 0, invalid("confirm_iban", "The invoice names several accounts. confirm_iban must be the last four characters of the one to pay to.")
		default:
			fits = i
		}
	}
	switch {
	case fits < 0:
		return 0, invalid("confirm_iban", "confirm_iban must be the last four characters of the IBAN on the invoice. "+
			"If they differ from those of the account that you know, call the supplier on a number that you know.")
	case ends == "":
		if why := t.why(accounts[fits].IBAN); why != "" {
			return 0, invalid("confirm_iban", why+" Compare the IBAN with one that you know, and send its last four characters as confirm_iban.")
		}
	}
	return fits, nil
}
