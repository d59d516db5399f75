package store

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"european-pay.eu/eupay/services/payments/internal/payment"
)

func TestDuePaymentsAreTakenOnceAndAgainAfterTheirLease(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for i := range 50 {
		if _, _, err := b.Create(t.Context(), draft(ref("PAY", i)), Idempotency{}, Meta{}); err != nil {
			t.Fatal(err)
		}
	}
	b.completed(t, ref("PAY", 99), 1) // final: nobody's business any more
	var wg sync.WaitGroup
	var mu sync.Mutex
	taken := map[string]int{}
	for range 8 {
		wg.Go(func() {
			for {
				list, err := b.ClaimDue(t.Context(), 7, time.Minute)
				if err != nil {
					t.Error(err)
				}
				if len(list) == 0 {
					return
				}
				mu.Lock()
				for _, p := range list {
					taken[p.Reference]++
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(taken) != 50 {
		t.Fatalf("%d payments taken", len(taken))
	}
	for r, n := range taken {
		if n != 1 {
			t.Errorf("%s taken %d times", r, n)
		}
	}
	b.now = b.now.Add(time.Minute)
	if list, err := b.ClaimDue(t.Context(), 100, time.Minute); err != nil || len(list) != 50 {
		t.Errorf("after the lease: %d, %v", len(list), err)
	}
}

func TestAPaymentThatSomebodyChangesIsPassedOverNotWaitedFor(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for i := range 5 {
		if _, _, err := b.Create(t.Context(), draft(ref("PAY", i)), Idempotency{}, Meta{}); err != nil {
			t.Fatal(err)
		}
	}
	tx, err := b.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `select from payments where reference = any($1) for update`, []string{ref("PAY", 1), ref("PAY", 3)}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second) // only ends a wait that should not be
	defer cancel()
	list, err := b.ClaimDue(ctx, 10, time.Minute)
	if err != nil || len(list) != 3 {
		t.Errorf("%d taken, %v", len(list), err)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestAPaymentThatMovedOnIsNotRequested(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p, _, err := b.Create(t.Context(), draft(ref("PAY", 1)), Idempotency{}, Meta{})
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := b.MarkRequested(t.Context(), p.Reference, time.Minute); err != nil || !ok {
		t.Errorf("a pending payment: %v, %v", ok, err)
	}
	b.move(t, p.Reference, payment.Cancelled)
	if ok, err := b.MarkRequested(t.Context(), p.Reference, time.Minute); err != nil || ok {
		t.Errorf("a cancelled payment: %v, %v", ok, err)
	}
}

func TestAnUpdateThatTheStateMachineForbidsIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.completed(t, ref("PAY", 1), 100)
	_, err := b.Update(t.Context(), p.Reference, Meta{}, func(*payment.Payment) (payment.Change, bool, bool) {
		return payment.Change{To: payment.Failed}, true, true
	})
	if err == nil {
		t.Error("completed → failed was written")
	}
}

func TestListIsTheMerchantsOwnNewestFirst(t *testing.T) {
	t.Parallel()
	b := setup(t)
	start := b.now
	for i := range 5 {
		b.now = start.Add(time.Duration(i) * time.Second)
		if i == 2 {
			b.completed(t, ref("PAY", i), 100)
			continue
		}
		if _, _, err := b.Create(t.Context(), draft(ref("PAY", i)), Idempotency{}, Meta{}); err != nil {
			t.Fatal(err)
		}
	}
	foreign := draft(ref("PAY", 90))
	foreign.MerchantID = uuid.NewString()
	live := draft(ref("PAY", 91))
	live.Livemode = true
	for _, d := range []payment.Payment{foreign, live} {
		if _, _, err := b.Create(t.Context(), d, Idempotency{}, Meta{}); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := b.Refund(t.Context(), refundDraft(ref("REF", 1), ref("PAY", 2)), 1, Idempotency{}, Meta{}); err != nil {
		t.Fatal(err)
	}
	list := func(f Filter, limit, offset int) (refs []string, total int64) {
		f.MerchantID = merchant
		got, total, err := b.List(t.Context(), f, limit, offset)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range got {
			refs = append(refs, p.Reference)
		}
		return refs, total
	}
	if refs, total := list(Filter{}, 2, 1); total != 5 || len(refs) != 2 || refs[0] != ref("PAY", 3) || refs[1] != ref("PAY", 2) {
		t.Errorf("second page: %v of %d", refs, total)
	}
	if refs, total := list(Filter{Status: payment.Completed}, 10, 0); total != 1 || refs[0] != ref("PAY", 2) {
		t.Errorf("completed: %v of %d", refs, total)
	}
	if refs, _ := list(Filter{From: start.Add(3 * time.Second)}, 10, 0); len(refs) != 2 {
		t.Errorf("from the fourth on: %v", refs)
	}
}
