package due

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const lease = time.Minute

// table has rows with a due time, as a database would.
type table struct {
	mu     sync.Mutex
	due    map[int]time.Time
	claims int
	fails  error
	slow   time.Duration
	// working and most count the rows in progress.
	working, most, done int
	takes               time.Duration
	broken              atomic.Int64
}

func newTable(rows int) *table {
	t := &table{due: map[int]time.Time{}}
	for i := range rows {
		t.due[i] = time.Now()
	}
	return t
}

func (t *table) claim(_ context.Context, limit int) (rows []int, err error) {
	now := time.Now()
	time.Sleep(t.slow)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.slow = 0
	t.claims++
	if t.fails != nil {
		return nil, t.fails
	}
	for id, at := range t.due {
		if len(rows) < limit && !at.After(now) {
			t.due[id] = now.Add(lease)
			rows = append(rows, id)
		}
	}
	return rows, nil
}

func (t *table) work(ctx context.Context, id int) {
	t.mu.Lock()
	if ctx.Err() != nil {
		t.mu.Unlock()
		return
	}
	t.working++
	t.most = max(t.most, t.working)
	t.mu.Unlock()
	select {
	case <-ctx.Done():
		t.broken.Add(1)
	case <-time.After(t.takes):
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.working--
	if ctx.Err() == nil {
		delete(t.due, id)
		t.done++
	}
}

func (t *table) loop(atOnce int) *Loop[int] {
	return New(Config[int]{
		What: "rows", Every: time.Second, AtOnce: atOnce, Within: lease * 9 / 10, Grace: 10 * time.Second,
		Claim: t.claim, Do: t.work, Log: slog.New(slog.DiscardHandler),
	})
}

// running runs the loop until the returned function is called, which waits for its end.
func running(t *testing.T, l *Loop[int]) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- l.Run(ctx) }()
	return func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

func TestAllDueRowsAreProcessedWithinTheConcurrencyLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rows := newTable(100)
		rows.takes = 10 * time.Millisecond
		stop := running(t, rows.loop(8))
		time.Sleep(500 * time.Millisecond) // less than Every: the end of work makes the next begin
		synctest.Wait()
		stop()
		if rows.done != 100 || rows.most != 8 {
			t.Errorf("%d rows done, %d at a time", rows.done, rows.most)
		}
	})
}

func TestADueRowIsFoundByPollingOrANudge(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rows := newTable(0)
		l := rows.loop(1)
		stop := running(t, l)
		defer stop()
		add := func() {
			rows.mu.Lock()
			defer rows.mu.Unlock()
			rows.due[len(rows.due)] = time.Now()
		}
		time.Sleep(100 * time.Millisecond)
		add()
		synctest.Wait()
		if rows.done != 0 {
			t.Error("found without a look")
		}
		l.Nudge()
		synctest.Wait()
		if rows.done != 1 {
			t.Error("not found when nudged")
		}
		add()
		time.Sleep(time.Second)
		synctest.Wait()
		if rows.done != 2 {
			t.Error("not found in its time")
		}
	})
}

func TestABusyLoopClaimsOnlyWhatItHasSlotsFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rows := newTable(4)
		stop := running(t, rows.loop(8))
		time.Sleep(999 * time.Millisecond)
		synctest.Wait()
		stop()
		if rows.claims != 1 {
			t.Errorf("%d looks for four rows in a second", rows.claims)
		}
	})
}

func TestWorkInProgressIsCompletedWhenTheLoopStops(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rows := newTable(1)
		rows.takes = 9 * time.Second
		stop := running(t, rows.loop(1))
		synctest.Wait()
		stop()
		if rows.done != 1 {
			t.Error("broken off within the grace")
		}
		rows = newTable(1)
		rows.takes = 20 * time.Second
		stop = running(t, rows.loop(1))
		synctest.Wait()
		begun := time.Now()
		stop()
		if took := time.Since(begun); rows.broken.Load() != 1 || took != 10*time.Second {
			t.Errorf("%d broken off after %s", rows.broken.Load(), took)
		}
	})
}

func TestWorkEndsBeforeItsLease(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rows := newTable(1)
		rows.takes = time.Hour
		stop := running(t, rows.loop(1))
		time.Sleep(lease * 9 / 10)
		synctest.Wait()
		if rows.broken.Load() != 1 {
			t.Error("it goes on")
		}
		rows.mu.Lock()
		rows.takes = 0
		rows.mu.Unlock()
		time.Sleep(lease)
		synctest.Wait()
		stop()
		if rows.done != 1 {
			t.Error("not due again")
		}
	})
}

// TestARowWhoseClaimTookTooLongIsNotProcessed: another process may have claimed it.
func TestARowWhoseClaimTookTooLongIsNotProcessed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rows := newTable(1)
		rows.slow = lease
		l := rows.loop(1)
		if _, err := l.round(t.Context(), t.Context()); err != nil {
			t.Error(err)
		}
		l.running.Wait()
		if rows.done != 0 {
			t.Error("worked on after its lease")
		}
		if n, err := l.Once(t.Context()); n != 1 || err != nil || rows.done != 1 {
			t.Errorf("then: %d, %v; %d done", n, err, rows.done)
		}
	})
}

func TestAFailedClaimIsRetried(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rows := newTable(1)
		rows.fails = errors.New("the database is away")
		stop := running(t, rows.loop(1))
		synctest.Wait()
		rows.mu.Lock()
		rows.fails = nil
		rows.mu.Unlock()
		time.Sleep(time.Second)
		synctest.Wait()
		stop()
		if rows.done != 1 {
			t.Error("not repeated")
		}
	})
}

func TestOnceProcessesAllDueRows(t *testing.T) {
	t.Parallel()
	rows := newTable(20)
	l := rows.loop(3)
	if n, err := l.Once(t.Context()); n != 20 || err != nil || rows.done != 20 || rows.most > 3 {
		t.Errorf("%d, %v; %d done, %d at a time", n, err, rows.done, rows.most)
	}
	if n, err := l.Once(t.Context()); n != 0 || err != nil {
		t.Errorf("again: %d, %v", n, err)
	}
	rows.fails = errors.New("the database is away")
	if _, err := l.Once(t.Context()); !errors.Is(err, rows.fails) {
		t.Errorf("failing: %v", err)
	}
}

func TestEveryCallsAtOnceAndThenPeriodicallyAlsoAfterAnError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		calls := 0
		go Every(ctx, time.Minute, "purge", slog.New(slog.DiscardHandler), func(context.Context) error {
			calls++
			return errors.New("not today")
		})
		time.Sleep(2*time.Minute + time.Second)
		cancel()
		synctest.Wait()
		if calls != 3 {
			t.Errorf("%d calls", calls)
		}
	})
}
