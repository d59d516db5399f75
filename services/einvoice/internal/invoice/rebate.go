package invoice

import (
	"slices"
	"strings"
)

// maxAbout is how many invoices a rebate names at most.
const maxAbout = 50

// Rebate issues a credit note for a period in place of one invoice (262): what a contract gives back for all that was bought, such as a yearly
// bonus. The items are what is given back, with positive prices including VAT; about are invoices of the period that it names, maybe none. The
// contract and the period are mandatory (BR-FR-CO-03), and so is a reason. Buyers abroad get credit notes of their invoices, because each of
// these was reported.
//
// Problems of the order are returned as one errs.Error that names every field as the public API does.
func Rebate(number string, issued Date, s Settings, o Order, about []Preceding, reason string) (Document, error) {
	if err := checkIssue(number, issued, s); err != nil {
		return Document{}, err
	}
	o = o.trimmed()
	var p problems
	x := p.trade(o, s)
	p.items(o.Items, x)
	p.order(o, issued)
	p.rebate(o, x, about, reason)
	if err := p.Err(); err != nil {
		return Document{}, err
	}
	d := Document{
		Number: number, Issued: issued, Due: issued, Type: TypeRebate, Audience: x.audience, BuyerReference: o.BuyerReference,
		References: References{SellerOrder: o.Reference, PurchaseOrder: o.PurchaseOrder, Contract: o.Contract}, About: about,
		Seller: s.seller(), Buyer: x.buyer, Period: o.period(), Payment: Payment{Means: meansOther, Terms: creditTerms}, Lines: x.lines(o.Items),
	}
	d.Process = process(d.Lines, false)
	d.Notes = s.legalNotes(x.audience, slices.ContainsFunc(d.Lines, func(l Line) bool { return l.Nature == Services }))
	d.Notes = append(d.Notes, Note{NoteGeneral, rebateText(o, about, reason)})
	d.price(0, false)
	d.exemptions(x, o.Items)
	return d, nil
}

// rebate validates what only a rebate needs.
func (p *problems) rebate(o Order, x trade, about []Preceding, reason string) {
	p.If(o.Contract == "", "contract_reference", "is required: a credit note for a period names the contract that gives it")
	p.If(o.Served == (Period{}), "service_period", "is required: it is the period for which something is given back")
	p.If(x.audience == B2BInternational, "customer_address.country", "must be FR: credit the invoices of a business abroad one by one")
	p.If(len(about) > maxAbout, "invoices", "must have at most %d entries", maxAbout)
	p.If(oneLine(reason) == "", "reason", "is required")
	p.reason(reason)
}

// rebateText says what the document is: its title alone does not name the invoices.
func rebateText(o Order, about []Preceding, reason string) string {
	text := "Remise globale au titre du contrat " + o.Contract + " pour la période du " + o.Served.From.French() + " au " + o.Served.To.French() + "."
	var named []string
	for _, a := range about {
		named = append(named, a.Number+" du "+a.Issued.French())
	}
	if len(named) > 0 {
		text += " Factures concernées : " + strings.Join(named, ", ") + "."
	}
	return text + " Motif : " + oneLine(reason)
}
