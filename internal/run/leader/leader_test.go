package leader

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/run/pg"
)

func database(t *testing.T) string {
	t.Helper()
	return pgtest.Database(t, "public", os.DirFS("testdata/migrations"))
}

func open(t *testing.T, url string) *pgxpool.Pool {
	t.Helper()
	pool, err := pg.Open(t.Context(), pg.Settings{URL: url, Schema: "public"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// replica runs lead and tells on elected when it became the leader.
type replica struct {
	elected chan struct{}
	ended   chan struct{}
	stop    func()
}

func start(t *testing.T, pool *pgxpool.Pool, name string, active *atomic.Int32) *replica {
	t.Helper()
	r := &replica{elected: make(chan struct{}, 100), ended: make(chan struct{}, 100)}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- Run(ctx, pool, name, slog.New(slog.DiscardHandler), func(ctx context.Context) error {
			if n := active.Add(1); n > 1 {
				t.Errorf("%d leaders at one time", n)
			}
			r.elected <- struct{}{}
			<-ctx.Done()
			active.Add(-1)
			r.ended <- struct{}{}
			return ctx.Err()
		})
	}()
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	})
	t.Cleanup(r.stop)
	return r
}

func wait(t *testing.T, what string, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(time.Minute):
		t.Fatalf("never happened: %s", what)
	}
}

func TestOneReplicaLeadsAndAnotherFollowsIt(t *testing.T) {
	t.Parallel()
	url := database(t)
	var active atomic.Int32
	one := start(t, open(t, url), "job", &active)
	wait(t, "the first leads", one.elected)
	follower := open(t, url)
	two := start(t, follower, "job", &active)
	other := atomic.Int32{}
	wait(t, "another job has a leader of its own", start(t, open(t, url), "other", &other).elected)
	for tries(follower) < 2 { // it has tried once at least
		select {
		case <-two.elected:
			t.Fatal("the second leads beside the first")
		case <-time.After(time.Millisecond):
		}
	}
	one.stop()
	wait(t, "the second leads", two.elected)
}

// tries is how often the candidates of a pool have used the leaders' connections.
func tries(pool *pgxpool.Pool) int64 {
	shared.Lock()
	defer shared.Unlock()
	if c := shared.beside[pool]; c != nil {
		return c.pool.Stat().AcquireCount()
	}
	return 0
}

// TestLeadersShareTwoConnections beside those of their pool: each had one of its own, which no setting limited.
func TestLeadersShareTwoConnections(t *testing.T) {
	t.Parallel()
	pool := open(t, database(t))
	var replicas []*replica
	for _, job := range []string{"a", "b", "c", "d", "e"} {
		replicas = append(replicas, start(t, pool, job, new(atomic.Int32)))
	}
	for _, r := range replicas {
		wait(t, "each job has a leader", r.elected)
	}
	var used int
	err := pool.QueryRow(t.Context(), `select count(*) from pg_stat_activity
		where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'`).Scan(&used)
	if err != nil || used < 1 || used > Connections {
		t.Errorf("%d connections of leaders, %v", used, err)
	}
	for _, r := range replicas {
		r.stop()
	}
	if shared.Lock(); shared.beside[pool] != nil {
		t.Error("the leaders' connections are still open")
	}
	shared.Unlock()
}

// TestAnExhaustedPoolEndsNoLeadership: renewals do not wait for those who use the pool.
func TestAnExhaustedPoolEndsNoLeadership(t *testing.T) {
	t.Parallel()
	url := database(t)
	pool, err := pg.Open(t.Context(), pg.Settings{URL: url, Schema: "public", MaxConns: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	all, err := pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer all.Release()
	r := start(t, pool, "job", new(atomic.Int32))
	wait(t, "it leads", r.elected)
	other := open(t, url)
	for _, _, first := row(t, other); ; {
		select {
		case <-r.ended:
			t.Fatal("the leadership ended")
		case <-time.After(10 * time.Millisecond):
		}
		if _, _, until := row(t, other); until.After(first) {
			return
		}
	}
}

// row is the lease of "job" as the database sees it.
func row(t *testing.T, pool *pgxpool.Pool) (epoch int64, valid bool, until time.Time) {
	t.Helper()
	err := pool.QueryRow(t.Context(), `select epoch, expires_at > clock_timestamp(), expires_at from leadership where job = 'job'`).Scan(&epoch, &valid, &until)
	if err != nil {
		t.Fatal(err)
	}
	return epoch, valid, until
}

func do(t *testing.T, db pg.DB, sql string, args ...any) {
	t.Helper()
	if _, err := db.Exec(t.Context(), sql, args...); err != nil {
		t.Fatal(err)
	}
}

// TestALeaderThatCannotRenewStopsBeforeAnotherMayLead: a disconnected node must not work concurrently with its successor.
func TestALeaderThatCannotRenewStopsBeforeAnotherMayLead(t *testing.T) {
	t.Parallel()
	url := database(t)
	var active atomic.Int32
	cut := start(t, open(t, url), "job", &active)
	wait(t, "it leads", cut.elected)
	watcher := open(t, url)
	tx, err := watcher.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(context.WithoutCancel(t.Context()))
	do(t, tx, `select from leadership for update`) // no renewal gets through
	wait(t, "it stops", cut.ended)
	if _, valid, _ := row(t, watcher); !valid {
		t.Error("it stopped only when its lease was over already")
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	wait(t, "it leads again", cut.elected)
}

// TestADeadLeaderIsReplacedWhenItsLeaseExpires: nobody tells PostgreSQL that a node is gone, so only time may count.
func TestADeadLeaderIsReplacedWhenItsLeaseExpires(t *testing.T) {
	t.Parallel()
	pool := open(t, database(t))
	do(t, pool, `insert into leadership values ('job', 'a node that is gone', 7, now() + interval '1 hour')`)
	var active atomic.Int32
	follower := start(t, pool, "job", &active)
	for tries(pool) < 2 { // it has tried
		select {
		case <-follower.elected:
			t.Fatal("it leads beside one whose lease is not over")
		case <-time.After(time.Millisecond):
		}
	}
	do(t, pool, `update leadership set expires_at = now()`)
	wait(t, "it leads", follower.elected)
	if epoch, valid, _ := row(t, pool); epoch != 8 || !valid {
		t.Errorf("epoch %d, valid %v", epoch, valid)
	}
}

func TestALeaderWhoseConnectionBreaksStaysTheLeader(t *testing.T) {
	t.Parallel()
	url := database(t)
	var active atomic.Int32
	r := start(t, open(t, url), "job", &active)
	wait(t, "it leads", r.elected)
	other := open(t, url)
	_, _, before := row(t, other)
	tag, err := other.Exec(t.Context(), `select pg_terminate_backend(pid) from pg_stat_activity
		where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'`)
	if err != nil || tag.RowsAffected() == 0 {
		t.Fatalf("%d connections ended, %v", tag.RowsAffected(), err)
	}
	for {
		select {
		case <-r.ended:
			t.Fatal("a broken connection ended the leadership")
		case <-time.After(10 * time.Millisecond):
		}
		if epoch, _, until := row(t, other); until.After(before) {
			if epoch != 1 {
				t.Errorf("the epoch is %d", epoch)
			}
			return
		}
	}
}

// TestALateWriteOfADeposedLeaderIsRefused: a paused process resumes without knowing what happened meanwhile.
func TestALateWriteOfADeposedLeaderIsRefused(t *testing.T) {
	t.Parallel()
	pool := open(t, database(t))
	leases := make(chan *Lease)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- RunFenced(ctx, pool, "job", slog.New(slog.DiscardHandler), func(ctx context.Context, l *Lease) error {
			select {
			case leases <- l:
			case <-ctx.Done():
			}
			<-ctx.Done()
			return ctx.Err()
		})
	}()
	lease := <-leases
	tx, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := lease.Fence(t.Context(), tx); err != nil {
		t.Errorf("the leader is refused: %v", err)
	}
	var pgErr *pgconn.PgError
	if _, err := pool.Exec(t.Context(), `select from leadership for no key update nowait`); !errors.As(err, &pgErr) || pgErr.Code != "55P03" {
		t.Errorf("the lease could change hands before the commit: %v", err)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	do(t, pool, `update leadership set holder = 'another', epoch = epoch + 1, expires_at = now() + interval '1 hour'`)
	if err := lease.Fence(t.Context(), pool); !errors.Is(err, ErrDeposed) {
		t.Errorf("the old leader's write: %v", err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if epoch, valid, _ := row(t, pool); epoch != 2 || !valid {
		t.Error("the old leader gave up the lease of the new one")
	}
}

func TestALeaderThatFailsIsCalledAgain(t *testing.T) {
	t.Parallel()
	pool := open(t, database(t))
	ctx, cancel := context.WithCancel(t.Context())
	calls := 0
	err := Run(ctx, pool, "job", slog.New(slog.DiscardHandler), func(context.Context) error {
		if calls++; calls == 3 {
			cancel()
		}
		return errors.New("broken")
	})
	if err != nil || calls != 3 {
		t.Errorf("%d calls, %v", calls, err)
	}
	if n := pool.Stat().AcquiredConns(); n != 0 {
		t.Errorf("%d connections were not given back", n)
	}
}
