package settlement

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/bankday"
	"european-pay.eu/eupay/internal/due"
	"european-pay.eu/eupay/internal/run/consume"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/store"
)

// Consumer is the name of the durable consumer that learns which payments are expected on an account.
const Consumer = "settlement"

// Subjects are those of the events after which money is expected.
var Subjects = []string{"eupay.evt.*.payment.completed.>", "eupay.evt.*.payment.late_receipt.>", "eupay.evt.*.refund.completed.>"}

const (
	missEvery  = 30 * time.Second
	missLease  = time.Minute
	missAtOnce = 4
)

// Handle expects the payments and refunds of events on the accounts that they go to. An event is only the occasion: the payment is
// read as it is now.
func (s *Settlement) Handle(ctx context.Context, tx pgx.Tx, batch []consume.Event) error {
	references := make([]string, 0, len(batch))
	for _, e := range batch {
		reference, err := referenceOf(e)
		if err != nil {
			return consume.Poison(err)
		}
		references = append(references, reference)
	}
	expected, err := s.expectable(ctx, tx, `p.reference = any ($1)`, references)
	if err != nil {
		return err
	}
	return s.expect(ctx, tx, expected)
}

// Nudge looks for work soon. The consumer calls it after a commit.
func (s *Settlement) Nudge() { s.matches.Nudge() }

// expected is a payment or refund with the account on which it is expected.
type expected struct {
	payment.Payment
	accountID string
}

// word is the merchant's own reference as banks pass it on.
func (e expected) word() string { return wordOf(e.Payment) }

// other is the account number on the other side: who paid, or who gets the refund.
func (e expected) other() string {
	if e.Kind == payment.KindRefund {
		return e.Beneficiary.IBAN
	}
	return e.Payer.IBAN
}

// amount is what came: of a late receipt that what was booked.
func (e expected) amount() int64 {
	if e.Late.Amount > 0 {
		return int64(e.Late.Amount)
	}
	return int64(e.Amount)
}

// on is the day of the execution in Paris.
func (e expected) on() time.Time {
	at := e.UpdatedAt
	switch {
	case e.Late.At != nil:
		at = *e.Late.At
	case e.CompletedAt != nil:
		at = *e.CompletedAt
	}
	return bankday.Of(at.In(paris))
}

// missedAt is when it is missed: at the end of the last bank day on which it may come, in Paris.
func (s *Settlement) missedAt(e expected) time.Time {
	days := s.ClassicDays
	if e.ExecutionType == "instant" {
		days = s.InstantDays
	}
	y, m, d := bankday.Add(e.on(), days).Date()
	return time.Date(y, m, d+1, 0, 0, 0, 0, paris).UTC()
}

func (s *Settlement) newMisses() *due.Loop[item] {
	return due.New(due.Config[item]{
		What: "expected payments", Every: missEvery, AtOnce: missAtOnce, Within: missLease - 5*time.Second, Grace: grace, Log: s.Log,
		Claim: s.dueItems, Do: func(ctx context.Context, i item) {
			if err := s.miss(ctx, i); err != nil {
				s.Log.WarnContext(ctx, "expected payment not examined, retrying", "reference", i.reference, "error", err)
			}
		},
	})
}

// miss announces that a payment was not seen in time. It can only be missed on an account that was read since.
func (s *Settlement) miss(ctx context.Context, i item) error {
	var missed bool
	err := pgx.BeginFunc(ctx, s.Pool, func(tx pgx.Tx) error {
		a, err := lockAccount(ctx, tx, i.accountID)
		if err != nil {
			return err
		}
		state, deadline, err := s.itemNow(ctx, tx, i.reference)
		if err != nil || state != "open" {
			return err
		}
		if a.state != connected || a.readAt == nil || a.readAt.Before(deadline) {
			return s.waitForItem(ctx, tx, i.reference)
		}
		missed = true
		if err := markUnsettled(ctx, tx, i.reference); err != nil {
			return err
		}
		return s.Payments.NoteSeen(ctx, tx, []store.Seen{{Reference: i.reference, Actor: byRule}}, store.Meta{})
	})
	if err != nil {
		return fmt.Errorf("miss payment %s: %w", i.reference, err)
	}
	if missed {
		s.Wake()
	}
	return nil
}
