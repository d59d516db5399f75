package store

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/kit/big"
	"european-pay.eu/eupay/internal/run/pg"
	"european-pay.eu/eupay/internal/tally"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/migrations"
)

// many is how many payments each of two shops has: a million with EUPAY_BIG=1.
func many() int {
	if os.Getenv("EUPAY_BIG") == "1" {
		return 1_000_000
	}
	return 30_000
}

// recorder keeps the statements of a pool.
type recorder struct{ statements []pgx.TraceQueryStartData }

// TraceQueryStart implements pgx.QueryTracer.
func (r *recorder) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	r.statements = append(r.statements, data)
	return ctx
}

// TraceQueryEnd implements pgx.QueryTracer.
func (*recorder) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// node is what EXPLAIN says of a part of a plan.
type node struct {
	Type  string  `json:"Node Type"`
	Table string  `json:"Relation Name"`
	Hit   int     `json:"Shared Hit Blocks"`
	Read  int     `json:"Shared Read Blocks"`
	Loops float64 `json:"Actual Loops"`
	Plans []node  `json:"Plans"`
}

// scans reports whether the plan reads the whole of a table that grows.
func (n node) scans() bool {
	grows := n.Table == "payments" || n.Table == "row_counts"
	for _, p := range n.Plans {
		if p.scans() {
			return true
		}
	}
	return grows && n.Type == "Seq Scan" && n.Loops > 0
}

// busyStore is a store with two shops that have many payments: one over a hundred days, the other in a day.
type busyStore struct {
	*bench
	*recorder
	slow, busy string
	rows       int
}

func setupBig(t *testing.T) *busyStore {
	t.Helper()
	b := &busyStore{bench: setup(t), recorder: &recorder{}, slow: uuid.NewString(), busy: uuid.NewString(), rows: many()}
	for _, p := range []big.Shop{
		{MerchantID: b.slow, Rows: b.rows, Prefix: "PAY-S", Newest: b.now, Over: 100 * 24 * time.Hour},
		{MerchantID: b.busy, Rows: b.rows, Prefix: "PAY-B", Newest: b.now, Over: 24 * time.Hour},
	} {
		if err := p.Fill(t.Context(), b.pool); err != nil {
			t.Fatal(err)
		}
	}
	for folded := 1; folded > 0; {
		var err error
		if folded, err = tally.Fold(t.Context(), b.pool); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.pool.Exec(t.Context(), `vacuum analyze row_counts, row_count_deltas`); err != nil {
		t.Fatal(err)
	}
	cfg := b.pool.Config()
	cfg.ConnConfig.Tracer = b.recorder
	traced, err := pgxpool.NewWithConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(traced.Close)
	b.ReadFrom(pg.ReadsOf(traced))
	return b
}

// cost is how many pages the statements of read touch, and their time in milliseconds, which is only logged. None reads a whole table.
func (b *busyStore) cost(t *testing.T, name string, read func() error) (pages int, ms float64) {
	t.Helper()
	b.statements = nil
	if err := read(); err != nil {
		t.Fatal(err)
	}
	for _, s := range b.statements {
		var text []byte
		if err := b.pool.QueryRow(t.Context(), "explain (analyze, buffers, format json) "+s.SQL, s.Args...).Scan(&text); err != nil {
			t.Fatal(err)
		}
		var plans []struct {
			Plan node
			Time float64 `json:"Execution Time"`
		}
		if err := json.Unmarshal(text, &plans); err != nil {
			t.Fatal(err)
		}
		pages, ms = pages+plans[0].Plan.Hit+plans[0].Plan.Read, ms+plans[0].Time
		if plans[0].Plan.scans() {
			t.Errorf("%s reads a whole table: %s\n%s", name, s.SQL, text)
		}
	}
	return pages, ms
}

// unseen is how many counters of a day, an hour and a minute may have been written since the last vacuum: each is looked up in its table then,
// which is one more block that is touched. There are five statuses.
const unseen = 5 * (31 + 24 + 60)

// TestEveryPageCostsTheSame: the last page of a list costs at most three times what the first one does, in blocks of the database.
func TestEveryPageCostsTheSame(t *testing.T) {
	t.Parallel()
	b := setupBig(t)
	const limit = 20
	for name, f := range map[string]Filter{
		"100 days":           {MerchantID: b.slow},
		"100 days completed": {MerchantID: b.slow, Status: payment.Completed},
		"100 days failed":    {MerchantID: b.slow, Status: payment.Failed},
		"30 days":            {MerchantID: b.slow, From: b.now.AddDate(0, 0, -60).Truncate(time.Hour), To: b.now.AddDate(0, 0, -30).Truncate(time.Hour)},
		"a day":              {MerchantID: b.busy},
		"a day completed":    {MerchantID: b.busy, Status: payment.Completed},
		"a day failed":       {MerchantID: b.busy, Status: payment.Failed},
	} {
		var total tally.Total
		page := func(offset int) (int, float64) {
			return b.cost(t, name, func() (err error) {
				list, found, err := b.List(t.Context(), f, limit, offset)
				if total = found; err == nil && len(list) != limit {
					t.Errorf("%s: %d payments at %d of %d", name, len(list), offset, total.Rows)
				}
				if all := int(total.Rows) == b.rows; all && len(list) > 0 && !strings.HasSuffix(list[0].Reference, fmt.Sprintf("%09d", b.rows-offset)) {
					t.Errorf("%s: the page at %d begins with %s", name, offset, list[0].Reference)
				}
				return err
			})
		}
		first, ms := page(0)
		for _, offset := range []int{int(total.Rows) / 2, int(total.Rows) - limit} {
			pages, took := page(offset)
			t.Logf("%s: at %d of %d %d pages in %.2f ms, at the beginning %d in %.2f ms", name, offset, total.Rows, pages, took, first, ms)
			if pages > 3*first+unseen {
				t.Errorf("%s: the page at %d reads %d pages, the first one %d", name, offset, pages, first)
			}
		}
	}
}

// TestEveryListReadsALimitedPart whatever its filter.
func TestEveryListReadsALimitedPart(t *testing.T) {
	t.Parallel()
	b := setupBig(t)
	hour := b.now.Add(-time.Hour)
	for name, f := range map[string]Filter{
		"within a minute": {From: hour, To: hour.Add(time.Second)}, "odd bounds": {From: hour.Add(-5 * time.Hour), To: hour},
		"detail": {Detail: "accepted_by_bank"}, "reference": {Reference: "PAY-B000000007"}, "own reference": {MerchantReference: "order-7"},
		"settled": {Settled: WasSettled}, "not settled": {Settled: NotSettled}, "unsettled": {Settled: Unsettled}, "link": {PaymentLinkID: "plink_1"},
		"metadata": {Metadata: "a:b"}, "amount": {MinAmount: 5000, MaxAmount: 6000}, "text": {Search: "order 77"}, "nothing": {Search: "nowhere"},
	} {
		f.MerchantID = b.busy
		pages, ms := b.cost(t, name, func() error {
			_, _, err := b.List(t.Context(), f, 20, 0)
			return err
		})
		t.Logf("%s: %d pages in %.2f ms", name, pages, ms)
		if most := 2*(maxScanned+tally.Most) + 1000; pages > most {
			t.Errorf("%s reads %d pages", name, pages)
		}
	}
	for name, p := range map[string]Period{
		"100 days": {MerchantID: b.slow, From: b.now.AddDate(0, 0, -100).Truncate(24 * time.Hour)}, "all": {MerchantID: b.busy},
	} {
		p.Parts = []time.Time{p.From}
		pages, ms := b.cost(t, name, func() error {
			_, err := b.Summarize(t.Context(), p)
			return err
		})
		t.Logf("summary of %s: %d pages in %.2f ms", name, pages, ms)
		if pages > mostTimed {
			t.Errorf("the summary of %s reads %d pages", name, pages)
		}
	}
}

// TestTheMigrationCountsWhatTheTriggersCount of payments in every state, whatever happened to them.
func TestTheMigrationCountsWhatTheTriggersCount(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for n, to := range []payment.Status{payment.Pending, payment.PendingSCA, payment.Completed, payment.Failed, payment.Cancelled, payment.Completed} {
		if _, _, err := b.Create(t.Context(), draft(ref("PAY", n)), Idempotency{}, Meta{}); err != nil {
			t.Fatal(err)
		}
		if to != payment.Pending {
			b.move(t, ref("PAY", n), to)
		}
		b.now = b.now.Add(20 * time.Minute)
	}
	if _, _, err := b.Refund(t.Context(), refundDraft(ref("REF", 1), ref("PAY", 2)), 999, Idempotency{}, Meta{}); err != nil {
		t.Fatal(err)
	}
	b.move(t, ref("REF", 1), payment.Completed)
	few := big.Shop{MerchantID: merchant, Rows: 500, Prefix: "PAY-F", Newest: b.now, Over: 40 * 24 * time.Hour}
	if err := few.Fill(t.Context(), b.pool); err != nil {
		t.Fatal(err)
	}
	if _, err := b.pool.Exec(t.Context(), `delete from payments where reference like 'PAY-F%7'`); err != nil {
		t.Fatal(err)
	}
	for folded := 1; folded > 0; {
		var err error
		if folded, err = tally.Fold(t.Context(), b.pool); err != nil {
			t.Fatal(err)
		}
	}
	counters := func() string {
		var all string
		if err := b.pool.QueryRow(t.Context(), `select string_agg(c::text, E'\n' order by c) from row_counts c`).Scan(&all); err != nil {
			t.Fatal(err)
		}
		return all
	}
	triggers := counters()
	content, err := migrations.FS.ReadFile("0241_payments_counted.sql")
	if err != nil {
		t.Fatal(err)
	}
	_, fill, _ := strings.Cut(string(content), "\ninsert into row_counts")
	if _, err := b.pool.Exec(t.Context(), "delete from row_counts"); err != nil {
		t.Fatal(err)
	}
	if _, err := b.pool.Exec(t.Context(), "insert into row_counts"+fill); err != nil {
		t.Fatal(err)
	}
	if migration := counters(); migration != triggers {
		t.Errorf("the triggers counted\n%s\nand the migration\n%s", triggers, migration)
	}
}

// TestATotalIsWhatTheSummarySays: both come from the same counters.
func TestATotalIsWhatTheSummarySays(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for n := range 9 {
		if _, _, err := b.Create(t.Context(), draft(ref("PAY", n)), Idempotency{}, Meta{}); err != nil {
			t.Fatal(err)
		}
		if n%2 == 0 {
			b.move(t, ref("PAY", n), payment.Completed)
		}
		if n == 4 {
			if _, err := tally.Fold(t.Context(), b.pool); err != nil {
				t.Fatal(err)
			}
		}
	}
	from := b.now.Truncate(time.Hour)
	sum, err := b.Summarize(t.Context(), Period{MerchantID: merchant, From: from, Parts: []time.Time{from}})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sum.Statuses {
		_, total, err := b.List(t.Context(), Filter{MerchantID: merchant, Status: s.Status}, 1, 0)
		if err != nil || total != (tally.Total{Rows: s.Count}) || s.Count != map[payment.Status]int64{payment.Completed: 5, payment.Pending: 4}[s.Status] {
			t.Errorf("%s: a total of %+v, and %d in the summary: %v", s.Status, total, s.Count, err)
		}
	}
	if sum.Parts[0] != (PartTotal{9, 5, 5 * 2999}) || sum.Banks[0].Paid != 5 {
		t.Errorf("%+v", sum)
	}
}
