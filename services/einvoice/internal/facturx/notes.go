package facturx

import (
	"slices"

	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

// subjects are the French names of the subjects of notes.
var subjects = map[string]string{
	invoice.NoteRecovery:    "Frais de recouvrement",
	invoice.NotePenalties:   "Pénalités de retard",
	invoice.NoteDiscount:    "Escompte",
	invoice.NoteCapital:     "Mentions légales",
	invoice.NoteTaxPayments: "TVA",
}

// rest draws what comes after the sums: how the document is paid, the seller's own notes, and the mandatory ones. They stay
// together on one page if they can, so that the mentions never stand alone.
func (l *layout) rest() {
	s := l.settlement()
	own, legal := l.section("Notes", l.ownNotes()), l.section("Mentions", l.legalNotes())
	l.need(s.height + own.height() + legal.height())
	l.payment(s)
	l.flow(own, marginX, legal.height())
	l.flow(legal, marginX, 0)
}

// section is a block with a title; nothing without a text.
func (l *layout) section(title string, b block) block {
	if len(b) == 0 {
		return nil
	}
	return append(block(nil).heading(l.Canvas, textWidth, l.gap(4*mm), title), b...)
}

// ownNotes are the seller's.
func (l *layout) ownNotes() (own block) {
	for _, n := range l.d.Notes {
		if n.Subject == "" || n.Subject == invoice.NoteGeneral {
			own = own.add(l.Canvas, plain, textWidth, pt, n.Text)
		}
	}
	return own
}

// legalNotes are the mandatory ones.
func (l *layout) legalNotes() (legal block) {
	for _, n := range l.d.Notes {
		switch name, known := subjects[n.Subject]; {
		case n.Subject == "" || n.Subject == invoice.NoteGeneral:
		case n.Subject == invoice.NoteCapital && n.Text == l.d.Seller.LegalInfo: // shown beside the seller's name
		case n.Subject == invoice.NoteRegulatory: // says itself what it is about
			legal = legal.add(l.Canvas, small, textWidth, pt/2, n.Text)
		case known:
			legal = legal.add(l.Canvas, small, textWidth, pt/2, named(name, n.Text))
		default:
			legal = legal.add(l.Canvas, small, textWidth, pt/2, named(n.Subject, n.Text))
		}
	}
	if text := l.delivery(); text != "" {
		legal = legal.add(l.Canvas, small, textWidth, pt/2, text)
	}
	return legal.add(l.Canvas, small, textWidth, pt/2, l.framework())
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
	text += " Montants en euros (EUR)"
	if slices.ContainsFunc(l.d.Lines, func(n invoice.Line) bool { return n.PriceBase == 0 && int64(n.NetPrice)%priceOfCent != 0 }) {
		text += ", prix unitaires HT arrondis au centime"
	}
	return text + "."
}
