package delivery

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"pgregory.net/rapid"

	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/tally"
	"european-pay.eu/eupay/services/webhooks/migrations"
)

// TestListsShowWhatIsThere compares pages and totals of random filters with what a count and an offset find, while deliveries are recorded,
// change, are attempted and purged, and changes of the counters are folded at any time.
func TestListsShowWhatIsThere(t *testing.T) {
	t.Parallel()
	db, _ := pgtest.New(t, "webhooks", migrations.Files)
	rapid.Check(t, func(r *rapid.T) {
		ctx := t.Context()
		merchant := "m_" + uuid.NewString()
		endpoints := []string{uuid.NewString(), uuid.NewString()}
		statuses := []string{Pending, Delivered, Exhausted, Missed, Cancelled}
		exec := func(sql string, args ...any) {
			if _, err := db.Exec(ctx, sql, args...); err != nil {
				r.Fatal(err)
			}
		}
		drawEndpoint, drawStatus := rapid.SampledFrom(endpoints), rapid.SampledFrom(statuses)
		for range rapid.IntRange(1, 12).Draw(r, "steps") {
			switch rapid.IntRange(0, 4).Draw(r, "step") {
			case 0, 1:
				exec(`insert into deliveries (id, endpoint_id, merchant_id, livemode, event_id, event_type, reference, sequence, body, status,
						created_at, next_attempt_at, claimable_at, finished_at)
					select gen_random_uuid(), $1, $2, false, gen_random_uuid(), $3, 'PAY-' || n, 1, '', $4, at, at, at, case when $4 <> 'pending' then at end
					from generate_series(1, $5::int) n, lateral (select $6::timestamptz + n * $7::interval as at) t`,
					drawEndpoint.Draw(r, "endpoint"), merchant, rapid.SampledFrom([]string{"payment.completed", TestEvent}).Draw(r, "type"), drawStatus.Draw(r, "status"),
					rapid.IntRange(1, 30).Draw(r, "n"), start.Add(time.Duration(rapid.IntRange(0, 90*24*60*60).Draw(r, "at"))*time.Second),
					time.Duration(rapid.IntRange(0, 200).Draw(r, "apart"))*time.Second)
			case 2:
				exec(`update deliveries set status = $2, finished_at = case when $2 <> 'pending' then created_at end
					where id in (select id from deliveries where merchant_id = $1 order by created_at, id limit $3)`, merchant, drawStatus.Draw(r, "status"), rapid.IntRange(1, 20).Draw(r, "n"))
			case 3:
				exec(`insert into attempts (delivery_id, endpoint_id, number, started_at, duration_micros, response_status, response_body, error)
					select id, endpoint_id, $2, created_at, 1, 200, '', $3 from deliveries where merchant_id = $1 order by created_at, id limit $4 on conflict do nothing`,
					merchant, rapid.IntRange(1, 3).Draw(r, "number"), rapid.SampledFrom([]string{"", "status"}).Draw(r, "error"), rapid.IntRange(1, 20).Draw(r, "n"))
			default:
				exec(`with old as (select id from deliveries where merchant_id = $1 order by created_at, id limit $2), theirs as (
						delete from attempts a using old where a.delivery_id = old.id)
					delete from deliveries d using old where d.id = old.id`, merchant, rapid.IntRange(1, 10).Draw(r, "n"))
			}
			if rapid.IntRange(0, 3).Draw(r, "fold") == 0 {
				if _, err := tally.Fold(ctx, db); err != nil {
					r.Fatal(err)
				}
			}
		}
		period := func() (b Between) {
			at := func(name string) *time.Time {
				if rapid.Bool().Draw(r, name) {
					t := start.Add(time.Duration(rapid.IntRange(0, 90*24*60*60).Draw(r, "at")) * time.Second)
					return &t
				}
				return nil
			}
			return Between{at("after"), at("before")}
		}
		f := Filter{
			Merchant: merchant, EndpointID: rapid.SampledFrom(append(endpoints, "")).Draw(r, "endpoint"), Status: rapid.SampledFrom(append(statuses, "")).Draw(r, "status"),
			Created: period(), Limit: int64(rapid.IntRange(1, 20).Draw(r, "limit")), Offset: int64(rapid.IntRange(0, 60).Draw(r, "offset")),
		}
		got, err := List(ctx, db, f)
		where, args := f.where().where()
		compare(r, db, "deliveries", got.Total, got.More, err, ids(got.List, func(d Delivery) string { return d.ID }),
			`select id::text as id, created_at as at, 0 as number from deliveries where `+where, args, f.Limit, f.Offset)
		a := AttemptFilter{EndpointID: endpoints[0], Started: period(), Limit: f.Limit, Offset: f.Offset}
		if rapid.Bool().Draw(r, "by outcome") {
			succeeded := rapid.Bool().Draw(r, "succeeded")
			a.Succeeded = &succeeded
		}
		made, err := ListAttempts(ctx, db, a)
		where, args = a.where().where()
		compare(r, db, "attempts", made.Total, made.More, err, ids(made.List, func(a Attempt) string { return a.DeliveryID }),
			`select delivery_id::text as id, started_at as at, number from attempts a where `+where, args, f.Limit, f.Offset)
		exec(`insert into endpoints (id, merchant_id, livemode, url, description, event_types, enabled, key_id, secret, created_at, updated_at)
			values ($1, $2, false, '', '', '{}', true, '', '', now(), now())`, endpoints[1], merchant)
		m := Match{Merchant: merchant, Statuses: []string{Exhausted, Missed}, Created: f.Created}
		matching, err := CountMatching(ctx, db, m)
		where, args = m.where()
		var want int64
		if bad := db.QueryRow(ctx, `select count(*) from deliveries where `+where, args...).Scan(&want); bad != nil || err != nil || matching != (tally.Total{Rows: want}) {
			r.Fatalf("%v match, want %d, %v, %v", matching, want, err, bad)
		}
	})
}

func ids[E any](list []E, id func(E) string) []string {
	out := make([]string, len(list))
	for i, e := range list {
		out[i] = id(e)
	}
	return out
}

// compare compares a page with the result of a query that counts and skips every row.
func compare(r *rapid.T, db *pgxpool.Pool, what string, total tally.Total, more bool, err error, got []string, query string, args []any, limit, offset int64) {
	if err != nil {
		r.Fatalf("list %s: %v", what, err)
	}
	rows, err := db.Query(context.Background(), query+` order by at desc, id desc, number desc`, args...)
	if err != nil {
		r.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (id string, err error) {
		var (
			at     time.Time
			number int
		)
		return id, row.Scan(&id, &at, &number)
	})
	if err != nil {
		r.Fatal(err)
	}
	n := int64(len(all))
	want := all[min(offset, n):min(offset+limit, n)]
	if total != (tally.Total{Rows: n}) || !slices.Equal(got, want) || more != (offset+limit < n) {
		r.Fatalf("%s: %d of %v, want %d of %d (page from %d, more %v)", what, len(got), total, len(want), n, offset, more)
	}
}

// explainer adds up the buffers that its queries read, and collects their plans.
type explainer struct {
	*pgxpool.Pool
	t       *testing.T
	buffers float64
	plans   []string
}

func (e *explainer) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	e.explain(ctx, sql, args)
	return e.Pool.Query(ctx, sql, args...) //nolint:rowserrcheck // whoever reads them checks
}

func (e *explainer) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	e.explain(ctx, sql, args)
	return e.Pool.QueryRow(ctx, sql, args...)
}

func (e *explainer) explain(ctx context.Context, sql string, args []any) {
	var text string
	if err := e.Pool.QueryRow(ctx, `explain (analyze, buffers, format json) `+sql, args...).Scan(&text); err != nil {
		e.t.Fatal(err)
	}
	var plans []struct{ Plan map[string]any }
	if err := json.Unmarshal([]byte(text), &plans); err != nil {
		e.t.Fatal(err)
	}
	hit, _ := plans[0].Plan["Shared Hit Blocks"].(float64)
	read, _ := plans[0].Plan["Shared Read Blocks"].(float64)
	e.buffers += hit + read
	e.plans = append(e.plans, text)
}

// cost returns the buffers that a list reads, and its plans.
func cost(t *testing.T, db *pgxpool.Pool, list func(db *explainer) error) (float64, string) {
	t.Helper()
	e := &explainer{Pool: db, t: t}
	if err := list(e); err != nil {
		t.Fatal(err)
	}
	return e.buffers, strings.Join(e.plans, "\n")
}

// scansAll finds plans that read a whole table.
var scansAll = regexp.MustCompile(`"Node Type": "Seq Scan"[^}]*"Relation Name": "(deliveries|attempts|events|row_counts)"`)

// bigTables has n deliveries of a merchant with two endpoints, each with its attempts and event: one in 40 missed, one in 40 exhausted.
func bigTables(t *testing.T, over time.Duration) (db *pgxpool.Pool, n int64, endpoint string) {
	t.Helper()
	n = 30_000
	if os.Getenv("EUPAY_BIG") == "1" {
		n = 1_000_000
	}
	db, _ = pgtest.New(t, "webhooks", migrations.Files)
	endpoint = "00000000-0000-0000-0000-000000000001"
	for _, sql := range []string{
		`insert into endpoints (id, merchant_id, livemode, url, description, event_types, enabled, key_id, secret, created_at, updated_at)
			select ('00000000-0000-0000-0000-00000000000' || i)::uuid, 'm_1', false, '', '', '{}', true, '', '', now(), now() from generate_series(1, 2) i
			where $1::bigint > 0 and $2::timestamptz is not null and $3::interval is not null`,
		`insert into events (id, merchant_id, livemode, event_type, reference, merchant_reference, sequence, body, created_at)
			select ('00000000-0000-7000-8000-' || lpad(i::text, 12, '0'))::uuid, 'm_1', false, 'payment.completed', 'PAY-' || i, 'ORDER-' || i, 1, '{}',
				$2::timestamptz + i * ($3::interval / $1::bigint) from generate_series(1, $1) i`,
		`insert into deliveries (id, endpoint_id, merchant_id, livemode, event_id, event_type, reference, sequence, body, status, attempt_count,
				created_at, next_attempt_at, claimable_at, finished_at)
			select ('00000000-0000-7000-8000-' || lpad(i::text, 12, '0'))::uuid, ('00000000-0000-0000-0000-00000000000' || i % 2 + 1)::uuid, 'm_1', false,
				('00000000-0000-7000-8000-' || lpad(i::text, 12, '0'))::uuid, 'payment.completed', 'PAY-' || i, 1, '{}',
				case when i % 40 = 0 then 'missed' when i % 40 = 20 then 'exhausted' when i % 1000 = 1 then 'pending' else 'delivered' end, 1, at, at, at,
				case when i % 1000 <> 1 then at end
			from generate_series(1, $1::bigint) i, lateral (select $2::timestamptz + i * ($3::interval / $1) as at) t`,
		`insert into attempts (delivery_id, endpoint_id, number, started_at, duration_micros, response_status, response_body, error)
			select id, endpoint_id, 1, created_at, 1000, 200, '', case status when 'exhausted' then 'status' else '' end from deliveries
			where $1::bigint > 0 and $2::timestamptz is not null and $3::interval is not null`,
	} {
		if _, err := db.Exec(t.Context(), sql, n, start, over); err != nil {
			t.Fatal(err)
		}
	}
	for more := true; more; {
		folded, err := tally.Fold(t.Context(), db)
		if err != nil {
			t.Fatal(err)
		}
		more = folded > 0
	}
	for _, table := range []string{"events", "deliveries", "attempts", "row_counts", "row_count_deltas"} {
		if _, err := db.Exec(t.Context(), `vacuum analyze `+table); err != nil {
			t.Fatal(err)
		}
	}
	return db, n, endpoint
}

// TestAPageCostsTheSameWherever: of lists with a counter, the last pages cost at most three times as much as the first.
func TestAPageCostsTheSameWherever(t *testing.T) {
	t.Parallel()
	for name, over := range map[string]time.Duration{"a day": 24 * time.Hour, "100 days": 100 * 24 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db, n, endpoint := bigTables(t, over)
			failed := false
			middle := start.Add(over/2 + time.Second/3)
			deliveries := func(f Filter) func(*explainer, int64) error {
				return func(db *explainer, offset int64) error {
					f.Merchant, f.Limit, f.Offset = "m_1", 20, offset
					got, err := List(t.Context(), db, f)
					if len(got.List) == 0 {
						return fmt.Errorf("the page is empty, %w", err)
					}
					return err
				}
			}
			attempts := func(f AttemptFilter) func(*explainer, int64) error {
				return func(db *explainer, offset int64) error {
					f.EndpointID, f.Limit, f.Offset = endpoint, 20, offset
					got, err := ListAttempts(t.Context(), db, f)
					if len(got.List) == 0 {
						return fmt.Errorf("the page is empty, %w", err)
					}
					return err
				}
			}
			for name, c := range map[string]struct {
				list func(*explainer, int64) error
				rows int64
			}{
				"deliveries":             {deliveries(Filter{}), n},
				"deliveries of a period": {deliveries(Filter{Created: Between{Before: &middle}}), n / 2},
				"of an endpoint":         {deliveries(Filter{EndpointID: endpoint}), n / 2},
				"missed":                 {deliveries(Filter{Status: Missed}), n / 40},
				"attempts":               {attempts(AttemptFilter{}), n / 2},
				"failed attempts":        {attempts(AttemptFilter{Succeeded: &failed}), n / 40},
				"attempts of a period":   {attempts(AttemptFilter{Started: Between{After: &middle}}), n / 4},
			} {
				first, _ := cost(t, db, func(db *explainer) error { return c.list(db, 0) })
				for _, offset := range []int64{c.rows / 2, c.rows - 21} {
					deep, plans := cost(t, db, func(db *explainer) error { return c.list(db, offset) })
					t.Logf("%s: the first page reads %v buffers, that at %d %v", name, first, offset, deep)
					if deep > 3*first+250 || scansAll.MatchString(plans) { // up to 200 rows are skipped one by one, each on a page of its own
						t.Errorf("%s: the first page reads %v buffers, that at %d %v:\n%s", name, first, offset, deep, plans)
					}
				}
			}
		})
	}
}

// TestListsReadWhatTheyShow: pages that continue after an entry, events, open deliveries, and the counts before a resend.
func TestListsReadWhatTheyShow(t *testing.T) {
	t.Parallel()
	db, n, endpoint := bigTables(t, 100*24*time.Hour)
	id := fmt.Sprintf("00000000-0000-7000-8000-%012d", n/2)
	for name, c := range map[string]struct {
		list func(db *explainer) error
		most float64
	}{
		"deliveries after one": {func(db *explainer) error {
			return listed(List(t.Context(), db, Filter{Merchant: "m_1", Limit: 20, After: id}))
		}, 100},
		"those of an endpoint after one": {func(db *explainer) error {
			return listed(List(t.Context(), db, Filter{Merchant: "m_1", EndpointID: endpoint, Limit: 20, After: id}))
		}, 100},
		"attempts after one": {func(db *explainer) error {
			return listed(ListAttempts(t.Context(), db, AttemptFilter{EndpointID: endpoint, Limit: 20, After: id + "-1"}))
		}, 200},
		"events": {func(db *explainer) error {
			_, _, err := ListEvents(t.Context(), db, EventFilter{Merchant: "m_1", Limit: 20})
			return err
		}, 100},
		"events after one": {func(db *explainer) error {
			_, _, err := ListEvents(t.Context(), db, EventFilter{Merchant: "m_1", Limit: 20, After: id})
			return err
		}, 100},
		"one reference": {func(db *explainer) error {
			return listed(List(t.Context(), db, Filter{Merchant: "m_1", Reference: "PAY-77", Limit: 20}))
		}, 100},
		"one merchant reference": {func(db *explainer) error {
			return listed(List(t.Context(), db, Filter{Merchant: "m_1", MerchantReference: "ORDER-77", Limit: 20}))
		}, 200},
		"what a recovery sends": {func(db *explainer) error {
			total, err := CountMatching(t.Context(), db, Match{Merchant: "m_1", Statuses: []string{Exhausted, Missed}, EndpointID: endpoint, Created: Between{After: &start}})
			if err == nil && total.Rows == 0 {
				err = fmt.Errorf("nothing matches")
			}
			return err
		}, 200},
	} {
		if got, plans := cost(t, db, c.list); got > c.most || scansAll.MatchString(plans) {
			t.Errorf("%s read %v buffers of at most %v:\n%s", name, got, c.most, plans)
		}
	}
	for name, m := range map[string]Match{
		"undelivered": {Statuses: []string{Exhausted, Missed}, EndpointID: endpoint},
		"delivered":   {Statuses: []string{Delivered}},
		"one of them": {Statuses: []string{Exhausted, Missed}, Reference: "PAY-20"},
	} {
		m.Merchant = "m_1"
		for _, last := range []*position{nil, {start.Add(50 * 24 * time.Hour), id}} {
			got, plans := cost(t, db, func(db *explainer) error {
				_, err := resend{match: m, askedAt: start.Add(101 * 24 * time.Hour), last: last}.scan(t.Context(), db, 500)
				return err
			})
			if got > 1500 || scansAll.MatchString(plans) {
				t.Errorf("a batch of 500 to send again, %s, reads %v buffers:\n%s", name, got, plans)
			}
		}
	}
	begin := time.Now()
	total, err := CountMatching(t.Context(), db, Match{Merchant: "m_1", Statuses: []string{Delivered}, EndpointID: endpoint})
	if want := (tally.Total{Rows: min(n/2, tally.Most), Minimum: n/2 > tally.Most}); err != nil || total.Rows > want.Rows || total.Minimum != want.Minimum {
		t.Errorf("%v, %v", total, err)
	}
	t.Log("counted up to the most in", time.Since(begin))
}

func listed[E any](p Page[E], err error) error {
	if err == nil && len(p.List) == 0 {
		err = fmt.Errorf("the page is empty")
	}
	return err
}
