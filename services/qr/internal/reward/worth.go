package reward

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
)

// worthOf returns the points of a payment. What is given back of it is goods first and the tip last, as in its bill.
func worthOf(ctx context.Context, tx pgx.Tx, pay *paymentsv1.Payment, e earning, r rules) (int64, error) {
	if e.Weighted == nil {
		cents := pay.GetAmountCents()
		return r.worth(cents, cents, cents-pay.GetAmountRefundedCents()), nil
	}
	bought, err := goodsOf(ctx, tx, pay)
	if err != nil {
		return 0, err
	}
	return r.worth(*e.Weighted, bought.cents, bought.cents-pay.GetAmountRefundedCents()), nil
}

// recount adds points of a payment to its day and to the member, within their limits, and returns what the member has earned or lost by it.
func recount(ctx context.Context, tx pgx.Tx, c *change, r rules, e earning, more int64) (int64, error) {
	days, totals, err := shares(ctx, tx, c.m.ID, e.Day)
	if err != nil {
		return 0, err
	}
	gained := map[int32]int64{e.Version: more}
	if e.Day != nil {
		after := added(days, e.Version, more, limit(r.GetMaxPerDay()))
		queueDay(&c.b, c.m.ID, *e.Day, find(after, e.Version))
		gained = difference(days, after)
	}
	for version, n := range gained {
		totals = added(totals, version, n, limit(r.GetMaxPerMember()))
		queueTotal(&c.b, c.m.ID, find(totals, version))
	}
	before := c.m.Earned
	c.m.Earned = sum(granted(totals))
	return c.m.Earned - before, nil
}

// give enters what a payment has earned, or takes it back. Points that have expired meanwhile are not taken back once more.
func (c *change) give(ctx context.Context, tx pgx.Tx, r rules, e earning, delta int64, pay *paymentsv1.Payment, at time.Time) error {
	line := entry{Kind: earned, Points: delta, Reference: e.Reference, Version: e.Version, At: at}
	switch {
	case delta == 0:
		return nil
	case delta > 0:
		completed := at
		if pay.GetCompletedAt().IsValid() && pay.GetCompletedAt().AsTime().Unix() > 0 {
			completed = pay.GetCompletedAt().AsTime()
		}
		line.ExpiresAt = r.expiry(completed)
		c.post(line)
		return nil
	}
	left, gone, err := expiredOf(ctx, tx, c.m.ID, e.Reference)
	if err != nil {
		return err
	}
	excused := min(max(-delta-left, 0), gone)
	if excused > 0 {
		queueExcuse(&c.b, c.m.ID, e.Reference, excused)
		c.m.Sequence++ // so that the member is written also when no line is
	}
	if line.Kind, line.Points = takenBack, delta+excused; line.Points != 0 {
		c.post(line)
	}
	return nil
}
