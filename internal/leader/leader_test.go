package leader

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/pg"
	"european-pay.eu/eupay/internal/pgtest"
)

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
	case <-time.After(20 * time.Second):
		t.Fatalf("never happened: %s", what)
	}
}

func TestOneReplicaLeadsAndAnotherFollowsIt(t *testing.T) {
	t.Parallel()
	url := pgtest.Empty(t)
	var active atomic.Int32
	one := start(t, open(t, url), "job", &active)
	wait(t, "the first leads", one.elected)
	follower := open(t, url)
	two := start(t, follower, "job", &active)
	other := atomic.Int32{}
	wait(t, "another job has a leader of its own", start(t, open(t, url), "other", &other).elected)
	for follower.Stat().AcquireCount() < 2 { // it has tried once at least
		select {
		case <-two.elected:
			t.Fatal("the second leads beside the first")
		case <-time.After(time.Millisecond):
		}
	}
	one.stop()
	wait(t, "the second leads", two.elected)
}

func TestALeaderWhoseConnectionBreaksStopsAndMayLeadAgain(t *testing.T) {
	t.Parallel()
	url := pgtest.Empty(t)
	var active atomic.Int32
	pool := open(t, url)
	r := start(t, pool, "job", &active)
	wait(t, "it leads", r.elected)
	tag, err := pool.Exec(t.Context(), `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory'
		and database = (select oid from pg_database where datname = current_database())`)
	if err != nil || tag.RowsAffected() != 1 {
		t.Fatalf("%d connections ended, %v", tag.RowsAffected(), err)
	}
	wait(t, "it stops leading", r.ended)
	wait(t, "it leads again", r.elected)
}

func TestALeaderThatFailsIsCalledAgain(t *testing.T) {
	t.Parallel()
	pool := open(t, pgtest.Empty(t))
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
