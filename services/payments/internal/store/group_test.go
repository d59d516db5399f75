package store

import (
	"context"
	"sync"
	"testing"

	"european-pay.eu/eupay/services/payments/internal/payment"
)

// grouped lets the store share commits until the test ends.
func (b *bench) grouped(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- b.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestPaymentsThatShareCommitsAreAllRecordedAndOpened(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.grouped(t)
	var wg sync.WaitGroup
	for i := range 300 {
		wg.Go(func() {
			d := draft(ref("PAY", i))
			d.MerchantReference = d.Reference
			p, match, err := b.Create(t.Context(), d, Idempotency{}, Meta{})
			if err != nil || match != NoMatch {
				t.Error(match, err)
				return
			}
			fresh, c := toOpen(p)
			fresh.ProviderID = p.Reference
			if _, opened, err := b.Open(t.Context(), fresh, c, Meta{}); err != nil || !opened {
				t.Error(opened, err)
			}
		})
	}
	wg.Wait()
	var payments, histories, events int
	err := b.pool.QueryRow(t.Context(), `select (select count(*) from payments where status = 'pending_sca' and sequence = 2),
		(select count(*) from payment_history), (select count(*) from outbox)`).Scan(&payments, &histories, &events)
	if err != nil || payments != 300 || histories != 600 || events != 600 {
		t.Errorf("%d payments, %d history rows, %d events, %v", payments, histories, events, err)
	}
}

func TestAFailingPaymentInAGroupDoesNotAffectTheOthers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.grouped(t)
	var wg sync.WaitGroup
	var mu sync.Mutex
	winners := map[string]int{}
	for i := range 200 {
		wg.Go(func() {
			d := draft(ref("PAY", i))
			switch i % 4 {
			case 0:
				d.MerchantReference = "THE-SAME"
			case 1:
				d.Amount = 0 // the table refuses it
			}
			p, match, err := b.Create(t.Context(), d, Idempotency{}, Meta{})
			if (err != nil) != (i%4 == 1) {
				t.Errorf("payment %d: %v", i, err)
			}
			if i%4 == 0 && match == NoMatch {
				mu.Lock()
				winners[p.Reference]++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	var recorded int
	if err := b.pool.QueryRow(t.Context(), `select count(*) from payments`).Scan(&recorded); err != nil {
		t.Fatal(err)
	}
	if len(winners) != 1 || recorded != 101 {
		t.Errorf("%d payments under the same reference, %d in all", len(winners), recorded)
	}
}

func TestTheStoreWorksAfterItsGroupsEnded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if p, _, err := b.Create(t.Context(), draft(ref("PAY", 1)), Idempotency{}, Meta{}); err != nil || p.Status != payment.Pending {
		t.Errorf("got %+v, %v", p, err)
	}
}
