package facturx

import (
	"strings"

	"european-pay.eu/eupay/internal/paper/epc"
	"european-pay.eu/eupay/internal/paper/pdf"
	"european-pay.eu/eupay/internal/paper/qrcode"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// qrSide is the side of a code with its margin, readable by a phone at arm's length.
const qrSide = 29 * mm

// picture is a code with its caption.
type picture struct {
	code    *qrcode.Code
	caption string
	url     string
}

// payment shows how the document is paid, with codes to scan while an amount is due.
func (l *layout) payment() {
	const pad = 4 * mm
	codes := l.codes()
	width := textWidth - 2*pad - len(codes)*(qrSide+pad)
	title := "Règlement"
	if l.credit() {
		title = "Remboursement"
	}
	b := block(nil).add(l.Canvas, label, width, 0, strings.ToUpper(title))
	const name = 34 * mm
	facts := l.paymentFacts()
	type pair struct{ name, value block }
	pairs := make([]pair, len(facts))
	height := b.height() + mm
	for i, f := range facts {
		pairs[i] = pair{block(nil).add(l.Canvas, pdf.Style{Size: plain.Size, Colour: grey}, name, 0, f.name), block(nil).add(l.Canvas, plain, width-name, 0, f.value)}
		height += max(pairs[i].name.height(), pairs[i].value.height()) + pt
	}
	caption := 0
	for _, k := range codes {
		caption = max(caption, block(nil).add(l.Canvas, quiet, qrSide, pt, k.caption).height())
	}
	if len(codes) > 0 {
		height = max(height, qrSide+caption)
	}
	l.y += 4 * mm
	l.need(height + 2*pad)
	l.Box(tint, marginX, l.y, textWidth, height+2*pad)
	y := l.draw(b, marginX+pad, l.y+pad) + mm
	for _, p := range pairs {
		y = max(l.draw(p.name, marginX+pad, y), l.draw(p.value, marginX+pad+name, y)) + pt
	}
	x := pageWidth - marginX - pad - qrSide
	for i := len(codes) - 1; i >= 0; i-- {
		l.scan(codes[i], x, l.y+pad)
		x -= qrSide + pad
	}
	l.y += height + 2*pad
}

// paymentFacts are the means of payment and the account.
func (l *layout) paymentFacts() []fact {
	p := l.d.Payment
	var facts []fact
	add := func(name, value string) {
		if value != "" {
			facts = append(facts, fact{name, value})
		}
	}
	add("Mode de paiement", meansOf(p.Means))
	if l.paid() {
		add(l.settled(), date(l.d.Due))
	} else {
		add("Échéance", date(l.d.Due))
	}
	add("IBAN", grouped(p.IBAN, 4))
	add("BIC", p.BIC)
	reference := "Référence à rappeler"
	if l.paid() || l.credit() {
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
func (l *layout) scan(p picture, x, y int) {
	l.Box(white, x, y, qrSide, qrSide)
	l.Code(p.code, x, y, qrSide)
	if p.url != "" {
		l.Link(x, y, qrSide, qrSide, p.url)
	}
	y += qrSide
	for _, text := range l.Wrap(quiet, qrSide, p.caption) {
		l.Text(quiet, x+(qrSide-l.Width(quiet, text))/2, y+pt+quiet.Size, text)
		y += quiet.Leading()
	}
}

// subjects are the French names of the subjects of notes.
var subjects = map[string]string{
	invoice.NoteRecovery:    "Frais de recouvrement",
	invoice.NotePenalties:   "Pénalités de retard",
	invoice.NoteDiscount:    "Escompte",
	invoice.NoteCapital:     "Mentions légales",
	invoice.NoteTaxPayments: "TVA",
}

// notes are the seller's own notes followed by the mandatory ones.
func (l *layout) notes() {
	var own, legal block
	for _, n := range l.d.Notes {
		switch name, known := subjects[n.Subject]; {
		case n.Subject == invoice.NoteCapital && n.Text == l.d.Seller.LegalInfo: // shown beside the seller's name
		case n.Subject == "" || n.Subject == invoice.NoteGeneral:
			own = own.add(l.Canvas, plain, textWidth, pt, n.Text)
		case known:
			legal = legal.add(l.Canvas, small, textWidth, pt/2, named(name, n.Text))
		default:
			legal = legal.add(l.Canvas, small, textWidth, pt/2, named(n.Subject, n.Text))
		}
	}
	if text := l.delivery(); text != "" {
		legal = legal.add(l.Canvas, small, textWidth, pt/2, text)
	}
	legal = legal.add(l.Canvas, small, textWidth, pt/2, l.framework())
	l.section("Notes", own)
	l.section("Mentions", legal)
}

func (l *layout) section(title string, b block) {
	if len(b) == 0 {
		return
	}
	l.y += 4 * mm
	l.flow(append(block(nil).add(l.Canvas, label, textWidth, 0, strings.ToUpper(title)), b...), marginX)
}

// framework shows BT-23 and the note BAR, in words and as a code.
func (l *layout) framework() string {
	text := "Cadre de facturation" + space + ": " + l.d.Process
	if l.paid() {
		text += " (déjà payée)"
	}
	switch l.d.Audience {
	case invoice.B2B:
		text += ". Opération entre professionnels (B2B)."
	case invoice.B2BInternational:
		text += ". Opération avec un professionnel à l’étranger (B2BINT)."
	case invoice.B2C:
		text += ". Opération avec un particulier ou assimilé (B2C)."
	default:
		text += ". " + string(l.d.Audience)
	}
	return text + " Montants en euros (EUR)."
}
