package delivery

import (
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/services/webhooks/internal/endpoint"
	"european-pay.eu/eupay/services/webhooks/migrations"
)

const retention = 90 * 24 * time.Hour

// purger is an engine that does not run.
func purger(t *testing.T, db *pgxpool.Pool, now time.Time) *Engine {
	t.Helper()
	clock := func() time.Time { return now }
	e := NewEngine(Config{Workers: 4, PerEndpoint: 1, Breaker: calm, Retention: retention},
		Deps{DB: db, Directory: endpoint.NewDirectory(nil, nil, clock), Now: clock, Log: slog.New(slog.DiscardHandler), Background: t.Context()})
	t.Cleanup(e.abort)
	return e
}

// aged records a delivery with one attempt that was made at a time. Its reference is its name.
func aged(t *testing.T, db *pgxpool.Pool, name, status string, at time.Time) {
	t.Helper()
	_, err := db.Exec(t.Context(), `with d as (
			insert into deliveries (id, endpoint_id, merchant_id, livemode, event_id, event_type, reference, sequence, body, status, created_at,
				next_attempt_at, claimable_at, finished_at)
			values (overlay($1 placing right(gen_random_uuid()::text, 12) from 25)::uuid, gen_random_uuid(), 'm_1', false, gen_random_uuid(),
				'payment.completed', $2, 1, '', $3, $4, $4, $4, case when $3 not in ('waiting', 'pending') then $4::timestamptz end)
			returning id, endpoint_id
		)
		insert into attempts (delivery_id, endpoint_id, number, started_at, duration_micros, response_status, response_body, error)
		select id, endpoint_id, 1, $4, 0, 200, '', '' from d`, floorID(at), name, status, at)
	if err != nil {
		t.Fatal(err)
	}
}

func column(t *testing.T, db *pgxpool.Pool, sql string) []string {
	t.Helper()
	rows, err := db.Query(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestFinishedDeliveriesAreKeptAsLongAsTheRetention(t *testing.T) {
	t.Parallel()
	db, _ := pgtest.New(t, "webhooks", migrations.Files)
	cut := start.Add(-retention)
	for _, status := range []string{Delivered, Exhausted, Missed, Cancelled, Pending, Waiting} {
		aged(t, db, status+" before", status, cut.Add(-time.Millisecond))
		aged(t, db, status+" in time", status, cut)
	}
	if n, err := purger(t, db, start).PurgeNow(t.Context()); n != 4 || err != nil {
		t.Errorf("%d purged, %v", n, err)
	}
	want := []string{
		"cancelled in time", "delivered in time", "exhausted in time", "missed in time", "pending before", "pending in time", "waiting before", "waiting in time",
	}
	if got := column(t, db, `select reference from deliveries order by 1`); !slices.Equal(got, want) {
		t.Errorf("left are %v", got)
	}
	if got := column(t, db, `select d.reference from attempts a left join deliveries d on d.id = a.delivery_id order by 1`); !slices.Equal(got, want) {
		t.Errorf("attempts are left of %v", got)
	}
}

func TestMoreThanAStepIsPurgedInOneCall(t *testing.T) {
	t.Parallel()
	db, _ := pgtest.New(t, "webhooks", migrations.Files)
	_, err := db.Exec(t.Context(), `insert into deliveries (id, endpoint_id, merchant_id, livemode, event_id, event_type, reference, sequence, body, status,
			created_at, next_attempt_at, claimable_at, finished_at)
		select overlay($1 placing lpad(i::text, 12, '0') from 25)::uuid, gen_random_uuid(), 'm_1', false, gen_random_uuid(), 't', 'r', 1, '', 'delivered', $2, $2, $2, $2
		from generate_series(1, $3::int) i`, floorID(start.Add(-2*retention)), start.Add(-2*retention), 2*purgeStep+1)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := purger(t, db, start).PurgeNow(t.Context()); n != 2*purgeStep+1 || err != nil {
		t.Errorf("%d purged, %v", n, err)
	}
}
