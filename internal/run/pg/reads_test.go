package pg_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/kit/pgbouncertest"
	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/pgserver"
	"european-pay.eu/eupay/internal/run/pg"
)

// replicated is a primary with a standby, both with a table of the schema sample.
type replicated struct {
	t                *testing.T
	standby          *pgserver.Server
	options          pgserver.Options
	primary, replica string
	pool             *pgxpool.Pool
	now              time.Time
}

func newReplicated(t *testing.T) *replicated {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	bin, err := pgserver.Find(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	primary, err := pgserver.Start(t.Context(), pgserver.Options{Dir: filepath.Join(dir, "primary"), Bin: bin, Volatile: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(primary.Stop)
	// A commit that does not wait for the log would be counted only when it is written there.
	durable := withParameter(primary.URL, "synchronous_commit=on")
	r := &replicated{
		t: t, options: pgserver.Options{Dir: filepath.Join(dir, "standby"), Bin: bin, Volatile: true}, primary: primary.URL,
		pool: openPool(t, pg.Settings{URL: durable, Schema: "sample"}), now: time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC),
	}
	r.write(`create schema sample`, `create table sample.t (id int)`)
	if err := os.Mkdir(r.options.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := pgserver.Clone(t.Context(), primary, r.options); err != nil {
		t.Fatal(err)
	}
	r.start()
	r.replica = r.standby.URL
	r.options.Port = r.standby.Port
	t.Cleanup(func() { r.standby.Stop() })
	return r
}

// start starts the standby (again).
func (r *replicated) start() {
	r.t.Helper()
	var err error
	if r.standby, err = pgserver.Start(r.t.Context(), r.options); err != nil {
		r.t.Fatal(err)
	}
}

func (r *replicated) write(statements ...string) {
	r.t.Helper()
	for _, sql := range statements {
		if _, err := r.pool.Exec(r.t.Context(), sql); err != nil {
			r.t.Fatal(err)
		}
	}
}

// atStandby executes a statement there.
func (r *replicated) atStandby(sql string) {
	r.t.Helper()
	db, err := pgx.Connect(r.t.Context(), r.standby.URL)
	if err != nil {
		r.t.Fatal(err)
	}
	defer db.Close(context.WithoutCancel(r.t.Context()))
	if _, err := db.Exec(r.t.Context(), sql); err != nil {
		r.t.Fatal(err)
	}
}

const maxLag = 5 * time.Second

func (r *replicated) reads(s pg.ReadSettings) *pg.Reads {
	r.t.Helper()
	s.MaxLag, s.MaxConns = maxLag, 2
	if s.Timeout == 0 {
		s.Timeout = time.Minute
	}
	reads, err := pg.OpenReads(r.t.Context(), pg.Settings{URL: r.primary, Schema: "sample"}, s, r.pool, slog.New(slog.DiscardHandler))
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(reads.Close)
	return reads
}

// check compares the two after so long.
func (r *replicated) check(reads *pg.Reads, after time.Duration) (used bool, lag time.Duration) {
	r.now = r.now.Add(after)
	reads.Check(r.t.Context(), func() time.Time { return r.now })
	_, used, lag = reads.Replica()
	return used, lag
}

// catchUp waits until the replica has everything and is used.
func (r *replicated) catchUp(reads *pg.Reads) {
	r.t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		if used, lag := r.check(reads, time.Millisecond); used && lag == 0 {
			return
		}
	}
	r.t.Fatal("the replica does not catch up")
}

// fromReplica reports where a list and a single row are read.
func fromReplica(t *testing.T, reads *pg.Reads) bool {
	t.Helper()
	rows, err := reads.Query(t.Context(), `select pg_is_in_recovery() from generate_series(1, $1::int)`, 3)
	if err != nil {
		t.Fatal(err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[bool])
	if err != nil || len(list) != 3 {
		t.Fatalf("%v, %v", list, err)
	}
	var one, inTx bool
	if err := reads.QueryRow(t.Context(), `select pg_is_in_recovery()`).Scan(&one); err != nil {
		t.Fatal(err)
	}
	err = pgx.BeginTxFunc(t.Context(), reads, pgx.TxOptions{IsoLevel: pgx.RepeatableRead}, func(tx pgx.Tx) error {
		return tx.QueryRow(t.Context(), `select pg_is_in_recovery()`).Scan(&inTx)
	})
	if err != nil || one != list[0] || inTx != list[0] {
		t.Fatalf("a list %v, a row %v, a transaction %v, %v", list[0], one, inTx, err)
	}
	return one
}

func TestListsAreReadFromAReplicaThatIsFresh(t *testing.T) {
	t.Parallel()
	r := newReplicated(t)
	reads := r.reads(pg.ReadSettings{ReplicaURL: r.replica})
	if fromReplica(t, reads) {
		t.Error("a replica of which nothing is known is read")
	}
	r.catchUp(reads)
	if !fromReplica(t, reads) {
		t.Error("the primary is read")
	}

	r.atStandby(`select pg_wal_replay_pause()`)
	r.write(`insert into t values (1)`)
	if used, lag := r.check(reads, maxLag-time.Second); !used || lag != maxLag-time.Second {
		t.Errorf("a lag within the limit: %v, %s", used, lag)
	}
	if used, lag := r.check(reads, 2*time.Second); used || lag != maxLag+time.Second {
		t.Errorf("a lag beyond the limit: %v, %s", used, lag)
	}
	if fromReplica(t, reads) {
		t.Error("a replica that is far behind is read")
	}
	r.atStandby(`select pg_wal_replay_resume()`)
	r.catchUp(reads)
	var n int
	if err := reads.QueryRow(t.Context(), `select count(*) from t`).Scan(&n); err != nil || n != 1 || !fromReplica(t, reads) {
		t.Errorf("%d rows, %v", n, err)
	}
}

// TestAReplicaThatDiesFailsNoRead: its connections are open, statements are prepared on them, and nothing has noticed.
func TestAReplicaThatDiesFailsNoRead(t *testing.T) {
	t.Parallel()
	r := newReplicated(t)
	reads := r.reads(pg.ReadSettings{ReplicaURL: r.replica})
	r.catchUp(reads)
	open, err := reads.Query(t.Context(), `select id from t`) //nolint:rowserrcheck // it only holds a second connection
	if err != nil {
		t.Fatal(err)
	}
	if !fromReplica(t, reads) {
		t.Fatal("the primary is read")
	}
	open.Close()
	r.standby.Kill()
	for range 2 {
		if fromReplica(t, reads) {
			t.Error("a replica that is gone was read")
		}
	}
	if used, _ := r.check(reads, time.Second); used {
		t.Error("a replica that is gone is well")
	}
	r.start()
	r.catchUp(reads)
	if !fromReplica(t, reads) {
		t.Error("the replica that is back is not read")
	}
}

// TestAPromotedReplicaIsNotRead: it may have gone its own way.
func TestAPromotedReplicaIsNotRead(t *testing.T) {
	t.Parallel()
	r := newReplicated(t)
	reads := r.reads(pg.ReadSettings{ReplicaURL: r.replica})
	r.catchUp(reads)
	r.atStandby(`select pg_promote()`)
	if used, _ := r.check(reads, time.Second); used || fromReplica(t, reads) {
		t.Error("it is read")
	}
	if used, _ := r.check(r.reads(pg.ReadSettings{ReplicaURL: r.primary}), time.Second); used {
		t.Error("the primary passes for its own replica")
	}
}

// TestReadsCannotWrite, wherever they go.
func TestReadsCannotWrite(t *testing.T) {
	t.Parallel()
	r := newReplicated(t)
	reads := r.reads(pg.ReadSettings{ReplicaURL: r.replica})
	for _, replica := range []bool{false, true} {
		if replica {
			r.catchUp(reads)
		}
		if fromReplica(t, reads) != replica {
			t.Fatal("the wrong server is read")
		}
		var id int
		refused(t, reads.QueryRow(t.Context(), `insert into t values (7) returning id`).Scan(&id), "25006")
		refused(t, pgx.BeginTxFunc(t.Context(), reads, pgx.TxOptions{AccessMode: pgx.ReadWrite}, func(tx pgx.Tx) error {
			_, err := tx.Exec(t.Context(), `insert into t values (8)`)
			return err
		}), "25006")
		if fromReplica(t, reads) != replica {
			t.Error("a statement at fault has put the replica out of use")
		}
	}
	var n int
	if err := r.pool.QueryRow(t.Context(), `select count(*) from t`).Scan(&n); err != nil || n != 0 {
		t.Errorf("%d rows, %v", n, err)
	}
}

func refused(t *testing.T, err error, code string) {
	t.Helper()
	var pgErr *pgconn.PgError
	if !errors.As(err, &pgErr) || pgErr.Code != code {
		t.Errorf("got %v, want %s", err, code)
	}
}

// TestAReadThatTakesTooLongIsEnded, and not repeated at the primary.
func TestAReadThatTakesTooLongIsEnded(t *testing.T) {
	t.Parallel()
	r := newReplicated(t)
	reads := r.reads(pg.ReadSettings{ReplicaURL: r.replica, Timeout: 100 * time.Millisecond})
	r.catchUp(reads)
	rows, err := reads.Query(t.Context(), `select pg_sleep(60)`)
	if err == nil {
		_, err = pgx.CollectRows(rows, pgx.RowTo[any])
	}
	refused(t, err, "57014")
	if _, used, _ := reads.Replica(); !used {
		t.Error("a slow statement has put the replica out of use")
	}
	var name string
	if err := reads.QueryRow(t.Context(), `select current_setting('application_name')`).Scan(&name); err != nil || name != "eupay-sample-reads" {
		t.Errorf("%q, %v", name, err)
	}
}

// TestReadsWorkBehindAPooler, which keeps nothing of a session.
func TestReadsWorkBehindAPooler(t *testing.T) {
	t.Parallel()
	p := newPooled(t, pgbouncertest.Options{Mode: "transaction", PoolSize: 3})
	p.ofRole(t, "sample")
	s := pg.Settings{URL: p.through, Schema: "sample", MaxConns: 3, Pooled: true, DirectURL: p.direct}
	reads, err := pg.OpenReads(t.Context(), s, pg.ReadSettings{MaxConns: 2, Timeout: time.Second}, openPool(t, s), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(reads.Close)
	if fromReplica(t, reads) {
		t.Error("there is a replica")
	}
}

// TestSlowListsLeaveTheServiceItsConnections.
func TestSlowListsLeaveTheServiceItsConnections(t *testing.T) {
	t.Parallel()
	s := pg.Settings{URL: pgtest.Empty(t), Schema: "public", MaxConns: 1}
	pool := openPool(t, s)
	reads, err := pg.OpenReads(t.Context(), s, pg.ReadSettings{MaxConns: 1, Timeout: time.Minute}, pool, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(reads.Close)
	list, err := reads.Query(t.Context(), `select 1`) //nolint:rowserrcheck // it only holds its connection until it is closed
	if err != nil {
		t.Fatal(err)
	}
	defer list.Close()
	if err := pool.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}
