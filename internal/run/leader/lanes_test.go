package leader

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// floor is where replicas of tests work. It fails the test when two lead one lane, or lanes of different numbers side by side.
type floor struct {
	t  *testing.T
	mu sync.Mutex
	// working counts the lanes that each replica leads.
	working map[string]int
	lanes   map[int]bool
	number  int
	changed chan struct{}
}

func newFloor(t *testing.T) *floor {
	t.Helper()
	return &floor{t: t, working: make(map[string]int), lanes: make(map[int]bool), changed: make(chan struct{}, 1)}
}

// enter and leave begin and end the work of a replica on one of a number of lanes.
func (f *floor) enter(replica string, number, lane int) (leave func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.lanes) > 0 && f.number != number || f.lanes[lane] {
		f.t.Errorf("%s leads lane %d of %d beside %v of %d", replica, lane, number, f.lanes, f.number)
	}
	f.number, f.lanes[lane] = number, true
	f.working[replica]++
	f.tell()
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.lanes, lane)
		f.working[replica]--
		f.tell()
	}
}

func (f *floor) tell() {
	select {
	case f.changed <- struct{}{}:
	default:
	}
}

// until waits until ok is true of what each replica leads.
func (f *floor) until(what string, ok func(working map[string]int) bool) {
	f.t.Helper()
	deadline := time.After(time.Minute)
	for {
		f.mu.Lock()
		done := ok(f.working)
		f.mu.Unlock()
		if done {
			return
		}
		select {
		case <-f.changed:
		case <-deadline:
			f.t.Fatalf("never happened: %s; %v", what, f.working)
		}
	}
}

// run starts a replica with a number of lanes; 1 is one of the version before.
func (f *floor) run(pool *pgxpool.Pool, name string, number int) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	work := func(ctx context.Context, lane int, _ *Lease) error {
		leave := f.enter(name, number, lane)
		<-ctx.Done()
		leave()
		return ctx.Err()
	}
	go func() {
		if number == 1 {
			done <- RunFenced(ctx, pool, "job", slog.New(slog.DiscardHandler), func(ctx context.Context, l *Lease) error { return work(ctx, 0, l) })
			return
		}
		done <- RunLanes(ctx, pool, slog.New(slog.DiscardHandler), Lanes{
			Job: "job", Number: number, Lead: work, Prepare: func(context.Context, *Lease) error {
				f.mu.Lock()
				defer f.mu.Unlock()
				if len(f.lanes) > 0 {
					f.t.Errorf("%s prepares %d lanes while %v of %d are led", name, number, f.lanes, f.number)
				}
				return nil
			},
		})
	}()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			f.t.Errorf("run: %v", err)
		}
	})
	f.t.Cleanup(stop)
	return stop
}

// tried waits until a replica has tried to lead, more than once.
func (f *floor) tried(pool *pgxpool.Pool) {
	f.t.Helper()
	for tries(pool) < 6 {
		<-time.After(time.Millisecond)
	}
}

func TestReplicasShareTheLanes(t *testing.T) {
	t.Parallel()
	url, f := database(t), newFloor(t)
	stop := f.run(open(t, url), "a", 4)
	f.until("the first leads all", func(w map[string]int) bool { return w["a"] == 4 })
	f.run(open(t, url), "b", 4)
	f.until("each leads two", func(w map[string]int) bool { return w["a"] == 2 && w["b"] == 2 })
	stop()
	f.until("the second takes over", func(w map[string]int) bool { return w["b"] == 4 })
}

// TestAnotherNumberOfLanesWaits: replicas that disagree about the lanes would handle a merchant side by side. One without lanes is of the
// version before.
func TestAnotherNumberOfLanesWaits(t *testing.T) {
	t.Parallel()
	url, f := database(t), newFloor(t)
	stop := f.run(open(t, url), "before", 1)
	f.until("the version before leads", func(w map[string]int) bool { return w["before"] == 1 })
	pool := open(t, url)
	stopTwo := f.run(pool, "two", 2)
	f.tried(pool)
	stop()
	f.until("two lanes", func(w map[string]int) bool { return w["two"] == 2 })
	pool = open(t, url)
	stopFour := f.run(pool, "four", 4)
	f.tried(pool)
	stopTwo()
	f.until("four lanes", func(w map[string]int) bool { return w["four"] == 4 })
	pool = open(t, url)
	f.run(pool, "before again", 1)
	f.tried(pool)
	stopFour()
	f.until("one again", func(w map[string]int) bool { return w["before again"] == 1 })
}

// TestALateWriteOfAFormerLayoutIsRefused, also when nobody else has led its lane since.
func TestALateWriteOfAFormerLayoutIsRefused(t *testing.T) {
	t.Parallel()
	pool := open(t, database(t))
	leases := make(chan *Lease, 2)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- RunLanes(ctx, pool, slog.New(slog.DiscardHandler), Lanes{
			Job: "job", Number: 2, Prepare: func(context.Context, *Lease) error { return nil },
			Lead: func(ctx context.Context, _ int, l *Lease) error {
				select {
				case leases <- l:
				case <-ctx.Done():
				}
				<-ctx.Done()
				return ctx.Err()
			},
		})
	}()
	one, other := <-leases, <-leases
	do(t, pool, `update leadership set epoch = epoch + 1 where job = $1`, one.job)
	if err := one.Fence(t.Context(), pool); !errors.Is(err, ErrDeposed) {
		t.Errorf("a write of the former leader of a lane: %v", err)
	}
	if err := other.Fence(t.Context(), pool); err != nil {
		t.Errorf("the leader of the other lane is refused: %v", err)
	}
	do(t, pool, `update leadership set holder = 'another', epoch = epoch + 1, expires_at = now() + interval '1 hour' where job = 'job'`)
	if err := other.Fence(t.Context(), pool); !errors.Is(err, ErrDeposed) {
		t.Errorf("a write under the former number of lanes: %v", err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestLeasesOfFormerLanesAreNoJobs: nobody is missing who would lead them.
func TestLeasesOfFormerLanesAreNoJobs(t *testing.T) {
	t.Parallel()
	holders := map[string]string{"consume x": "2 lanes", "consume y": "host/1/id"}
	for job, want := range map[string]bool{
		"consume x": true, "consume x 1/2": true, "consume x 1/4": false, "consume x asked for": false,
		"consume y": true, "consume y 1/2": false, "outbox:payments": true,
	} {
		if got := IsJob(job, holders); got != want {
			t.Errorf("%s: %v", job, got)
		}
	}
}
