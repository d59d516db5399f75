package delivery

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/kit/big"
	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/run/consume"
	"european-pay.eu/eupay/internal/run/months"
	"european-pay.eu/eupay/services/webhooks/migrations"
)

// TestBigPurge measures what payments take here, and what it costs to forget them: rows of deliveries and events one after another, and months of the
// inbox at once. Each forgets what it has to and nothing else.
func TestBigPurge(t *testing.T) {
	db, _ := pgtest.New(t, "webhooks", migrations.Files)
	n := big.Size()
	now := time.Now().UTC()
	// The months of the inbox begin some time after the migration: so they are made for the past of a later day.
	later := now.AddDate(1, 0, 0)
	keep := months.NewKeeper(db, func() time.Time { return later }, slog.New(slog.DiscardHandler), months.Table{
		Name: "inbox", Stamp: "received_at", Keep: func(context.Context) (time.Duration, bool, error) {
			return 90*24*time.Hour + consume.Remember, true, nil
		},
	})
	if _, err := db.Exec(t.Context(), `select make_months('inbox', $1)`, later); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	big.Webhooks(t, db, n, later, 180*24*time.Hour)
	t.Logf("%d payments were made in %v", n, time.Since(began).Round(time.Second))
	for _, table := range big.Sizes(t, db, n) {
		t.Log(table)
	}

	measured := func(what, count string, do func() error) {
		t.Helper()
		var rows, left int64
		var from, to int64
		wal := `select pg_current_wal_insert_lsn() - '0/0'::pg_lsn`
		ask := func(sql string, into *int64) {
			if err := db.QueryRow(t.Context(), sql).Scan(into); err != nil {
				t.Fatal(err)
			}
		}
		ask(count, &rows)
		ask(wal, &from)
		began := time.Now()
		if err := do(); err != nil {
			t.Fatal(err)
		}
		took := time.Since(began)
		ask(wal, &to)
		ask(count, &left)
		t.Logf("%s: %d of %d rows in %v, %.0f bytes of log a row", what, rows-left, rows, took.Round(time.Millisecond), float64(to-from)/float64(rows-left))
		if left == 0 || left == rows {
			t.Errorf("%s: %d of %d rows are left", what, left, rows)
		}
	}
	measured("purge of deliveries, attempts and events", `select (select count(*) from deliveries) + (select count(*) from attempts) + (select count(*) from events)`,
		func() error { _, err := purger(t, db, later).PurgeNow(t.Context()); return err })
	var old int64
	if err := db.QueryRow(t.Context(), `select (select count(*) from deliveries where created_at < $1) + (select count(*) from events where created_at < $1)
		+ (select count(*) from attempts where started_at < $1)`, later.Add(-retention)).Scan(&old); err != nil || old != 0 {
		t.Errorf("%d old rows are left, %v", old, err)
	}
	measured("months of the inbox", `select count(*) from inbox`, func() error { return keep.Once(t.Context()) })
	if err := db.QueryRow(t.Context(), `select count(*) from inbox where received_at >= $1`, later.Add(-retention-consume.Remember)).Scan(&old); err != nil ||
		old < int64(n) {
		t.Errorf("%d rows are remembered, %v", old, err)
	}
}
