package invoice

import (
	"cmp"
	"fmt"
	"slices"
)

// The default texts, unless the settings have others. French law requires them on each invoice, in French.
const (
	// DefaultRecovery (PMT): articles L. 441-10 II and D. 441-5 of the commercial code.
	DefaultRecovery = "Indemnité forfaitaire pour frais de recouvrement en cas de retard de paiement, due par tout client professionnel\u00a0: 40\u00a0€ " +
		"(articles L.\u00a0441-10 et D.\u00a0441-5 du code de commerce)."
	// DefaultPenalties (PMD): the default rate of article L. 441-10 II. It may not be less than three times the legal interest
	// rate.
	DefaultPenalties = "En cas de retard de paiement, pénalités dues par tout client professionnel, sans rappel, dès le jour suivant la date d’échéance, " +
		"au taux d’intérêt de la Banque centrale européenne pour son opération de refinancement la plus récente majoré de 10 points de pourcentage, " +
		"sans pouvoir être inférieur à trois fois le taux d’intérêt légal (article L.\u00a0441-10 du code de commerce)."
	// DefaultDiscount (AAB): article L. 441-9 of the commercial code requires a statement that there is none.
	DefaultDiscount = "Pas d’escompte pour paiement anticipé."
)

const (
	onDebits          = "Option pour le paiement de la taxe d’après les débits."
	mediatorIs        = "Médiateur de la consommation, en cas de litige\u00a0: "
	franchiseReason   = "TVA non applicable, art. 293 B du CGI"
	franchiseCode     = "VATEX-FR-FRANCHISE"
	allowanceReason   = "Remise"
	creditTerms       = "Montant à rembourser ou à déduire."
	annulmentTerms    = "Facture annulée\u00a0: rien n’est dû."
	annulmentPaidBack = "Facture annulée\u00a0: le montant payé est à rembourser."
)

// legalNotes returns the mandatory notes of an invoice to that audience; services is true if one of its lines is a service.
func (s Settings) legalNotes(to Audience, services bool) []Note {
	notes := []Note{
		{NoteRecovery, cmp.Or(s.Recovery, DefaultRecovery)},
		{NotePenalties, cmp.Or(s.Penalties, DefaultPenalties)},
		{NoteDiscount, cmp.Or(s.Discount, DefaultDiscount)},
	}
	if s.VATOnDebits && services && s.Regime != RegimeFranchise {
		notes = append(notes, Note{NoteTaxPayments, onDebits})
	}
	if s.ConsumerMediator != "" && to == B2C {
		notes = append(notes, Note{NoteRegulatory, mediatorIs + s.ConsumerMediator})
	}
	if s.LegalForm != "" {
		notes = append(notes, Note{NoteCapital, s.LegalForm})
	}
	return notes
}

// correctionNotes returns the invoice's legal notes and a note about this document.
func correctionNotes(of Document, text, reason string) []Note {
	notes := slices.DeleteFunc(slices.Clone(of.Notes), func(n Note) bool { return n.Subject == NoteGeneral })
	if reason = oneLine(reason); reason != "" {
		text += " Motif : " + reason
	}
	return append(notes, Note{NoteGeneral, text})
}

// French formats the day as in France: 21/11/2026.
func (d Date) French() string { return d.Time().Format("02/01/2006") }

func terms(o Order, due Date) string {
	if o.PaidOn != "" {
		return fmt.Sprintf("Facture payée le %s.", due.French())
	}
	return fmt.Sprintf("À payer au plus tard le %s.", due.French())
}
