package payment

import "time"

// Witness sets on p what became known of its money on the merchant's account, and returns the change. at is when it came; nil: it was
// not seen in time, or what was seen before is not its money after all. ok is false if that is known already, or if no money is
// expected of the payment. Merchants get events of payments only: a refund is the merchant's own transfer.
func Witness(p *Payment, at *time.Time, now time.Time) (c Change, ok bool) {
	if !p.expectsMoney() {
		return Change{}, false
	}
	c = Change{To: p.Status, Detail: p.Detail, Failure: p.Failure, Cause: CauseSettlement}
	switch {
	case at != nil && p.SettledAt != nil && p.SettledAt.Equal(*at), at == nil && p.SettledAt == nil && p.UnsettledAt != nil:
		return Change{}, false
	case at != nil:
		p.SettledAt, p.UnsettledAt, c.Event = at, nil, "payment.settled"
	default:
		p.SettledAt, p.UnsettledAt, c.Event = nil, &now, "payment.unsettled"
	}
	if p.Kind == KindRefund {
		c.Event = ""
	}
	return c, true
}

// expectsMoney reports whether money is expected to come to the merchant's account, or to leave it.
func (p Payment) expectsMoney() bool {
	if p.Kind == KindSupplier {
		return false
	}
	return p.Status == Completed || p.Status == Refunded || p.Late.Amount > 0
}
