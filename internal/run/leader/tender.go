package leader

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// renewAllWithin is the deadline of renewing all leases together. It leaves each leader the time to renew its own.
const renewAllWithin = renewEvery / 2

// tender does for all candidates of a pool, with one statement for all, what each would do with its own: it renews their leases, and looks
// for jobs that are free. A service has up to ten candidates, which would keep an idle database busy.
type tender struct {
	pool *pgxpool.Pool
	work sync.WaitGroup
	end  context.CancelFunc

	mu sync.Mutex
	// leaders get the time until which they may lead, or the zero time if their lease was not renewed.
	leaders map[*keeper]chan time.Time
	// followers are told when their job is free.
	followers map[chan struct{}]string
}

// tend starts the work, which close ends.
func tend(ctx context.Context, pool *pgxpool.Pool) *tender {
	ctx, end := context.WithCancel(context.WithoutCancel(ctx))
	t := &tender{pool: pool, end: end, leaders: make(map[*keeper]chan time.Time), followers: make(map[chan struct{}]string)}
	t.work.Go(func() { every(ctx, renewEvery, t.renewAll) })
	t.work.Go(func() { every(ctx, retryEvery, t.look) })
	return t
}

func (t *tender) close() {
	t.end()
	t.work.Wait()
}

// every calls do with that pause in between, until ctx ends.
func every(ctx context.Context, wait time.Duration, do func(context.Context)) {
	for pause(ctx, wait); ctx.Err() == nil; pause(ctx, wait) {
		do(ctx)
	}
}

// renewed returns where the leader learns of each renewal, until forget is called.
func (t *tender) renewed(k *keeper) (turn <-chan time.Time, forget func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := make(chan time.Time, 1)
	t.leaders[k] = c
	return c, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.leaders, k)
	}
}

// await returns when the job may be free, or ctx has ended.
func (t *tender) await(ctx context.Context, job string) {
	free := make(chan struct{}, 1)
	t.mu.Lock()
	t.followers[free] = job
	t.mu.Unlock()
	select {
	case <-ctx.Done():
	case <-free:
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.followers, free)
}

// renewAllSQL passes over leases that are locked: by a leader's transaction, or by a successor who takes one over. Their leaders renew
// them alone, so that no lease waits for another.
const renewAllSQL = `with mine as materialized (
		select job, holder, epoch from leadership where (job, holder, epoch) in (select * from unnest($1::text[], $2::text[], $3::bigint[]))
		for no key update skip locked)
	update leadership as l set expires_at = now() + $4::interval from mine
	where l.job = mine.job and l.holder = mine.holder and l.epoch = mine.epoch returning l.job, l.holder, l.epoch`

// renewAll renews the leases of all leaders and tells each the outcome.
func (t *tender) renewAll(ctx context.Context) {
	t.mu.Lock()
	var jobs, holders []string
	var epochs []int64
	turns := make(map[Lease][]chan time.Time, len(t.leaders))
	for k, turn := range t.leaders {
		jobs, holders, epochs = append(jobs, k.lease.job), append(holders, k.lease.holder), append(epochs, k.lease.epoch)
		key := Lease{job: k.lease.job, holder: k.lease.holder, epoch: k.lease.epoch}
		turns[key] = append(turns[key], turn)
	}
	t.mu.Unlock()
	if len(jobs) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, renewAllWithin)
	defer cancel()
	until := time.Now().Add(ttl - margin) // before the database's clock starts to count
	// After an error all leaders renew their leases alone, and say what is wrong.
	for _, l := range t.renew(ctx, jobs, holders, epochs) {
		for _, turn := range turns[l] {
			tell(turn, until)
		}
		delete(turns, l)
	}
	for _, left := range turns {
		for _, turn := range left {
			tell(turn, time.Time{})
		}
	}
}

// renew returns the leases that were renewed, none if the statement failed.
func (t *tender) renew(ctx context.Context, jobs, holders []string, epochs []int64) []Lease {
	rows, err := t.pool.Query(ctx, renewAllSQL, jobs, holders, epochs, ttl)
	if err != nil {
		return nil
	}
	renewed, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (l Lease, err error) {
		err = row.Scan(&l.job, &l.holder, &l.epoch)
		return l, err
	})
	if err != nil {
		return nil
	}
	return renewed
}

// tell never blocks: a leader that has not heard of the last renewal yet hears of this one instead.
func tell(turn chan time.Time, until time.Time) {
	select {
	case <-turn:
	default:
	}
	turn <- until // only renewAll sends
}

// look tells the followers whose jobs nobody does. Without an answer of the database they go on waiting.
func (t *tender) look(ctx context.Context) {
	t.mu.Lock()
	waiting := len(t.followers)
	t.mu.Unlock()
	if waiting == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, ttl)
	defer cancel()
	rows, err := t.pool.Query(ctx, `select job from leadership where expires_at > now()`)
	if err != nil {
		return
	}
	led, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return
	}
	held := make(map[string]bool, len(led))
	for _, job := range led {
		held[job] = true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for free, job := range t.followers {
		if !held[job] {
			select {
			case free <- struct{}{}:
			default:
			}
		}
	}
}
