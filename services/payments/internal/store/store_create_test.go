package store

import (
	"errors"
	"sync"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/kit/otlptest"
	"european-pay.eu/eupay/internal/run/trace"
	"european-pay.eu/eupay/services/payments/internal/payment"
)

func TestCreateRecordsPaymentHistoryAndEvent(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, _ := otlptest.Start(t).Tracer(t, "payments")
	ctx, span := trace.Root(ctx, nil, trace.Internal, "command")
	defer span.End(nil)
	p, existing, err := b.Create(ctx, draft(ref("PAY", 1)), Idempotency{}, Meta{RequestID: "req"})
	if err != nil || existing != NoMatch {
		t.Fatalf("existing %v, %v", existing, err)
	}
	got, err := b.Get(t.Context(), merchant, false, p.Reference)
	if err != nil {
		t.Fatal(err)
	}
	if got.Status != payment.Pending || got.Sequence != 1 || got.Amount != 2999 || !got.CreatedAt.Equal(b.now.Truncate(time.Microsecond)) {
		t.Errorf("got %+v", got)
	}
	history, err := b.History(t.Context(), merchant, false, p.Reference)
	if err != nil || len(history) != 1 || history[0].To != "pending" || history[0].TraceID != trace.ID(ctx) || got.Trace != trace.Parent(ctx) {
		t.Errorf("history %+v, %v", history, err)
	}
	if types := b.events(t); len(types) != 1 || types[0] != "payment.created" {
		t.Errorf("events %v", types)
	}
}

func TestTheSameCommandTwiceIsOnePayment(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for range 2 {
		d := draft(ref("PAY", 1))
		d.MerchantReference = "ORDER-1"
		p, existing, err := b.Create(t.Context(), d, Idempotency{Key: "k", Fingerprint: []byte("f")}, Meta{})
		if err != nil || existing != NoMatch || p.Reference != ref("PAY", 1) {
			t.Fatalf("got %s, existing %v, %v", p.Reference, existing, err)
		}
	}
	if n := len(b.events(t)); n != 1 {
		t.Errorf("%d events", n)
	}
}

func TestTheMerchantsReferenceIsHeldForThirtyMinutes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	create := func(n int, live bool, at time.Duration) (payment.Payment, Match) {
		b.now = time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC).Add(at)
		d := draft(ref("PAY", n))
		d.MerchantReference, d.Livemode = "ORDER-1042", live
		p, existing, err := b.Create(t.Context(), d, Idempotency{}, Meta{})
		if err != nil {
			t.Fatal(err)
		}
		return p, existing
	}
	create(1, false, 0)
	if p, existing := create(2, false, 30*time.Minute-time.Microsecond); existing == NoMatch || p.Reference != ref("PAY", 1) {
		t.Errorf("just before the end: %s, %v", p.Reference, existing)
	}
	if p, existing := create(3, true, time.Minute); existing != NoMatch || p.Reference != ref("PAY", 3) {
		t.Errorf("live mode found the test payment: %s, %v", p.Reference, existing)
	}
	if p, existing := create(4, false, 30*time.Minute); existing != NoMatch || p.Reference != ref("PAY", 4) {
		t.Errorf("after the window: %s, %v", p.Reference, existing)
	}
}

func TestAHundredRacingCreatesMakeOnePayment(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var wg sync.WaitGroup
	got := make([]string, 100)
	fresh := make([]bool, 100)
	for i := range 100 {
		wg.Go(func() {
			d := draft(ref("PAY", i+1))
			d.MerchantReference = "ORDER-1042"
			p, existing, err := b.Create(t.Context(), d, Idempotency{}, Meta{})
			if err != nil {
				t.Error(err)
			}
			got[i], fresh[i] = p.Reference, existing == NoMatch
		})
	}
	wg.Wait()
	news := 0
	for i := range got {
		if got[i] != got[0] {
			t.Fatalf("two payments: %s and %s", got[0], got[i])
		}
		if fresh[i] {
			news++
		}
	}
	if news != 1 || len(b.events(t)) != 1 {
		t.Errorf("%d creates were new, %d events", news, len(b.events(t)))
	}
}

func TestIdempotencyKey(t *testing.T) {
	t.Parallel()
	b := setup(t)
	create := func(n int, key, fingerprint, merchantRef string) (payment.Payment, Match, error) {
		d := draft(ref("PAY", n))
		d.MerchantReference = merchantRef
		return b.Create(t.Context(), d, Idempotency{Key: key, Fingerprint: []byte(fingerprint)}, Meta{})
	}
	if _, _, err := create(1, "k", "body", "A"); err != nil {
		t.Fatal(err)
	}
	if p, existing, err := create(2, "k", "body", "A"); err != nil || existing == NoMatch || p.Reference != ref("PAY", 1) {
		t.Errorf("same key, same body: %s, %v, %v", p.Reference, existing, err)
	}
	if _, _, err := create(3, "k", "other", "A"); !errors.Is(err, ErrKeyReused) {
		t.Errorf("same key, other body: %v", err)
	}
	// A new key with a reference that is held stands for the payment that holds it, also later.
	if p, existing, err := create(4, "k2", "body", "A"); err != nil || existing == NoMatch || p.Reference != ref("PAY", 1) {
		t.Errorf("new key, held reference: %s, %v, %v", p.Reference, existing, err)
	}
	b.now = b.now.Add(time.Hour)
	if p, existing, err := create(5, "k2", "body", "A"); err != nil || existing == NoMatch || p.Reference != ref("PAY", 1) {
		t.Errorf("the key after the reference ran out: %s, %v, %v", p.Reference, existing, err)
	}
	b.now = b.now.Add(24 * time.Hour)
	if err := b.PurgeClaims(t.Context()); err != nil {
		t.Fatal(err)
	}
	if p, existing, err := create(6, "k", "other", ""); err != nil || existing != NoMatch || p.Reference != ref("PAY", 6) {
		t.Errorf("the key after a day: %s, %v, %v", p.Reference, existing, err)
	}
}
