package facturx

import (
	"european-pay.eu/eupay/internal/paper/epc"
	"european-pay.eu/eupay/internal/paper/pdf"
	"european-pay.eu/eupay/internal/paper/qrcode"
)

// qrSide is the side of a code with its margin, readable by a phone at arm's length; tightSide is that of a page that is short of
// space.
const (
	qrSide    = 29 * mm
	tightSide = 26 * mm
)

// boxSide is the space at the sides of the box.
const boxSide = 4 * mm

// picture is a code with its caption.
type picture struct {
	code    *qrcode.Code
	caption string
	url     string
}

// settlement is the box that shows how the document is paid.
type settlement struct {
	title block
	pairs []pair
	codes []picture
	// height of the whole, with its padding pad and the space above it.
	height, pad, above int
	// side is that of a code.
	side int
}

// pair is a name with its value.
type pair struct{ name, value block }

func (p pair) height() int { return max(p.name.height(), p.value.height()) + pt }

// nameWidth is the width of the names.
const nameWidth = 34 * mm

// settlement measures the box, with codes to scan while an amount is due.
func (l *layout) settlement() settlement {
	s := settlement{codes: l.codes(), pad: l.gap(4 * mm), above: l.gap(4 * mm), side: l.either(qrSide, tightSide)}
	title := "Règlement"
	if l.credit() || l.d.Totals.Due < 0 {
		title = "Remboursement"
	}
	width := textWidth - 2*boxSide - len(s.codes)*(s.side+boxSide)
	s.title = block(nil).heading(l.Canvas, width, 0, title)
	height := s.title.height() + mm
	for _, f := range l.paymentFacts() {
		p := pair{
			block(nil).add(l.Canvas, pdf.Style{Size: plain.Size, Colour: grey}, nameWidth, 0, f.name),
			block(nil).add(l.Canvas, plain, width-nameWidth, 0, f.value),
		}
		s.pairs = append(s.pairs, p)
		height += p.height()
	}
	for _, k := range s.codes {
		height = max(height, s.side+block(nil).add(l.Canvas, quiet, s.side, pt, k.caption).height())
	}
	if len(s.pairs) > 0 {
		s.height = s.above + height + 2*s.pad
	}
	return s
}

// payment draws the box.
func (l *layout) payment(s settlement) {
	if s.height == 0 {
		return
	}
	l.need(s.height)
	l.y += s.above
	l.Box(tint, marginX, l.y, textWidth, s.height-s.above)
	y := l.draw(s.title, marginX+boxSide, l.y+s.pad) + mm
	for _, p := range s.pairs {
		l.within, l.paragraph = nil, l.root.Add(pdf.Paragraph, "")
		l.draw(p.name, marginX+boxSide, y)
		l.draw(p.value, marginX+boxSide+nameWidth, y)
		y += p.height()
	}
	l.within = l.root
	x := pageWidth - marginX - len(s.codes)*(s.side+boxSide)
	for _, code := range s.codes {
		l.scan(code, x, l.y+s.pad, s.side)
		x += s.side + boxSide
	}
	l.y += s.height - s.above
}

// paymentFacts are the means of payment and the account. The terms name the day.
func (l *layout) paymentFacts() []fact {
	p := l.d.Payment
	var facts []fact
	add := func(name, value string) {
		if value != "" {
			facts = append(facts, fact{name, value})
		}
	}
	if l.asks() {
		add("Mode de paiement", meansOf(p.Means))
	}
	add("IBAN", grouped(p.IBAN, 4))
	add("BIC", p.BIC)
	reference := "Référence à rappeler"
	if l.paid() || !l.asks() {
		reference = "Référence"
	}
	add(reference, p.Reference)
	if l.owed() && l.look.PayURL != "" {
		add("Payer en ligne", l.look.PayURL)
	}
	add("Conditions", p.Terms)
	return facts
}

// owed reports whether the buyer has to pay an amount.
func (l *layout) owed() bool { return l.d.Totals.Due > 0 && !l.credit() }

// codes are the codes with which the buyer can pay. A text too long for a code is omitted.
func (l *layout) codes() (codes []picture) {
	if !l.owed() {
		return nil
	}
	if l.d.Payment.IBAN != "" {
		if c, err := qrcode.Encode(transfer(l.d), qrcode.M, epc.MaxVersion); err == nil {
			codes = append(codes, picture{c, "Scannez avec votre application bancaire", ""})
		}
	}
	if l.look.PayURL != "" {
		if c, err := qrcode.Encode(l.look.PayURL, qrcode.M, epc.MaxVersion); err == nil {
			codes = append(codes, picture{c, "Scannez pour payer en ligne", l.look.PayURL})
		}
	}
	return codes
}

// scan draws a code with its caption.
func (l *layout) scan(p picture, x, y, side int) {
	l.Box(white, x, y, side, side)
	under := l.root
	if p.url != "" {
		under = l.root.Add(pdf.LinkTo, "")
		l.put(under, func() { l.Link(x, y, side, side, p.url) })
	}
	l.put(under.Add(pdf.Figure, l.Alternative(p.caption, x, y, side, side)), func() { l.Code(p.code, x, y, side) })
	y += side
	caption := l.root.Add(pdf.Paragraph, "")
	for _, text := range l.Wrap(quiet, side, p.caption) { // short words: each line ends with one
		l.put(caption, func() { l.Text(quiet, x+(side-l.Width(quiet, text))/2, y+pt+quiet.Size, text+" ") })
		y += quiet.Leading()
	}
}
