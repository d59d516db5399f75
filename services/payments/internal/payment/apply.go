package payment

import (
	"fmt"
	"time"
)

// Apply makes the change c on p at the time now. before is the payment as it was stored: fields of p other than the status, its detail and
// its failure may have been set since. Error: the life of a payment has no such move.
func (p *Payment) Apply(before Payment, c Change, now time.Time) error {
	if before.Status != c.To && !before.Status.CanMoveTo(c.To) {
		return fmt.Errorf("payment %s cannot move from %s to %s", before.Reference, before.Status, c.To)
	}
	p.Status, p.Detail, p.Failure = c.To, c.Detail, c.Failure
	p.Sequence, p.UpdatedAt = before.Sequence+1, now
	if c.ProviderState != "" {
		p.ProviderState = c.ProviderState
	}
	if c.To.Final() {
		p.DueAt, p.CancelRequested, p.SettleBy, p.ApprovalURL = nil, false, nil, ""
	}
	if c.To == Completed {
		p.CompletedAt = &p.UpdatedAt
	}
	return nil
}

// Other is what else a change of a payment reaches, in the same transaction.
type Other int

// The others.
const (
	// NoOther: the change stays with the payment.
	NoOther Other = iota
	// Original: a refund has ended, see SettleRefund.
	Original
	// Gateway: a scan has ended, see SettleScan.
	Gateway
	// GatewayDetail: a scan shows a detail that the merchant must see, or no more, see MirrorScan.
	GatewayDetail
	// Subscription: the subscription of a mandate.
	Subscription
)

// Reaches returns what else is reached by a change that made p of before.
func (p Payment) Reaches(before Payment) Other {
	switch {
	case p.Kind == KindMandate:
		return Subscription
	case p.Kind == KindRefund && p.Status.Final():
		return Original
	case p.Origin == OriginScan && p.Status.Final():
		return Gateway
	case p.Origin == OriginScan && (before.unconfirmed() || p.unconfirmed()):
		return GatewayDetail
	default:
		return NoOther
	}
}
