package subscription

import (
	"context"
	"sync"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/payments/internal/payment"
)

// TestConcurrentWritersLeaveOneState lets a cancellation, the bank's news, the merchant's report, a credit and the daily work meet at one subscription and at the
// one that replaces it. No transaction waits for another for ever, nothing is written twice, and both end in a state that is consistent.
func TestConcurrentWritersLeaveOneState(t *testing.T) {
	r := newRig(t)
	for range 8 {
		old := r.active("nowhere")
		fresh := r.made(func(w *Wish) { w.Replaces, w.Schedule.Start = old.ID, old.Schedule.Start.AddDate(0, 1, 0) })
		mandate, err := r.store.ByReference(t.Context(), fresh.ID)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.bank.Authorise(r.mandate(fresh.ID)); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		at(
			func() { r.engine.Refresh(ctx, mandate, payment.CauseProvider) },
			func() { r.engine.Refresh(ctx, mandate, payment.CauseProvider) },
			func() { r.tend(ctx, old.ID) },
			func() { r.tend(ctx, fresh.ID) },
			func() {
				if _, err := r.Cancel(ctx, shop, old.ID, Cancellation{Actor: "user:1"}); err != nil && !errs.Is(err, errs.InvalidState) {
					t.Error(err)
				}
			},
			func() {
				if _, _, err := r.Decide(ctx, shop, old.ID, Report{Number: 1, Status: Paid}); err != nil && !errs.Is(public(err), errs.NotFoundCode) {
					t.Error(err) // it is not found when the subscription ended before
				}
			},
		)
		cancel()
		r.work()
		r.clock.Advance(10 * time.Minute)
		r.work()
		r.want(fresh.ID, Active, "")
		if s := r.load(old.ID); s.Status != Stopped || s.Detail != DetailCancelled && s.Detail != DetailReplaced {
			t.Errorf("the old one is %s (%s)", s.Status, s.Detail)
		}
		for _, id := range []string{old.ID, fresh.ID} {
			rows, err := history(t.Context(), r.pool, id)
			if err != nil || int64(len(rows)) != r.load(id).Sequence {
				t.Errorf("%d changes of %s, sequence %d: %v", len(rows), id, r.load(id).Sequence, err)
			}
		}
	}
}

// at does all things at once.
func at(all ...func()) {
	var done sync.WaitGroup
	for _, do := range all {
		done.Go(do)
	}
	done.Wait()
}
