package seqino

import (
	"errors"

	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

var (
	errRef = errors.New("our reference is empty or too long")
	errPDF = errors.New("the PDF is empty or too large")
)

// encodeDocument encodes a document as the platform's draft.
func encodeDocument(s platform.Submission) ([]byte, error) {
	if err := checkRef(s.Ref); err != nil {
		return nil, err
	}
	if len(s.PDF) == 0 || len(s.PDF) > maxFile {
		return nil, errPDF
	}
	d := s.Document
	w := wireDocument{
		Ref: s.Ref, Number: d.Number, Specification: specification, Process: d.Process, Type: string(d.Type),
		Issued: string(d.Issued), Due: string(d.Due), Currency: currencyEUR, BuyerReference: buyerReference(d), PurchaseOrder: d.PurchaseOrder,
		Notes: encodeNotes(d), Seller: encodeParty(d.Seller), Buyer: encodeParty(d.Buyer), Terms: d.Payment.Terms,
		Lines: encodeLines(d.Lines), Allowances: encodeAllowances(d.Allowances), VAT: encodeVAT(d), Totals: encodeTotals(d.Totals),
	}
	if d.Preceding != nil {
		w.Preceding = []wirePreceding{{Number: d.Preceding.Number, Issued: string(d.Preceding.Issued)}}
	}
	for _, x := range d.About {
		w.Preceding = append(w.Preceding, wirePreceding{Number: x.Number, Issued: string(x.Issued)})
	}
	for _, x := range d.Deductions {
		w.Preceding = append(w.Preceding, wirePreceding{Number: x.Number, Issued: string(x.Issued)})
	}
	if d.Payment.Means != "" {
		w.Payment = &wirePaymentMeans{Code: d.Payment.Means, IBAN: d.Payment.IBAN, BIC: d.Payment.BIC}
	}
	return encode(w)
}

func checkRef(ref string) error {
	if ref == "" || len(ref) > maxRef {
		return errRef
	}
	return nil
}

// encodeNotes adds the note that states the audience.
func encodeNotes(d invoice.Document) []wireNote {
	var notes []wireNote
	for _, n := range d.Notes {
		notes = append(notes, wireNote{Subject: n.Subject, Text: n.Text})
	}
	if d.Audience != "" {
		notes = append(notes, wireNote{Subject: invoice.NoteAudience, Text: string(d.Audience)})
	}
	return notes
}

func encodeParty(p invoice.Party) wireParty {
	w := wireParty{
		Name: p.Name, SIREN: p.SIREN, SIRET: p.SIRET, VATNumber: p.VATNumber,
		Address: wireAddress{
			Street: join(", ", p.Address.Street, p.Address.More), City: p.Address.City,
			PostCode: p.Address.PostCode, Country: p.Address.Country,
		},
	}
	if p.Electronic.Value != "" {
		w.Electronic = &wireElectronic{Scheme: p.Electronic.Scheme, Value: p.Electronic.Value}
	}
	return w
}

func encodeLines(lines []invoice.Line) []wireLine {
	all := make([]wireLine, 0, len(lines))
	for _, l := range lines {
		w := wireLine{
			ID: l.ID, Name: l.Name, Quantity: number(l.Quantity.String()), Unit: l.Unit, NetPrice: number(l.NetPrice.String()),
			Net: amount(l.Net), Category: string(l.Category), Rate: number(l.VATPerMill.String()),
		}
		if l.PriceBase != 0 {
			w.PriceBase = number(l.PriceBase.String())
		}
		all = append(all, w)
	}
	return all
}

func encodeAllowances(allowances []invoice.Allowance) []wireAllowance {
	var all []wireAllowance
	for _, a := range allowances {
		all = append(all, wireAllowance{
			Net: amount(a.Net), Reason: a.Reason, Category: string(a.Category), Rate: number(a.VATPerMill.String()),
		})
	}
	return all
}

func encodeVAT(d invoice.Document) []wireVAT {
	all := make([]wireVAT, 0, len(d.VAT))
	for _, v := range d.VAT {
		all = append(all, wireVAT{
			Category: string(v.Category), Rate: number(v.VATPerMill.String()), Base: amount(v.Base), Tax: amount(v.Tax),
			Reason: v.Reason, ReasonCode: v.ReasonCode, DueCode: d.DueDateCode(),
		})
	}
	return all
}

func encodeTotals(t invoice.Totals) wireTotals {
	return wireTotals{
		LineNet: amount(t.LineNet), Allowances: amount(t.Allowances), Net: amount(t.Net), Tax: amount(t.Tax),
		Gross: amount(t.Gross), Prepaid: amount(t.Prepaid), Due: amount(t.Due),
	}
}
