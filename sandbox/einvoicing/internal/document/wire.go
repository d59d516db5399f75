package document

import "european-pay.eu/eupay/sandbox/einvoicing/internal/decimal"

// Wire converts a document that came as a file to the JSON of a draft.
func (d *Document) Wire() *Wire {
	t := d.Totals
	w := &Wire{
		Number: d.Number, Spec: d.Spec, Process: d.Process, Type: d.Type, Issued: d.Issued, Due: d.Due, Currency: d.Currency,
		BuyerReference: d.BuyerReference, Order: d.Order, Terms: d.Terms, Seller: d.Seller.wire(), Buyer: d.Buyer.wire(),
		Totals: &wireTotals{
			LineNet: cents(t.LineNet), Allowances: cents(t.Allowances), Net: cents(t.Net), Tax: cents(t.Tax),
			Gross: cents(t.Gross), Prepaid: cents(t.Prepaid), Due: cents(t.Due),
		},
	}
	for _, x := range d.Notes {
		w.Notes = append(w.Notes, wireNote(x))
	}
	for _, x := range d.Preceding {
		w.Preceding = append(w.Preceding, wirePreceding(x))
	}
	for _, x := range d.Means[:min(1, len(d.Means))] {
		m := wireMeans(x)
		w.Means = &m
	}
	for _, x := range d.Lines {
		l := wireLine{
			ID: x.ID, Name: x.Name, Quantity: scaled(x.Quantity, 4), Unit: x.Unit, Price: scaled(x.Price, 6), Net: cents(x.Net),
			Category: x.Category, Rate: scaled(x.Rate, 2),
		}
		if x.Base != 0 {
			l.Base = scaled(x.Base, 4)
		}
		w.Lines = append(w.Lines, l)
	}
	for _, x := range d.Allowances {
		w.Allowances = append(w.Allowances, wireAllowance{Amount: cents(x.Amount), Reason: x.Reason, Category: x.Category, Rate: scaled(x.Rate, 2)})
	}
	for _, x := range d.VAT {
		w.VAT = append(w.VAT, wireVAT{
			Category: x.Category, Rate: scaled(x.Rate, 2), Base: cents(x.Base), Amount: cents(x.Amount), Reason: x.Reason, ReasonCode: x.ReasonCode,
			DueCode: x.DueCode,
		})
	}
	return w
}

func (p Party) wire() *wireParty {
	w := &wireParty{
		Name: p.Name, SIREN: p.SIREN, SIRET: p.SIRET, VATNumber: p.VATNumber,
		Address: wireAddress{Street: p.Street, City: p.City, PostCode: p.PostCode, Country: p.Country},
	}
	if p.Address != "" {
		w.Electronic = &wireElectronic{Scheme: p.Scheme, Value: p.Address}
	}
	return w
}

func cents(n int64) Number             { return Number(decimal.Cents(n)) }
func scaled(n int64, scale int) Number { return Number(decimal.Format(n, scale, 0)) }
