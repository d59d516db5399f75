package table

import (
	"slices"
	"time"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/reference"
	"european-pay.eu/eupay/internal/vat"
)

// refunding is one refund of an order's payment.
type refunding struct {
	Reference string
	// CancellationID is what it gives back; empty: no cancellation in particular.
	CancellationID string
	// Outside: it was not asked for with the order.
	Outside         bool
	Amount          money.Cents
	Taxes           []vat.Share
	Status, Failure string
	// Replaced: it failed, and another was asked for in its place.
	Replaced  bool
	CreatedAt time.Time
}

// refundings are all refunds of an order's payment, the oldest first.
type refundings []*refunding

func (list refundings) find(reference string) *refunding {
	for _, r := range list {
		if r.Reference == reference {
			return r
		}
	}
	return nil
}

// latest returns the latest refund of a cancellation; nil if there is none.
func (list refundings) latest(cancellationID string) *refunding {
	for _, r := range slices.Backward(list) {
		if r.CancellationID == cancellationID {
			return r
		}
	}
	return nil
}

// underWay is what was asked for and has neither come nor failed.
func (list refundings) underWay() (sum money.Cents) {
	for _, r := range list {
		if r.Status == refundRequested || r.Status == refundPending {
			sum += r.Amount
		}
	}
	return sum
}

// summary is what an order says of its refunds: those together that are least far along. One that failed for good counts until another is asked
// for in its place.
func (list refundings) summary(most money.Cents) (sum refund) {
	for _, status := range []string{refundFailed, refundRequested, refundPending, refundCompleted} {
		n := 0
		for _, r := range list {
			if r.Status != status || r.Outside || r.Replaced {
				continue
			}
			n++
			sum.Status, sum.Reference, sum.Failure = status, r.Reference, r.Failure
			sum.Amount = min(sum.Amount+r.Amount, most)
		}
		if n > 1 {
			sum.Reference, sum.Failure = "", ""
		}
		if n > 0 {
			return sum
		}
	}
	return refund{}
}

// refundable is what can still be given back of the order's payment: neither given back, whoever asked for it, nor under way.
func (o *order) refundable(list refundings) money.Cents {
	if !o.paidHere() {
		return 0
	}
	return max(0, o.paidAmount()-o.Refunded-list.underWay())
}

// unrefunded is the order's total by rate, less what refunds give back of it.
func (o *order) unrefunded(list refundings) []vat.Share {
	left := o.paid()
	for _, r := range list {
		if r.Status != refundFailed {
			left = vat.Minus(left, vat.Within(left, r.Taxes))
		}
	}
	return left
}

// portion returns amount of the payment by rate: at the rates of want as far as they are left, and the rest in proportion to what is left.
func (o *order) portion(list refundings, amount money.Cents, want []vat.Share) []vat.Share {
	left := o.unrefunded(list)
	gross, _ := vat.Total(left)
	amount = min(amount, gross)
	if of, _ := vat.Total(want); of > amount {
		want = vat.Portion(want, amount)
	}
	taxes := vat.Within(left, want)
	have, _ := vat.Total(taxes)
	return vat.Sum(taxes, vat.Portion(vat.Minus(left, taxes), amount-have))
}

// giveBack returns the refund of a cancellation; nil if there is none.
func (o *order) giveBack(c *cancellation, r cancelRequest, list refundings, now time.Time) (*refunding, error) {
	wanted := r.Refund != nil && *r.Refund
	switch {
	case wanted && o.PaidAt != nil && !o.paidHere():
		return nil, errs.New(errs.InvalidState, "This order was paid with its bill. Cancel it without refund, and refund what is overpaid at the bill.")
	case !o.paidHere() || r.Refund != nil && !wanted:
		return nil, nil
	}
	amount, most := c.Amount, o.refundable(list)
	switch {
	case r.All:
		amount = most
	case r.Lines == nil:
		amount = min(amount, most)
	case amount > most:
		return nil, errs.New(errs.RefundExceeds, "Only %s %s of this order's payment is left to give back. Send refund: false to cancel without a refund.", most, Currency)
	}
	if amount == 0 {
		return nil, nil
	}
	if !r.MayRefund {
		return nil, errs.New(errs.Forbidden, "Your role may not issue refunds. Send refund: false, or ask the owner of the account.")
	}
	if err := o.checkLimit(list, amount, r.Limit); err != nil {
		return nil, err
	}
	if r.All {
		list.replaceFailed("")
	}
	return o.newRefund(list, c.ID, amount, c.Taxes, now), nil
}

// checkLimit wants a proof of who it is beyond what may be given back of a payment without one. Earlier refunds count.
func (o *order) checkLimit(list refundings, amount money.Cents, limit *int64) error {
	if limit == nil || o.Refunded+list.underWay()+amount <= money.Cents(*limit) {
		return nil
	}
	return errs.New(errs.StepUpRequired, "Prove once more that it is you, to give back this much.")
}

// newRefund is a refund with a reference of its own, so that asking for it again creates no other.
func (o *order) newRefund(list refundings, cancellationID string, amount money.Cents, want []vat.Share, now time.Time) *refunding {
	return &refunding{
		Reference: reference.Refund(now), CancellationID: cancellationID, Amount: amount, Taxes: o.portion(list, amount, want), Status: refundRequested, CreatedAt: now,
	}
}

// replaceFailed notes that the refunds of a cancellation that failed are asked for again; empty: those of all.
func (list refundings) replaceFailed(cancellationID string) {
	for _, r := range list {
		if r.Status == refundFailed && (cancellationID == "" || r.CancellationID == cancellationID) {
			r.Replaced = true
		}
	}
}
