package facturx

import (
	"strings"

	"european-pay.eu/eupay/internal/ident"
	"european-pay.eu/eupay/internal/paper/pdf"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// parties are the seller and the buyer side by side.
func (l *layout) parties() {
	const gap = 10 * mm
	const width = (textWidth - gap) / 2
	seller := l.party("Émetteur", l.d.Seller, width)
	buyer := l.party("Client", l.d.Buyer, width)
	l.Line(accent, marginX, l.y, width, pt)
	l.Line(accent, marginX+width+gap, l.y, width, pt)
	top := l.y + 2*mm
	l.y = max(l.draw(seller, marginX, top), l.draw(buyer, marginX+width+gap, top)) + l.gap(7*mm)
}

func (l *layout) party(title string, p invoice.Party, width int) block {
	b := block(nil).heading(l.Canvas, width, 0, title)
	b = b.add(l.Canvas, pdf.Style{Bold: true, Size: 10 * pt, Colour: ink}, width, 1.5*pt, p.Name)
	if p.TradingName != "" && p.TradingName != p.Name {
		b = b.add(l.Canvas, plain, width, 0, "Nom commercial : "+p.TradingName)
	}
	for _, text := range address(p.Address) {
		b = b.add(l.Canvas, plain, width, 0, text)
	}
	above := 3 * pt
	for _, text := range identity(p) {
		b = b.add(l.Canvas, quiet, width, above, text)
		above = 0
	}
	return b
}

func address(a invoice.Address) []string {
	lines := []string{a.Street, a.More, joined(", ", joined(" ", a.PostCode, a.City), country(a.Country))}
	var out []string
	for _, line := range lines {
		if line != "" {
			out = append(out, line)
		}
	}
	return out
}

// identity lists the identifiers and contact details of a party.
func identity(p invoice.Party) (lines []string) {
	add := func(texts ...string) {
		if line := joined("   ", texts...); line != "" {
			lines = append(lines, line)
		}
	}
	add(p.LegalInfo)
	add(named("SIREN", grouped(p.SIREN, 3)), named("SIRET", grouped(p.SIRET, 3, 3, 3, 5)))
	number := p.VATNumber
	if number == "" && ident.IsVATNumber(p.TaxRegistration) {
		number = p.TaxRegistration // of a document out of scope
	}
	add(named("TVA intracommunautaire", vatNumber(number)))
	switch e := p.Electronic; {
	case e.Scheme != invoice.SchemeEmail && e.Value != "":
		add(named("Adresse électronique", e.Scheme+":"+e.Value))
	case e.Value != p.Email:
		add(named("Adresse électronique", e.Value))
	}
	add(named("E-mail", p.Email), named("Tél.", p.Phone))
	return lines
}

// named is a value with its label; empty if there is no value.
func named(name, value string) string {
	if value == "" {
		return ""
	}
	return name + space + ":" + space + value
}

// vatNumber of a French business has its SIREN at the end: FR 32 123 456 789.
func vatNumber(number string) string {
	if strings.HasPrefix(number, "FR") && len(number) == 13 {
		return grouped(number, 2, 2, 3)
	}
	return number
}
