package table

import (
	"context"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/vat"
	"european-pay.eu/eupay/services/qr/internal/journal"
)

// noted is what a change of an order means for the journal. It is written at the end of the transaction, because the journal is the last lock.
type noted struct {
	kind              journal.Kind
	reference, method string
	amount, tip       money.Cents
	// taxes are those of the amount; nil for a refund: in proportion to what was paid.
	taxes []vat.Share
}

// note keeps an entry for write.
func (o *order) note(e noted) { o.entries = append(o.entries, e) }

// noteReceived notes that the order owes its total: when it is placed, or when its payment comes if it is paid first. An order that nobody pays in
// time owes nothing.
func (o *order) noteReceived() {
	if o.Status == Received {
		o.note(noted{kind: journal.Ordered})
	}
}

// notePaid notes a payment of the whole order; method is journal.ByEUPay or what the merchant says.
func (o *order) notePaid(reference, method string, tip money.Cents) {
	e := noted{kind: journal.Paid, reference: reference, method: method, amount: o.Totals.Total, tip: tip, taxes: o.taxes()}
	if method != journal.ByEUPay {
		e.amount, e.taxes = o.paidAmount(), o.paid()
	}
	o.note(e)
}

// noteRefund notes money that was given back.
func (o *order) noteRefund(reference, method string, amount money.Cents, taxes []vat.Share) {
	o.note(noted{kind: journal.Refunded, reference: reference, method: method, amount: amount, taxes: taxes})
}

// taxes returns the order's total by rate.
func (o *order) taxes() []vat.Share {
	lists := make([][]vat.Share, len(o.Lines))
	for i := range o.Lines {
		lists[i] = o.Lines[i].taxes()
	}
	return vat.Sum(lists...)
}

// write adds what was noted to the journal, each once: what the journal has already is left out.
func (s *Server) write(ctx context.Context, tx pgx.Tx, o *order) error {
	if len(o.entries) == 0 {
		return nil
	}
	records, err := journal.OfOrder(ctx, tx, journal.Who{MerchantID: o.Merchant, Livemode: o.Livemode}, o.ID)
	if err != nil {
		return err
	}
	for _, e := range o.entries {
		r, needed := o.entry(e, records)
		if !needed {
			continue
		}
		r.At = s.now()
		added, err := journal.Append(ctx, tx, r)
		if err != nil {
			return err
		}
		records = append(records, *added)
	}
	o.entries = nil
	return nil
}

// entry completes an entry with what the journal has of the order; false if there is nothing to add.
func (o *order) entry(e noted, records []journal.Record) (journal.Entry, bool) {
	r := journal.Entry{
		MerchantID: o.Merchant, Livemode: o.Livemode, Kind: e.kind, OrderID: o.ID, Reference: e.reference, Method: e.method, Amount: e.amount, Tip: e.tip,
		Goods: o.Type == takeaway,
	}
	switch e.kind {
	case journal.Cancelled:
		// Lines that were cancelled before are not cancelled again.
		if r.Taxes = journal.Less(journal.Owed(records)); len(r.Taxes) == 0 {
			return r, false
		}
		r.Amount, _ = vat.Total(r.Taxes)
		return r, true
	case journal.Refunded:
		if e.taxes == nil {
			e.taxes = nextOf(o.paid(), journal.Back(records), e.amount)
		}
		r.Of, r.Taxes = o.PaymentReference, journal.Less(e.taxes)
		r.Amount = -e.amount
	case journal.Ordered:
		r.Amount, r.Taxes, r.Detail = o.Totals.Total, o.taxes(), o.detail()
	default:
		r.Taxes = e.taxes
	}
	return r, !journal.Has(records, e.kind, e.reference)
}

// nextOf is the next amount of all, after before, by rate. More than all, which is the refund of a second payment, is taken from the whole again.
func nextOf(all []vat.Share, before, amount money.Cents) []vat.Share {
	whole, _ := vat.Total(all)
	if before+amount > whole {
		before = max(0, whole-amount)
	}
	return vat.Minus(vat.Portion(all, min(whole, before+amount)), vat.Portion(all, before))
}

// soldJSON is the detail of an order in the journal. It names no person.
type soldJSON struct {
	Number   int64          `json:"number"`
	Type     string         `json:"type"`
	Discount money.Cents    `json:"discount,omitempty"`
	Offer    string         `json:"offer,omitempty"`
	Lines    []soldLineJSON `json:"lines"`
}

type soldLineJSON struct {
	Name     string          `json:"name"`
	Quantity int32           `json:"quantity"`
	Total    money.Cents     `json:"total"`
	Taxes    []journal.Share `json:"taxes"`
}

func (o *order) detail() soldJSON {
	d := soldJSON{Number: o.Number, Type: o.Type, Discount: o.Totals.Discount, Offer: o.Totals.Offer, Lines: make([]soldLineJSON, len(o.Lines))}
	for i := range o.Lines {
		l := &o.Lines[i]
		d.Lines[i] = soldLineJSON{Name: l.Name, Quantity: l.Quantity, Total: l.Total, Taxes: journal.Shares(l.taxes())}
	}
	return d
}
