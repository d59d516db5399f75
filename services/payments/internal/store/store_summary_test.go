package store

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/services/payments/internal/payment"
)

func TestASummaryCountsAPeriod(t *testing.T) {
	t.Parallel()
	b := setup(t)
	day := func(n int) time.Time { return time.Date(2026, 6, n, 0, 0, 0, 0, time.UTC) }
	at := func(n int, hour int) { b.now = day(n).Add(time.Duration(hour) * time.Hour) }
	make := func(n int, amount int, takes time.Duration, to payment.Status) {
		d := draft(ref("PAY", n))
		d.Amount = money.Cents(100 * amount)
		if _, _, err := b.Create(t.Context(), d, Idempotency{}, Meta{}); err != nil {
			t.Fatal(err)
		}
		b.now = b.now.Add(takes)
		if to != payment.Pending {
			b.move(t, d.Reference, to)
		}
	}
	at(14, 23) // before the period
	make(1, 1, time.Minute, payment.Completed)
	at(15, 0) // its first moment
	make(2, 2, time.Minute, payment.Completed)
	at(15, 12)
	make(3, 4, 3*time.Minute, payment.Completed)
	at(16, 12)
	make(4, 8, time.Minute, payment.Failed)
	at(17, 12)
	make(5, 16, 0, payment.Pending)
	make(6, 32, 10*time.Minute, payment.Completed)
	if _, _, err := b.Refund(t.Context(), refundDraft(ref("REF", 1), ref("PAY", 6)), 3200, Idempotency{}, Meta{}); err != nil {
		t.Fatal(err)
	}
	b.move(t, ref("REF", 1), payment.Completed)
	at(18, 0) // after it
	make(7, 64, time.Minute, payment.Completed)

	period := Period{MerchantID: merchant, From: day(15), To: day(18), Parts: []time.Time{day(15), day(16), day(17)}}
	got, err := b.Summarize(t.Context(), period)
	if err != nil {
		t.Fatal(err)
	}
	if want := []StatusTotal{{payment.Completed, 2, 600}, {payment.Failed, 1, 800}, {payment.Pending, 1, 1600}, {payment.Refunded, 1, 3200}}; !slices.Equal(got.Statuses, want) {
		t.Errorf("statuses %v, want %v", got.Statuses, want)
	}
	if want := []PartTotal{{2, 2, 600}, {1, 0, 0}, {2, 1, 3200}}; !slices.Equal(got.Parts, want) {
		t.Errorf("parts %v, want %v", got.Parts, want)
	}
	if got.Refunded != 3200 || got.Median != 3*time.Minute || got.P95 != 10*time.Minute {
		t.Errorf("refunded %d, median %s, p95 %s", got.Refunded, got.Median, got.P95)
	}
	for name, p := range map[string]Period{
		"another merchant": {MerchantID: uuid.NewString(), From: day(15), Parts: []time.Time{day(15)}},
		"the other mode":   {MerchantID: merchant, Livemode: true, From: day(15), Parts: []time.Time{day(15)}},
		"later":            {MerchantID: merchant, From: day(20), Parts: []time.Time{day(20)}},
	} {
		if got, err := b.Summarize(t.Context(), p); err != nil || len(got.Statuses) != 0 || got.Parts[0] != (PartTotal{}) || got.Median != 0 || got.P95 != 0 {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if got, err := b.Summarize(t.Context(), Period{MerchantID: merchant, From: day(15), Parts: []time.Time{day(15)}}); err != nil || got.Parts[0].Created != 6 {
		t.Errorf("until now: %+v, %v", got, err)
	}
}

// fill makes n payments of the merchant within 30 days, as a busy shop has them.
func (b *bench) fill(t testing.TB, n int) {
	t.Helper()
	if _, err := b.pool.Exec(t.Context(), `insert into payments (reference, kind, merchant_id, livemode, amount_cents, currency, status, sequence, description,
		execution_type, merchant_name, wait_for_settlement, beneficiary_name, beneficiary_iban, beneficiary_kind, expires_at, created_at, updated_at, completed_at)
		select 'PAY-X-' || n, 'payment', $1::uuid, false, 100 + n % 5000, 'EUR', case when n % 10 = 0 then 'failed' else 'completed' end, 3, 'Order ' || n,
		'instant', 'Shop', false, 'Shop', 'FR1420041010050500013M02606', 'corporate', $2::timestamptz, $2::timestamptz - n * interval '30 days' / $3, $2,
		case when n % 10 = 0 then null else $2::timestamptz - n * interval '30 days' / $3 + (20 + n % 97) * interval '1 second' end
		from generate_series(1, $3::int) n`, merchant, b.now, n); err != nil {
		t.Fatal(err)
	}
	if _, err := b.pool.Exec(t.Context(), `vacuum analyze payments`); err != nil {
		t.Fatal(err)
	}
}

func BenchmarkSummary(bm *testing.B) {
	for _, n := range []int{100_000, 1_000_000} {
		b := setup(bm)
		b.fill(bm, n)
		p := Period{MerchantID: merchant, From: b.now.AddDate(0, 0, -30)}
		for i := range 30 {
			p.Parts = append(p.Parts, p.From.AddDate(0, 0, i))
		}
		bm.Run(fmt.Sprint(n), func(bm *testing.B) {
			for bm.Loop() {
				if _, err := b.Summarize(bm.Context(), p); err != nil {
					bm.Fatal(err)
				}
			}
		})
	}
}
