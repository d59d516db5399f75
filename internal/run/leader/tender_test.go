package leader

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// leases returns when the lease of each job ends.
func leases(t *testing.T, pool *pgxpool.Pool) map[string]time.Time {
	t.Helper()
	rows, err := pool.Query(t.Context(), `select job, expires_at from leadership`)
	if err != nil {
		t.Fatal(err)
	}
	ends := make(map[string]time.Time)
	for rows.Next() {
		var job string
		var at time.Time
		if err := rows.Scan(&job, &at); err != nil {
			t.Fatal(err)
		}
		ends[job] = at
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return ends
}

// renewedSince waits until the leases of these jobs end later than before, while none of the replicas stops.
func renewedSince(t *testing.T, pool *pgxpool.Pool, before map[string]time.Time, jobs map[string]*replica) map[string]time.Time {
	t.Helper()
	for {
		now, left := leases(t, pool), 0
		for job, r := range jobs {
			select {
			case <-r.ended:
				t.Fatalf("the leader of %s has stopped", job)
			default:
			}
			if !now[job].After(before[job]) {
				left++
			}
		}
		if left == 0 {
			return now
		}
		pause(t.Context(), 5*time.Millisecond)
	}
}

// TestLeasesAreRenewedTogether: six jobs of a service are renewed with fewer statements than there are jobs.
func TestLeasesAreRenewedTogether(t *testing.T) {
	t.Parallel()
	url := database(t)
	pool, watcher := open(t, url), open(t, url)
	jobs := make(map[string]*replica)
	for i := range 6 {
		name := fmt.Sprint("job ", i)
		jobs[name] = start(t, pool, name, new(atomic.Int32))
		wait(t, name+" has a leader", jobs[name].elected)
	}
	first := renewedSince(t, watcher, leases(t, watcher), jobs)
	before := tries(pool)
	second := renewedSince(t, watcher, first, jobs)
	renewedSince(t, watcher, second, jobs)
	if used := tries(pool) - before; used >= int64(2*len(jobs)) {
		t.Errorf("%d statements renewed %d leases twice", used, len(jobs))
	}
}

// TestALockedLeaseDelaysNoOther: a leader's transaction holds its own lease, and the others are renewed meanwhile.
func TestALockedLeaseDelaysNoOther(t *testing.T) {
	t.Parallel()
	url := database(t)
	pool, watcher := open(t, url), open(t, url)
	locked := start(t, pool, "locked", new(atomic.Int32))
	other := start(t, pool, "other", new(atomic.Int32))
	wait(t, "the one leads", locked.elected)
	wait(t, "the other leads", other.elected)
	tx, err := watcher.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(context.WithoutCancel(t.Context()))
	do(t, tx, `select from leadership where job = 'locked' for share`)
	at := leases(t, watcher)
	for range 2 {
		at = renewedSince(t, watcher, at, map[string]*replica{"other": other})
	}
	wait(t, "the leader without its lease stops", locked.ended)
	select {
	case <-other.ended:
		t.Error("the other has stopped too")
	default:
	}
}

// TestEveryFollowerIsToldOfItsOwnJob: one look for all finds the job that is free, and leaves the others waiting.
func TestEveryFollowerIsToldOfItsOwnJob(t *testing.T) {
	t.Parallel()
	pool := open(t, database(t))
	do(t, pool, `insert into leadership select 'job ' || i, 'a node that is gone', 1, now() + interval '1 hour' from generate_series(0, 2) i`)
	var followers []*replica
	for i := range 3 {
		followers = append(followers, start(t, pool, fmt.Sprint("job ", i), new(atomic.Int32)))
	}
	do(t, pool, `update leadership set expires_at = now() where job = 'job 1'`)
	wait(t, "the follower of the free job leads", followers[1].elected)
	do(t, pool, `delete from leadership where job = 'job 2'`)
	wait(t, "the follower of a job without a lease leads", followers[2].elected)
	select {
	case <-followers[0].elected:
		t.Error("a follower leads beside a leader")
	default:
	}
}
