package facturx

import (
	"cmp"
	"strings"

	"european-pay.eu/eupay/internal/ident"
	"european-pay.eu/eupay/internal/paper/epc"
	"european-pay.eu/eupay/internal/sepa"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// transfer is the text that fills in a SEPA transfer in banking apps. Name and reference are shortened to the permitted length; a
// name without any letter of the SEPA character set is unchanged.
func transfer(d invoice.Document) string {
	reference := cmp.Or(d.Payment.Reference, d.Number)
	name, err := sepa.Name(oneLine(d.Seller.Name))
	if err != nil {
		name = first(oneLine(d.Seller.Name), sepa.MaxName)
	}
	return epc.Transfer{
		Name: name, IBAN: ident.Compact(d.Payment.IBAN), BIC: d.Payment.BIC, Amount: d.Totals.Due,
		Remittance: sepa.Shorten(sepa.Text(oneLine(reference)), sepa.MaxLabel),
	}.Text()
}

// oneLine puts the text of a field on one line, because a line break ends the field.
func oneLine(text string) string { return strings.Join(strings.Fields(shownText(text)), " ") }

// first returns the first n characters.
func first(text string, n int) string {
	runes := []rune(text)
	return string(runes[:min(n, len(runes))])
}
