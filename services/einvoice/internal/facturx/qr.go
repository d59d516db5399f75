package facturx

import (
	"cmp"
	"fmt"
	"strings"

	"european-pay.eu/eupay/internal/ident"
	"european-pay.eu/eupay/internal/paper/epc"
	"european-pay.eu/eupay/internal/paper/qrcode"
	"european-pay.eu/eupay/internal/sepa"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// transfer is the text by which a banking application fills in a SEPA transfer. Name and reference are shortened to what it
// may have; a name without any letter of the SEPA character set stays as it is.
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

// oneLine is a text of a field, which ends with its line.
func oneLine(text string) string { return strings.Join(strings.Fields(shownText(text)), " ") }

// first are the first n characters.
func first(text string, n int) string {
	runes := []rune(text)
	return string(runes[:min(n, len(runes))])
}

// code draws a code with its margin into a square: one path of whole modules, so that no seam shows between them.
func (c *canvas) code(q *qrcode.Code, x, y, side int) {
	p := c.page
	module := side / (q.Size + 2*qrcode.Quiet)
	rest := side - module*q.Size // the same margin on both sides
	p.WriteString("q 0 g ")
	p.number(module)
	p.WriteString("0 0 ")
	p.number(module)
	p.number(x + rest/2)
	p.number(pageHeight - y - side + rest/2)
	p.WriteString("cm\n")
	q.Runs(func(left, top, length int) { fmt.Fprintf(p, "%d %d %d 1 re\n", left, q.Size-1-top, length) })
	p.WriteString("f Q\n")
}

// ascii is a string of bytes (7.3.4.2), for addresses, which are ASCII.
func ascii(text string) string {
	return "(" + strings.NewReplacer(`\`, `\\`, "(", `\(`, ")", `\)`, "\r", "", "\n", "").Replace(text) + ")"
}
