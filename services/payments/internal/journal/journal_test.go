package journal

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/kit/pgtest"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/payments/migrations"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	merchant = "0197a1c0-0000-7000-8000-000000000001"
	other    = "0197a1c0-0000-7000-8000-000000000002"
)

var june = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)

func day(n int) time.Time { return june.AddDate(0, 0, n-1) }

// row is a payment or a refund in the table.
type row struct {
	reference, kind, original, merchant, origin, status string
	livemode                                            bool
	cents, late                                         int64
	created                                             time.Time
	completed, lateAt, settled                          *time.Time
}

func insert(t testing.TB, pool *pgxpool.Pool, r row) {
	t.Helper()
	if r.merchant == "" {
		r.merchant = merchant
	}
	if r.origin == "" {
		r.origin = "api"
	}
	var original *string
	if r.original != "" {
		original = &r.original
	}
	var late *int64
	if r.lateAt != nil {
		late = &r.late
	}
	var scanned *string
	if r.origin == "scan" {
		scanned = &r.original
		original = nil
	}
	_, err := pool.Exec(t.Context(), `insert into payments (reference, kind, original_reference, merchant_id, livemode, amount_cents, currency, status, sequence,
		description, metadata, execution_type, merchant_name, wait_for_settlement, beneficiary_name, beneficiary_iban, beneficiary_kind, expires_at, created_at, updated_at,
		completed_at, origin, late_cents, late_at, late_booked_at, settled_at, gateway_reference, customer_id)
		values ($1, $2, $3, $4, $5, $6, 'EUR', $7, 3, 'Order', '{"a":1}', 'instant', 'Shop', false, 'Shop', 'FR1420041010050500013M02606', 'corporate', $8, $8, $8, $9, $10,
		$11, $12, $12, $13, $14, coalesce($14, ''))`,
		r.reference, r.kind, original, r.merchant, r.livemode, r.cents, r.status, r.created, r.completed, r.origin, late, r.lateAt, r.settled, scanned)
	if err != nil {
		t.Fatalf("%s: %v", r.reference, err)
	}
}

func at(t time.Time) *time.Time { return &t }

// read reads a journal of June in parts of two, as reference=cents.
func read(t *testing.T, s *Server, basis paymentsv1.JournalBasis, of string, livemode bool) (all []*paymentsv1.JournalRow) {
	t.Helper()
	req := &paymentsv1.ListJournalRequest{
		MerchantId: of, Livemode: livemode, Basis: basis, From: timestamppb.New(day(1)), To: timestamppb.New(day(31)), Limit: 2,
	}
	for {
		res, err := s.ListJournal(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		if len(res.GetRows()) == 0 {
			return all
		}
		all = append(all, res.GetRows()...)
		last := all[len(all)-1]
		req.AfterAt, req.AfterReference = last.GetAt(), last.GetPosition()
	}
}

func words(all []*paymentsv1.JournalRow) string {
	var b strings.Builder
	for _, r := range all {
		fmt.Fprintf(&b, "%s=%d@%d ", r.GetReference(), r.GetAmountCents(), r.GetAt().AsTime().Day())
	}
	return strings.TrimSpace(b.String())
}

func TestAJournalIsInTheOrderOfItsTime(t *testing.T) {
	t.Parallel()
	pool, _ := pgtest.New(t, "payments", migrations.FS)
	s := NewServer(pool)
	for _, r := range []row{
		{reference: "PAY-1", kind: "payment", status: "refunded", cents: 1000, created: day(5), completed: at(day(9)), settled: at(day(12))},
		{reference: "PAY-2", kind: "payment", status: "completed", cents: 2000, created: day(4), completed: at(day(6))},
		{reference: "PAY-3", kind: "payment", status: "completed", cents: 3000, created: day(4), completed: at(day(6)), settled: at(day(30))},
		{reference: "PAY-4", kind: "payment", status: "failed", cents: 4000, created: day(3), late: 3900, lateAt: at(day(8))},
		{reference: "PAY-5", kind: "payment", status: "cancelled", cents: 5000, created: day(30)},
		{reference: "PAY-6", kind: "payment", status: "completed", cents: 6000, created: day(1).Add(-time.Second), completed: at(day(1))}, // made in May
		{reference: "PAY-7", kind: "payment", status: "completed", cents: 7000, created: day(30), completed: at(day(31))},                 // completed in July
		{reference: "PAY-8", kind: "payment", status: "completed", cents: 8000, created: day(7), completed: at(day(7)), origin: "scan", original: "PAY-2"},
		{reference: "PAY-9", kind: "payment", status: "completed", cents: 9000, created: day(7), completed: at(day(7)), merchant: other},
		{reference: "PAY-A", kind: "payment", status: "completed", cents: 9900, created: day(7), completed: at(day(7)), livemode: true},
		{reference: "REF-1", kind: "refund", original: "PAY-1", status: "completed", cents: 100, created: day(10), completed: at(day(15))},
		{reference: "REF-2", kind: "refund", original: "PAY-1", status: "completed", cents: 200, created: day(10), completed: at(day(14))},
		{reference: "REF-3", kind: "refund", original: "PAY-1", status: "failed", cents: 300, created: day(11)},
		{reference: "REF-4", kind: "refund", original: "PAY-4", status: "completed", cents: 400, created: day(9), completed: at(day(9))},
	} {
		insert(t, pool, r)
	}
	for basis, want := range map[paymentsv1.JournalBasis]string{
		paymentsv1.JournalBasis_JOURNAL_BASIS_PAYMENTS_CREATED: "PAY-4=4000@3 PAY-2=2000@4 PAY-3=3000@4 PAY-1=1000@5 PAY-5=5000@30 PAY-7=7000@30",
		paymentsv1.JournalBasis_JOURNAL_BASIS_REFUNDS_CREATED:  "REF-4=400@9 REF-1=100@10 REF-2=200@10 REF-3=300@11",
		paymentsv1.JournalBasis_JOURNAL_BASIS_MOVED:            "PAY-6=6000@1 PAY-2=2000@6 PAY-3=3000@6 PAY-4=3900@8 PAY-1=1000@9 REF-4=400@9 REF-2=200@14 REF-1=100@15",
		paymentsv1.JournalBasis_JOURNAL_BASIS_SETTLED:          "PAY-1=1000@12 PAY-3=3000@30",
	} {
		if got := words(read(t, s, basis, merchant, false)); got != want {
			t.Errorf("%s: got %s, want %s", basis, got, want)
		}
	}
	moved := read(t, s, paymentsv1.JournalBasis_JOURNAL_BASIS_MOVED, merchant, false)
	if r := moved[3]; !r.GetLate() || len(r.GetMetadataJson()) != 0 {
		t.Errorf("a late receipt: %+v", r)
	}
	if r := moved[7]; r.GetOriginalReference() != "PAY-1" || r.GetOriginalAmountCents() != 1000 || r.GetRefundedBeforeCents() != 200 {
		t.Errorf("the second refund: %+v", r)
	}
	if r := moved[5]; r.GetOriginalAmountCents() != 3900 || r.GetRefundedBeforeCents() != 0 {
		t.Errorf("the refund of a late receipt: %+v", r)
	}
	if got := read(t, s, paymentsv1.JournalBasis_JOURNAL_BASIS_PAYMENTS_CREATED, merchant, true); words(got) != "PAY-A=9900@7" || string(got[0].GetMetadataJson()) != `{"a":1}` {
		t.Errorf("the other mode: %s", words(got))
	}
	if got := words(read(t, s, paymentsv1.JournalBasis_JOURNAL_BASIS_MOVED, other, false)); got != "PAY-9=9000@7" {
		t.Errorf("another merchant: %s", got)
	}
}

func TestAJournalIsAskedForProperly(t *testing.T) {
	t.Parallel()
	s := NewServer(nil)
	for name, r := range map[string]*paymentsv1.ListJournalRequest{
		"no basis": {MerchantId: merchant, From: timestamppb.Now(), To: timestamppb.Now()}, "no merchant": {Basis: 1, From: timestamppb.Now(), To: timestamppb.Now()},
		"no period": {MerchantId: merchant, Basis: 1},
	} {
		if _, err := s.ListJournal(t.Context(), r); !errs.Is(err, errs.ValidationError) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// fill makes n payments of a merchant within 30 days, a tenth of them refunded, and as many of others.
func fill(t testing.TB, pool *pgxpool.Pool, n int) {
	t.Helper()
	const sql = `insert into payments (reference, kind, original_reference, merchant_id, livemode, amount_cents, currency, status, sequence, description, metadata,
		execution_type, merchant_name, wait_for_settlement, beneficiary_name, beneficiary_iban, beneficiary_kind, expires_at, created_at, updated_at, completed_at, settled_at)
		select %s || n, %s, %s, $1::uuid, false, 100 + n %% 5000, 'EUR', 'completed', 3, 'Order ' || n, '{"table":"7"}', 'instant', 'Shop', false, 'Shop',
		'FR1420041010050500013M02606', 'corporate', $2, $2::timestamptz + n * interval '30 days' / $3, $2, $2::timestamptz + n * interval '30 days' / $3, $2::timestamptz + n * interval '30 days' / $3
		from generate_series(1, $3::int) n where n %% %d = 0`
	for of, prefix := range map[string]string{merchant: "PAY-M-", other: "PAY-O-"} {
		if _, err := pool.Exec(t.Context(), fmt.Sprintf(sql, "'"+prefix+"'", "'payment'", "null", 1), of, june, n); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := pool.Exec(t.Context(), fmt.Sprintf(sql, "'REF-M-'", "'refund'", "'PAY-M-' || n", 10), merchant, june, n); err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Exec(t.Context(), `vacuum analyze payments, payment_settlements`); err != nil {
		t.Fatal(err)
	}
}

// repeat makes n standing orders of each merchant, which were executed ten times within 30 days.
func repeat(t testing.TB, pool *pgxpool.Pool, n int) {
	t.Helper()
	for of, prefix := range map[string]string{merchant: "SUB-M-", other: "SUB-O-"} {
		_, err := pool.Exec(t.Context(), `insert into subscriptions (id, merchant_id, livemode, amount_cents, currency, frequency, start_date, collect, description, merchant_name,
			status, sequence, due_at, created_at, updated_at, activated_at)
			select $1 || n, $2::uuid, false, 100, 'EUR', 'daily', '2026-06-01', 'bank', 'Gym', 'Shop', 'active', 1, $3::timestamptz, $3, $3, $3 from generate_series(1, $4::int) n`,
			prefix, of, june, n)
		if err != nil {
			t.Fatal(err)
		}
		_, err = pool.Exec(t.Context(), `insert into subscription_history (subscription_id, sequence, occurrence, from_status, to_status, status_detail, cause, occurred_at)
			select $1 || n, k, k, 'expected', 'paid', 'settlement', 'settlement', $2::timestamptz + (10 * n + k) * interval '3 days' / $3
			from generate_series(1, $3::int) n, generate_series(1, 10) k`, prefix, june, n)
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := pool.Exec(t.Context(), `vacuum analyze subscriptions, subscription_receipts`); err != nil {
		t.Fatal(err)
	}
}

// TestAPartOfAJournalIsReadByItsIndex wherever it is in the journal.
func TestAPartOfAJournalIsReadByItsIndex(t *testing.T) {
	t.Parallel()
	pool, _ := pgtest.New(t, "payments", migrations.FS)
	fill(t, pool, 20_000)
	repeat(t, pool, 500)
	for basis, index := range map[paymentsv1.JournalBasis]string{
		paymentsv1.JournalBasis_JOURNAL_BASIS_PAYMENTS_CREATED: "payments_list", paymentsv1.JournalBasis_JOURNAL_BASIS_REFUNDS_CREATED: "payments_refund_list",
		paymentsv1.JournalBasis_JOURNAL_BASIS_MOVED: "payments_moved", paymentsv1.JournalBasis_JOURNAL_BASIS_SETTLED: "payment_settlements_pkey",
		paymentsv1.JournalBasis_JOURNAL_BASIS_OCCURRENCES: "subscription_receipts_list",
	} {
		rows, err := pool.Query(t.Context(), "explain "+bases[basis].sql, uuid.MustParse(merchant), false, day(1), day(31), day(15), "PAY-M-10000", 100)
		if err != nil {
			t.Fatal(err)
		}
		var plan strings.Builder
		for rows.Next() {
			var line string
			if err := rows.Scan(&line); err != nil {
				t.Fatal(err)
			}
			plan.WriteString(line + "\n")
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		if text := plan.String(); !strings.Contains(text, index) || strings.Contains(text, "Seq Scan") || strings.Contains(text, "Sort") {
			t.Errorf("%s:\n%s", basis, text)
		}
	}
}

// TestTheListOfSettledPaymentsFollowsThem when only the payment is changed, as the version before does.
func TestTheListOfSettledPaymentsFollowsThem(t *testing.T) {
	t.Parallel()
	pool, _ := pgtest.New(t, "payments", migrations.FS)
	s := NewServer(pool)
	insert(t, pool, row{reference: "PAY-1", kind: "payment", status: "completed", cents: 1000, created: day(5), completed: at(day(9))})
	for _, step := range []struct {
		settled *time.Time
		want    string
	}{{nil, ""}, {at(day(12)), "PAY-1=1000@12"}, {at(day(13)), "PAY-1=1000@13"}, {nil, ""}} {
		if _, err := pool.Exec(t.Context(), `update payments set settled_at = $1, updated_at = $2`, step.settled, day(20)); err != nil {
			t.Fatal(err)
		}
		if got := words(read(t, s, paymentsv1.JournalBasis_JOURNAL_BASIS_SETTLED, merchant, false)); got != step.want {
			t.Errorf("settled at %v: %s, want %s", step.settled, got, step.want)
		}
		var listed int
		if err := pool.QueryRow(t.Context(), `select count(*) from payment_settlements`).Scan(&listed); err != nil {
			t.Fatal(err)
		}
		if want := strings.Count(step.want, "="); listed != want {
			t.Errorf("settled at %v: listed %d times, want %d", step.settled, listed, want)
		}
	}
}

// TestNoIndexOfPaymentsKnowsThatOneIsSettled, so that settling one writes to none of them: with an index on settled_at, it wrote to all of them.
func TestNoIndexOfPaymentsKnowsThatOneIsSettled(t *testing.T) {
	t.Parallel()
	pool, _ := pgtest.New(t, "payments", migrations.FS)
	rows, err := pool.Query(t.Context(), `select indexdef from pg_indexes where schemaname = current_schema() and tablename = 'payments'`)
	if err != nil {
		t.Fatal(err)
	}
	indexes, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(indexes) == 0 {
		t.Fatalf("%d indexes, %v", len(indexes), err)
	}
	for _, index := range indexes {
		for _, column := range []string{" settled_at", "(settled_at", "sequence", "updated_at"} { // unsettled_at seldom changes
			if strings.Contains(index, column) {
				t.Errorf("settling a payment changes %s", index)
			}
		}
	}
}

// BenchmarkJournal reads 100,000 payments with 10,000 refunds.
func BenchmarkJournal(b *testing.B) {
	pool, _ := pgtest.New(b, "payments", migrations.FS)
	fill(b, pool, 100_000)
	for b.Loop() {
		n := readAll(b, pool)
		if n != 110_000 {
			b.Fatalf("read %d", n)
		}
	}
	b.ReportMetric(float64(110_000*b.N)/b.Elapsed().Seconds(), "rows/s")
}

func readAll(b *testing.B, pool *pgxpool.Pool) (n int) {
	b.Helper()
	p := part{merchant: merchant, from: day(1), to: day(32), limit: mostRows}
	for {
		rows, err := bases[paymentsv1.JournalBasis_JOURNAL_BASIS_MOVED].list(context.Background(), pool, p)
		if err != nil {
			b.Fatal(err)
		}
		if len(rows) == 0 {
			return n
		}
		n += len(rows)
		last := rows[len(rows)-1]
		p.afterAt, p.afterReference = last.GetAt().AsTime(), last.GetReference()
	}
}
