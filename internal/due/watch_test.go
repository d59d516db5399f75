package due

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/kit/pgtest"
)

// queue is a table with a loop over it that the pool's watcher watches.
type queue struct {
	*Loop[int]
	claims atomic.Int64
	done   chan int
}

func watchedQueue(t *testing.T, pool *pgxpool.Pool, table string, now func() time.Time) *queue {
	t.Helper()
	if _, err := pool.Exec(t.Context(), fmt.Sprintf(`create table %s (id int, due_at timestamptz)`, table)); err != nil {
		t.Fatal(err)
	}
	q := &queue{done: make(chan int, 10)}
	q.Loop = New(Config[int]{
		What: table, Every: 10 * time.Millisecond, AtOnce: 2, Within: time.Minute, Log: slog.New(slog.DiscardHandler),
		Watch: Watch{DB: pool, First: "select min(due_at) from " + table, Now: now},
		Claim: func(ctx context.Context, _ int) (ids []int, err error) {
			q.claims.Add(1)
			at := time.Now()
			if now != nil {
				at = now()
			}
			rows, err := pool.Query(ctx, fmt.Sprintf(`delete from %s where due_at <= $1 returning id`, table), at)
			if err != nil {
				return nil, err
			}
			defer rows.Close()
			for rows.Next() {
				var id int
				if err := rows.Scan(&id); err != nil {
					return nil, err
				}
				ids = append(ids, id)
			}
			return ids, rows.Err()
		},
		Do: func(_ context.Context, id int) { q.done <- id },
	})
	return q
}

// looked waits until the watcher has asked the database that many times more.
func looked(pool *pgxpool.Pool, more int64) {
	for from := pool.Stat().AcquireCount(); pool.Stat().AcquireCount() < from+more; {
		<-time.After(time.Millisecond)
	}
}

func await(t *testing.T, c <-chan int, want int) {
	t.Helper()
	select {
	case got := <-c:
		if got != want {
			t.Errorf("row %d was processed instead of %d", got, want)
		}
	case <-time.After(30 * time.Second):
		t.Fatalf("row %d was never processed", want)
	}
}

// TestLoopsOfOneDatabaseShareTheirPolling: a loop claims only when one of its rows is due, by its own clock.
func TestLoopsOfOneDatabaseShareTheirPolling(t *testing.T) {
	pool, err := pgxpool.New(t.Context(), pgtest.Empty(t))
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	var later atomic.Int64
	clock := func() time.Time { return time.Now().Add(time.Duration(later.Load())) }
	one, two := watchedQueue(t, pool, "one", nil), watchedQueue(t, pool, "two", clock)
	stopOne, stopTwo := running(t, one.Loop), running(t, two.Loop)
	looked(pool, 5)
	before := one.claims.Load() + two.claims.Load()
	looked(pool, 20)
	if claims := one.claims.Load() + two.claims.Load() - before; claims > 0 {
		t.Errorf("nothing is due, and the loops claim %d times", claims)
	}
	do(t, pool, `insert into one values (1, now()), (2, now() + interval '1 hour')`)
	await(t, one.done, 1)
	before = one.claims.Load()
	do(t, pool, `insert into two values (3, now() + interval '1 hour')`)
	looked(pool, 5)
	later.Store(int64(2 * time.Hour))
	await(t, two.done, 3)
	if claims := one.claims.Load() - before; claims > 1 { // one may follow the nudge of the first row
		t.Errorf("the rows of another loop make a loop claim %d times", claims)
	}
	stopTwo()
	do(t, pool, `insert into one values (4, now())`)
	await(t, one.done, 4)
	stopOne()
	if watchers.Lock(); len(watchers.of) > 0 {
		t.Error("a database is still watched")
	}
	watchers.Unlock()
}

// TestALoopThatCannotBeWatchedLooksItself: what is wrong with one must not stop the others.
func TestALoopThatCannotBeWatchedLooksItself(t *testing.T) {
	pool, err := pgxpool.New(t.Context(), pgtest.Empty(t))
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	good, bad := watchedQueue(t, pool, "good", nil), watchedQueue(t, pool, "bad", nil)
	bad.Watch.First = `select min(due_at) from nowhere`
	defer running(t, good.Loop)()
	defer running(t, bad.Loop)()
	do(t, pool, `insert into good values (1, now())`)
	do(t, pool, `insert into bad values (2, now())`)
	await(t, good.done, 1)
	await(t, bad.done, 2)
}

func do(t *testing.T, pool *pgxpool.Pool, sql string) {
	t.Helper()
	if _, err := pool.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}
