package facturx

import (
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/paper/pdf"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// sums are the VAT by rate and the totals side by side.
type sums struct {
	vat    [][3]string
	totals []total
	// due is the remaining amount with its label.
	due  total
	paid string
	// above is the space above, line and box the heights of a sum and of the amount due.
	above, line, box int
}

// total is a sum with its name.
type total struct {
	name, amount string
	strong       bool
}

const (
	sumsGap  = 12 * mm
	vatWidth = (textWidth - sumsGap) * 50 / 100
)

func (s sums) height() int {
	left := (len(s.vat) + 1) * s.line
	right := len(s.totals)*s.line + 2*mm + s.box
	if s.paid != "" {
		right += s.line + mm
	}
	return s.above + max(left, right) + 2*mm
}

func (l *layout) sums() sums {
	t := l.d.Totals
	s := sums{above: l.gap(6 * mm), line: l.either(13.5*pt, 12.5*pt), box: l.either(9*mm, 8*mm)}
	for _, v := range l.d.VAT {
		s.vat = append(s.vat, [3]string{vatRate(v), euros(v.Base), euros(v.Tax)})
	}
	if t.Allowances != 0 {
		s.totals = append(s.totals, total{"Total HT avant remise", euros(t.LineNet), false}, total{"Remise HT (" + euros(l.discount()) + " TTC)", euros(-t.Allowances), false})
	}
	s.totals = append(s.totals, total{"Total HT", euros(t.Net), false}, total{"Total TVA", euros(t.Tax), false}, total{"Total TTC", euros(t.Gross), true})
	for _, x := range l.d.Deductions {
		s.totals = append(s.totals, total{"Acompte " + x.Number + " du " + date(x.Issued), euros(-x.Gross()), false})
	}
	if prepaid := t.Prepaid - l.d.Deposited(); prepaid != 0 {
		name := "Déjà réglé"
		if l.credit() {
			name = "Déjà remboursé"
		}
		s.totals = append(s.totals, total{name, euros(-prepaid), false})
	}
	s.due = l.due(t.Due)
	if l.paid() {
		s.paid = "✓" + space + l.settled() + space + date(l.d.Due)
	}
	return s
}

// discount is the sum of the discounts with VAT, as it was agreed.
func (l *layout) discount() (sum money.Cents) {
	for _, a := range l.d.Allowances {
		sum += a.Gross
	}
	return sum
}

// due labels the remaining amount by its direction: a credit note's amount and a negative amount go to the buyer, a negative
// amount of a credit note to the seller.
func (l *layout) due(amount money.Cents) total {
	back := l.credit()
	if amount < 0 {
		back, amount = !back, -amount
	}
	if back {
		return total{"Net à rembourser", euros(amount), true}
	}
	return total{"Net à payer", euros(amount), true}
}

// vatRate distinguishes the three kinds of rates.
func vatRate(v invoice.VAT) string {
	switch v.Category {
	case invoice.Exempt, invoice.Community, invoice.Export:
		return "Exonéré (" + percent(v.VATPerMill) + ")"
	case invoice.Reverse:
		return "Autoliquidation"
	case invoice.OutOfScope:
		return "Non soumis à la TVA"
	case invoice.ZeroRated:
		return percent(v.VATPerMill) + " (taux zéro)"
	}
	return percent(v.VATPerMill)
}

func (l *layout) drawSums(s sums) {
	l.need(s.height())
	top := l.y + s.above
	left, right := l.drawVAT(s, top), l.drawTotals(s, top)
	l.y = max(left, right) + 2*mm
	l.exemptions()
}

// drawVAT draws the table of VAT by rate.
func (l *layout) drawVAT(s sums, y int) int {
	edges := [3]int{marginX, marginX + vatWidth*64/100, marginX + vatWidth}
	base := y + label.Size + pt
	table := l.root.Add(pdf.Table, "")
	row := table.Add(pdf.Row, "")
	l.put(row.Add(pdf.Title, pdf.OfColumn), func() { l.Text(label, edges[0], base, "Taux de TVA") })
	l.put(row.Add(pdf.Title, pdf.OfColumn), func() { l.Right(label, edges[1], base, "Base HT") })
	l.put(row.Add(pdf.Title, pdf.OfColumn), func() { l.Right(label, edges[2], base, "Montant TVA") })
	y += s.line - pt
	l.Line(accent, marginX, y, vatWidth, pt/2)
	for _, v := range s.vat {
		base = y + s.line - 4*pt
		row = table.Add(pdf.Row, "")
		l.put(row.Add(pdf.Cell, ""), func() { l.Text(plain, edges[0], base, v[0]) })
		l.put(row.Add(pdf.Cell, ""), func() { l.Right(plain, edges[1], base, v[1]) })
		l.put(row.Add(pdf.Cell, ""), func() { l.Right(plain, edges[2], base, v[2]) })
		y += s.line
		l.Line(rule, marginX, y, vatWidth, pt/2)
	}
	return y
}

// drawTotals draws the totals, and the amount due on the accent colour.
func (l *layout) drawTotals(s sums, y int) int {
	const left, right = marginX + vatWidth + sumsGap, pageWidth - marginX
	const pad = 3 * mm
	l.Box(tint, left, y, right-left, len(s.totals)*s.line+2*mm)
	y += mm
	table := l.root.Add(pdf.Table, "")
	pair := func(draw, amount func()) {
		row := table.Add(pdf.Row, "")
		l.put(row.Add(pdf.Title, pdf.OfRow), draw)
		l.put(row.Add(pdf.Cell, ""), amount)
	}
	for _, t := range s.totals {
		name, amount := pdf.Style{Size: plain.Size, Colour: grey}, plain
		if t.strong {
			name, amount = strong, strong
		}
		for l.Width(name, t.name)+l.Width(amount, t.amount)+3*pad > right-left { // a deposit's number and day are long
			name.Size -= pt / 4
		}
		pair(func() { l.Text(name, left+pad, y+s.line-4*pt, t.name) }, func() { l.Right(amount, right-pad, y+s.line-4*pt, t.amount) })
		y += s.line
	}
	y += mm
	l.Box(accent, left, y, right-left, s.box)
	big := pdf.Style{Bold: true, Size: 11 * pt, Colour: white}
	for l.Width(big, s.due.name+space+s.due.amount)+2*pad > right-left {
		big.Size -= pt / 2
	}
	base := y + s.box/2 + big.Size*36/100
	pair(func() { l.Text(big, left+pad, base, s.due.name) }, func() { l.Right(big, right-pad, base, s.due.amount) })
	y += s.box
	if s.paid != "" {
		stamp := pdf.Style{Bold: true, Size: 9.5 * pt, Colour: accent}
		l.put(l.root.Add(pdf.Paragraph, ""), func() { l.Right(stamp, right-pad, y+mm+9.5*pt, s.paid) })
		y += s.line + mm
	}
	return y
}

// exemptions are the reasons why there is no VAT (BT-120, BT-121).
func (l *layout) exemptions() {
	var b block
	for _, v := range l.d.VAT {
		code := v.ReasonCode
		if code != "" && v.Reason != "" {
			code = "(" + code + ")"
		}
		if reason := joined(" ", v.Reason, code); reason != "" {
			b = b.add(l.Canvas, quiet, textWidth, pt, named("TVA"+space+percent(v.VATPerMill), reason))
		}
	}
	l.flow(b, marginX, 0)
}
