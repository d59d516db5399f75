package store

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"european-pay.eu/eupay/internal/run/measure"
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

func TestClaimDueSkipsLockedPayments(t *testing.T) {
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

func TestAPaymentThatChangedIsNotRequested(t *testing.T) {
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
	_, err := b.Update(t.Context(), p.Reference, Meta{}, func(*payment.Payment) payment.Step {
		return payment.Changed(payment.Change{To: payment.Failed})
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
		got, counted, err := b.List(t.Context(), f, limit, offset)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range got {
			refs = append(refs, p.Reference)
		}
		return refs, counted.Rows
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

// TestAListIsReadToItsEndWhileNewPaymentsArrive: with pages, what arrived meanwhile moved payments to the next page.
func TestAListIsReadToItsEndWhileNewPaymentsArrive(t *testing.T) {
	t.Parallel()
	b := setup(t)
	add := func(n int, change func(*payment.Payment)) {
		d := draft(ref("PAY", n))
		if change != nil {
			change(&d)
		}
		if _, _, err := b.Create(t.Context(), d, Idempotency{}, Meta{}); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 5 { // all at one instant
		add(n, nil)
	}
	f := Filter{MerchantID: merchant}
	page, _, err := b.List(t.Context(), f, 2, 0)
	if err != nil {
		t.Fatal(err)
	}
	var seen []string
	for more := true; more; {
		for _, p := range page {
			seen = append(seen, p.Reference)
		}
		b.now = b.now.Add(time.Second)
		add(10+len(seen), nil)
		if page, more, err = b.ListAfter(t.Context(), f, seen[len(seen)-1], 2); err != nil {
			t.Fatal(err)
		}
		if !more {
			seen = append(seen, page[0].Reference)
		}
	}
	if want := []string{ref("PAY", 4), ref("PAY", 3), ref("PAY", 2), ref("PAY", 1), ref("PAY", 0)}; !slices.Equal(seen, want) {
		t.Errorf("saw %v", seen)
	}
	if first, more, err := b.ListAfter(t.Context(), f, "", 2); err != nil || !more || first[0].Reference == ref("PAY", 4) {
		t.Errorf("after none: %v, %t, %v", first, more, err)
	}
	for _, foreign := range []string{ref("PAY", 99), "nonsense"} {
		if _, _, err := b.ListAfter(t.Context(), f, foreign, 2); !errors.Is(err, ErrNotFound) {
			t.Errorf("after %q: %v", foreign, err)
		}
	}
	other := Filter{MerchantID: uuid.NewString()}
	if _, _, err := b.ListAfter(t.Context(), other, ref("PAY", 0), 2); !errors.Is(err, ErrNotFound) {
		t.Errorf("another merchant's: %v", err)
	}
}

func TestAListIsFiltered(t *testing.T) {
	t.Parallel()
	b := setup(t)
	start := b.now
	for n, change := range []func(*payment.Payment){
		func(d *payment.Payment) { d.Amount, d.Description = 1000, "Un CAFÉ crème" },
		func(d *payment.Payment) { d.Amount, d.MerchantReference = 2000, "ORDER-1042" },
		func(d *payment.Payment) { d.Amount, d.MerchantReference = 3000, "order-7%_" },
	} {
		b.now = start.Add(time.Duration(n) * time.Minute)
		d := draft(ref("PAY", n))
		change(&d)
		if _, _, err := b.Create(t.Context(), d, Idempotency{}, Meta{}); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		f    Filter
		want []string
	}{
		"before":                  {Filter{To: start.Add(time.Minute)}, []string{ref("PAY", 0)}},
		"ours":                    {Filter{Reference: ref("PAY", 1)}, []string{ref("PAY", 1)}},
		"theirs":                  {Filter{MerchantReference: "ORDER-1042"}, []string{ref("PAY", 1)}},
		"theirs, not in part":     {Filter{MerchantReference: "ORDER"}, nil},
		"at least":                {Filter{MinAmount: 2000}, []string{ref("PAY", 2), ref("PAY", 1)}},
		"at most":                 {Filter{MaxAmount: 1999}, []string{ref("PAY", 0)}},
		"text, whatever the case": {Filter{Search: "café"}, []string{ref("PAY", 0)}},
		"text of the reference":   {Filter{Search: "order"}, []string{ref("PAY", 2), ref("PAY", 1)}},
		"no wildcard":             {Filter{Search: "7%_"}, []string{ref("PAY", 2)}},
		"nor this":                {Filter{Search: "1%2"}, nil},
		"not across two fields":   {Filter{Search: "crèmeorder"}, nil},
		"both":                    {Filter{Search: "order", MaxAmount: 2500}, []string{ref("PAY", 1)}},
	} {
		c.f.MerchantID = merchant
		got, total, err := b.List(t.Context(), c.f, 10, 0)
		var refs []string
		for _, p := range got {
			refs = append(refs, p.Reference)
		}
		if err != nil || !slices.Equal(refs, c.want) || total.Rows != int64(len(c.want)) {
			t.Errorf("%s: %v of %d, %v, want %v", name, refs, total.Rows, err, c.want)
		}
	}
}

func TestOnlyWhatTheProviderKnowsAndIsNotFinalIsAskedAboutAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.now = b.now.Truncate(time.Microsecond)
	for i := range 3 {
		if _, _, err := b.Create(t.Context(), draft(ref("PAY", i)), Idempotency{}, Meta{}); err != nil {
			t.Fatal(err)
		}
	}
	later := b.now.Add(time.Hour)
	b.edit(t, ref("PAY", 1), func(p *payment.Payment) { p.ProviderID, p.DueAt = "at the provider", &later })
	if ok, err := b.MarkRequested(t.Context(), ref("PAY", 2), time.Hour); err != nil || !ok {
		t.Fatal(ok, err)
	}
	final := b.completed(t, ref("PAY", 7), 100)
	due, err := b.MakeDue(t.Context(), []string{ref("PAY", 1), ref("PAY", 2), final.Reference, "PAY-UNKNOWN"})
	if err != nil || !slices.Equal(due, []string{ref("PAY", 1)}) {
		t.Fatalf("due are %q, %v", due, err)
	}
	p, err := b.ByReference(t.Context(), ref("PAY", 1))
	if err != nil || !p.DueAt.Equal(b.now) {
		t.Errorf("it is due at %v, %v", p.DueAt, err)
	}
	if p, err = b.ByReference(t.Context(), ref("PAY", 2)); err != nil || !p.DueAt.Equal(later) {
		t.Errorf("the lease of a request on its way ends at %v, %v", p.DueAt, err)
	}
}

func TestWhatWasDueForTooLongOrHasNoNewsIsStuck(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for i := range 4 {
		if _, _, err := b.Create(t.Context(), draft(ref("PAY", i)), Idempotency{}, Meta{}); err != nil {
			t.Fatal(err)
		}
		if err := b.SetDueAt(t.Context(), ref("PAY", i), b.now.Add(time.Duration(i)*time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.pool.Exec(t.Context(), `update payments set stalled_at = $2 where reference = $1`, ref("PAY", 3), b.now); err != nil {
		t.Fatal(err)
	}
	b.completed(t, ref("PAY", 7), 100)
	list, err := b.Stuck(t.Context(), b.now.Add(2*time.Minute), 10)
	var got []string
	for _, p := range list {
		got = append(got, p.Reference)
	}
	if want := []string{ref("PAY", 0), ref("PAY", 1), ref("PAY", 3)}; err != nil || !slices.Equal(got, want) {
		t.Errorf("stuck are %q, not %q, %v", got, want, err)
	}
}

func TestOpenPaymentsAreCountedByState(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for i := range 3 {
		if _, _, err := b.Create(t.Context(), draft(ref("PAY", i)), Idempotency{}, Meta{}); err != nil {
			t.Fatal(err)
		}
	}
	b.completed(t, ref("PAY", 99), 1)
	b.now = b.now.Add(time.Minute)
	if err := b.Measure(t.Context()); err != nil {
		t.Fatal(err)
	}
	p := draft(ref("PAY", 0))
	mode := measure.Mode(p.Livemode)
	n, age := testutil.ToFloat64(open.WithLabelValues(mode, "payment", "pending")), testutil.ToFloat64(oldest.WithLabelValues(mode, "payment", "pending"))
	if n != 3 || age < 60 || age > 60.01 { // rows are stored to the microsecond
		t.Errorf("%v payments, the oldest for %v s", n, age)
	}
	if n := testutil.CollectAndCount(open); n != 1 {
		t.Errorf("%d states are counted: final payments are never looked at again", n)
	}
	if Forget(); testutil.CollectAndCount(open)+testutil.CollectAndCount(oldest) != 0 {
		t.Error("a replica that does not measure any more still says something")
	}
}
