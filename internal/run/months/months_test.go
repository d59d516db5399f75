package months

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/run/pg"
)

// files are the migrations of a service that has an inbox and nothing else.
func files() fs.FS { return os.DirFS("../consume/testdata/migrations") }

const day = 24 * time.Hour

// fixture is a table with the months that the migrations made, and its keeper, whose clock the test sets.
type fixture struct {
	t      *testing.T
	pool   *pgxpool.Pool
	keeper *Keeper
	now    time.Time
	keep   time.Duration
}

func setup(t *testing.T) *fixture {
	t.Helper()
	pool, _ := pgtest.New(t, "months", files())
	return keeping(t, pool)
}

func keeping(t *testing.T, pool *pgxpool.Pool) *fixture {
	t.Helper()
	f := &fixture{t: t, pool: pool, now: time.Now().UTC(), keep: 104 * day}
	f.keeper = NewKeeper(pool, func() time.Time { return f.now }, slog.New(slog.DiscardHandler), Table{
		Name: "inbox", Stamp: "received_at", Keep: func(context.Context) (time.Duration, bool, error) { return f.keep, f.keep > 0, nil },
	})
	return f
}

func (f *fixture) once() {
	f.t.Helper()
	if err := f.keeper.Once(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) exec(sql string, args ...any) int64 {
	f.t.Helper()
	tag, err := f.pool.Exec(f.t.Context(), sql, args...)
	if err != nil {
		f.t.Fatalf("%s: %v", sql, err)
	}
	return tag.RowsAffected()
}

func (f *fixture) texts(sql string, args ...any) []string {
	f.t.Helper()
	rows, err := f.pool.Query(f.t.Context(), sql, args...)
	if err != nil {
		f.t.Fatal(err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		f.t.Fatal(err)
	}
	return list
}

// receive records an event as the consumers do, and reports whether it was new.
func (f *fixture) receive(consumer string, id uuid.UUID, at time.Time) bool {
	f.t.Helper()
	return f.exec(`insert into inbox (consumer, event_id, received_at) values ($1, $2, $3) on conflict do nothing`, consumer, id, at) == 1
}

// of returns a UUIDv7 of that time.
func of(at time.Time) uuid.UUID {
	id := uuid.New()
	for i, ms := 0, at.UnixMilli(); i < 6; i++ {
		id[i] = byte(ms >> (8 * (5 - i)))
	}
	id[6] = id[6]&0x0f | 0x70
	return id
}

func first(at time.Time) time.Time { return time.Date(at.Year(), at.Month(), 1, 0, 0, 0, 0, time.UTC) }

func name(at time.Time) string { return "inbox_" + at.UTC().Format("200601") }

// where is the table that holds an event.
func (f *fixture) where(id uuid.UUID) string {
	f.t.Helper()
	return strings.Join(f.texts(`select tableoid::regclass::text from inbox where event_id = $1`, id), ",")
}

func TestMonthsAreMadeAheadAndOnce(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for range 2 {
		f.once()
	}
	last := first(f.now.Add(ahead))
	until := f.texts(`select to_char(months_until('inbox') at time zone 'UTC', 'YYYY-MM-DD HH24:MI')`)
	if want := last.AddDate(0, 1, 0).Format("2006-01-02 15:04"); !slices.Equal(until, []string{want}) {
		t.Errorf("made until %v, want %v", until, want)
	}
	for _, at := range []time.Time{last, last.AddDate(0, 1, 0).Add(-time.Millisecond)} {
		id := of(at)
		if f.receive("c", id, f.now); f.where(id) != name(last) {
			t.Errorf("an id of %v is in %s", at, f.where(id))
		}
	}
}

// TestAnIDIsKnownInWhateverTableItIs: that the table has months must not weaken what it is for.
func TestAnIDIsKnownInWhateverTableItIs(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.once()
	for _, id := range []uuid.UUID{of(f.now), of(f.now.Add(-500 * day)), of(f.now.AddDate(0, 2, 0)), of(f.now.AddDate(1, 0, 0)), {}, uuid.Max, uuid.New()} {
		if !f.receive("c", id, f.now) || f.receive("c", id, f.now.Add(400*day)) {
			t.Errorf("%s in %s was not new once", id, f.where(id))
		}
		if !f.receive("other", id, f.now) {
			t.Errorf("%s was not new for another consumer", id)
		}
	}
}

// TestRowsWithoutAMonthAreInTheRestUntilItIsMade: the keeper was away for longer than months are made ahead.
func TestRowsWithoutAMonthAreInTheRestUntilItIsMade(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.now = first(f.now).AddDate(0, 7, 14)
	id, odd := of(f.now), uuid.Max
	f.receive("c", id, f.now)
	f.receive("c", odd, f.now)
	if f.where(id) != "inbox_rest" {
		t.Fatalf("it is in %s", f.where(id))
	}
	f.once()
	if f.where(id) != name(f.now) || f.where(odd) != "inbox_rest" {
		t.Errorf("they are in %s and %s", f.where(id), f.where(odd))
	}
	if f.receive("c", id, f.now) {
		t.Error("the moved id is new again")
	}
}

func TestAMonthIsDroppedWhenNothingInItIsKept(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.once()
	month := first(f.now).AddDate(0, 2, 0) // the first that has a table of its own
	end := month.AddDate(0, 1, 0)
	f.now = end
	f.receive("c", of(month.Add(day)), end.Add(-day))
	late := of(month.Add(2 * day))
	f.receive("c", late, end.Add(3*day)) // an event that its service could not publish for days
	exists := func() bool { return f.texts(`select (to_regclass($1) is not null)::text`, name(month))[0] == "true" }

	for _, at := range []time.Time{end.Add(f.keep - time.Microsecond), end.Add(f.keep + 3*day)} {
		f.now = at
		if f.once(); !exists() || f.receive("c", late, f.now) {
			t.Fatalf("gone at %v", at)
		}
	}
	f.keep = 0 // not known
	f.now = end.AddDate(1, 0, 0)
	if f.once(); !exists() {
		t.Fatal("dropped although it is not known for how long ids are kept")
	}
	f.keep, f.now = 104*day, end.Add(104*day+3*day+time.Microsecond)
	if f.once(); exists() {
		t.Fatal("still there")
	}
	f.receive("c", late, f.now)
	if f.where(late) != "inbox_rest" {
		t.Errorf("what comes after its month was dropped is in %s", f.where(late))
	}
	f.now = f.now.Add(f.keep)
	if f.once(); f.where(late) != "inbox_rest" {
		t.Error("it was not kept")
	}
	f.now = f.now.Add(time.Microsecond)
	if f.once(); f.where(late) != "" {
		t.Error("it is kept for ever")
	}
}

// TestTheLastMonthStays: the next one begins where it ends.
func TestTheLastMonthStays(t *testing.T) {
	t.Parallel()
	f := setup(t)
	if got := f.texts(`select drop_months('inbox', 'received_at', now() + interval '10 years')`); len(got) != 0 {
		t.Fatalf("dropped %v", got)
	}
	f.now = f.now.AddDate(2, 0, 0)
	f.once()
	id := of(f.now)
	if f.receive("c", id, f.now); f.where(id) != name(f.now) {
		t.Errorf("it is in %s", f.where(id))
	}
}

// TestKeepersTakeTurns: during a change of the leader two may be at work.
func TestKeepersTakeTurns(t *testing.T) {
	t.Parallel()
	f := setup(t)
	var all sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		all.Go(func() {
			for {
				errs[i] = keeping(t, f.pool).keeper.Once(t.Context())
				if !pg.IsContended(errs[i]) { // the keeper comes again
					return
				}
			}
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			t.Error(err)
		}
	}
}

// TestOnlyATableOfMonthsIsChanged: the functions have more rights than the service that calls them.
func TestOnlyATableOfMonthsIsChanged(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for _, parent := range []string{"effects", "leadership", "inbox_rest", `inbox"; drop table effects; --`} {
		if _, err := f.pool.Exec(t.Context(), `select make_months($1, now() + interval '1 year')`, parent); err == nil {
			t.Errorf("made months of %s", parent)
		}
		_, _ = f.pool.Exec(t.Context(), `select drop_months($1, 'received_at', now() + interval '1 year')`, parent)
	}
	if got := f.texts(`select count(*)::text from effects`); got[0] != "0" {
		t.Errorf("effects: %v", got)
	}
}

// TestAnIDIsLookedForInOneMonth, with which the table stays as cheap as one without months.
func TestAnIDIsLookedForInOneMonth(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.now = f.now.AddDate(2, 0, 0)
	f.once()
	f.exec(`insert into inbox (consumer, event_id) select 'c', ($1 || lpad(i::text, 12, '0'))::uuid from generate_series(1, 20000) i`, of(f.now).String()[:24])
	f.exec(`analyze inbox`)
	plan := strings.Join(f.texts(`explain select from inbox where consumer = 'c' and event_id = '`+of(f.now).String()+`'`), "\n")
	if !strings.Contains(plan, name(f.now)) || strings.Count(plan, "Scan") != 1 {
		t.Errorf("the plan is\n%s", plan)
	}
	plan = strings.Join(f.texts(`explain select exists (select from `+name(f.now)+` where received_at >= now() + interval '1 day')`), "\n")
	if !strings.Contains(plan, "Index Only Scan") {
		t.Errorf("the plan is\n%s", plan)
	}
}

// TestAnInboxBecomesMonths with the rows of the version before, while that version writes.
func TestAnInboxBecomesMonths(t *testing.T) {
	t.Parallel()
	all := files()
	before := fstest.MapFS{}
	content, err := fs.ReadFile(all, "0001_inbox.sql")
	if err != nil {
		t.Fatal(err)
	}
	before["0001_inbox.sql"] = &fstest.MapFile{Data: content}
	pool, url := pgtest.New(t, "months", before)
	f := keeping(t, pool)
	known := []uuid.UUID{of(f.now), of(f.now.Add(-300 * day)), uuid.Max, {}}
	for _, id := range known {
		f.receive("c", id, f.now)
	}

	writing, stop := context.WithCancel(t.Context())
	var written []uuid.UUID
	done := make(chan error)
	go func() {
		for writing.Err() == nil {
			id := uuid.Must(uuid.NewV7())
			if _, err := pool.Exec(t.Context(), `insert into inbox (consumer, event_id) select $1, unnest($2::text[])::uuid
				on conflict do nothing returning event_id::text`, "c", []string{id.String()}); err != nil {
				done <- fmt.Errorf("the version before cannot write: %w", err)
				return
			}
			written = append(written, id)
		}
		done <- nil
	}()
	for {
		err = pg.Migrate(t.Context(), pg.Settings{URL: url, Schema: "months"}, all)
		if !pg.IsContended(err) {
			break
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d rows were written meanwhile", len(written))
	for _, id := range append(known, written...) {
		if f.receive("c", id, f.now) {
			t.Errorf("%s was forgotten", id)
		}
	}
	if f.where(known[0]) != "inbox_before_"+first(f.now).AddDate(0, 2, 0).Format("200601") || f.where(uuid.Max) != "inbox_rest" {
		t.Errorf("they are in %s and %s", f.where(known[0]), f.where(uuid.Max))
	}
	// The purge of the version before, which works beside this one.
	f.exec(`update inbox set received_at = now() - interval '200 days' where event_id = $1`, known[1])
	if n := f.exec(`delete from inbox where (consumer, event_id) in (
		select consumer, event_id from inbox where consumer = $1 and received_at < now() - $2::interval
		order by received_at limit $3 for update skip locked)`, "c", 104*day, 1000); n != 1 {
		t.Errorf("%d rows purged", n)
	}
	f.once()
}

// TestEveryServiceHasTheSameMonths: the migrations are copies, because each service has its own.
func TestEveryServiceHasTheSameMonths(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{"0260_*.sql", "0261_*.sql", "0262_*.sql"} {
		names, err := fs.Glob(files(), pattern)
		if err != nil || len(names) != 1 {
			t.Fatal(names, err)
		}
		want, err := fs.ReadFile(files(), names[0])
		if err != nil {
			t.Fatal(err)
		}
		copies, err := filepath.Glob("../../../services/*/migrations/" + names[0])
		if err != nil || len(copies) != 5 {
			t.Errorf("%d services have %s, %v", len(copies), names[0], err)
		}
		for _, path := range copies {
			if content, err := os.ReadFile(path); err != nil || string(content) != string(want) {
				t.Errorf("%s differs, %v", path, err)
			}
		}
	}
}
