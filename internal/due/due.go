// Package due works on rows that have a due time, in any number of processes at once. The SQL stays beside its table: a claim there moves the
// due time ahead, so that it is a lease, too, and a process that dies loses nothing. What is the same everywhere is here: when to
// look, how much to take, how long the work may last, and what becomes of it when the process stops.
package due

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// claimWithin bounds one look for due rows.
const claimWithin = 10 * time.Second

// Config of a loop over rows of type T. Everything but Grace is required.
type Config[T any] struct {
	// What the rows are, for the log: "push messages".
	What string
	// Every is how long a due row may go unnoticed; Nudge makes it sooner.
	Every time.Duration
	// AtOnce is how many rows are worked on at a time.
	AtOnce int
	// Within bounds the work on a row, counted from before its claim: the lease that the claim takes must be longer.
	Within time.Duration
	// Grace is how long work may go on once Run was told to end; then it is broken off, and the row is due again when its lease ends.
	Grace time.Duration
	// Claim takes at most limit rows that are due and moves their due time ahead. It is never called twice at a time. Rows that it returns
	// beside an error are worked on.
	Claim func(ctx context.Context, limit int) ([]T, error)
	// Do works on a row and records what came of it. It reports its own errors. Its context has ended already when the claim took too
	// long: somebody else may have the row by then.
	Do  func(ctx context.Context, row T)
	Log *slog.Logger
}

// Loop finds due rows and works on them.
type Loop[T any] struct {
	Config[T]
	nudged  chan struct{}
	slots   chan struct{}
	running sync.WaitGroup
	// claiming lets one claim happen at a time; more says that the last one left rows behind.
	claiming sync.Mutex
	more     atomic.Bool
}

// New returns a loop that is not running yet.
func New[T any](c Config[T]) *Loop[T] {
	return &Loop[T]{Config: c, nudged: make(chan struct{}, 1), slots: make(chan struct{}, c.AtOnce)}
}

// Nudge says that there may be a due row. It never blocks.
func (l *Loop[T]) Nudge() {
	select {
	case l.nudged <- struct{}{}:
	default:
	}
}

// Run works on what is due until ctx ends and what was begun is finished. It may run once.
func (l *Loop[T]) Run(ctx context.Context) error {
	work, breakOff := context.WithCancel(context.WithoutCancel(ctx))
	defer breakOff()
	tick := time.NewTicker(l.Every)
	defer tick.Stop()
	for {
		if _, err := l.round(ctx, work); err != nil && ctx.Err() == nil {
			l.Log.Warn("look for due "+l.What, "error", err)
		}
		select {
		case <-ctx.Done():
			late := time.AfterFunc(l.Grace, breakOff)
			defer late.Stop()
			l.running.Wait()
			return nil
		case <-tick.C:
		case <-l.nudged:
		}
	}
}

// Once works on everything that is due now, waits for it, and returns how many rows it was.
func (l *Loop[T]) Once(ctx context.Context) (total int, err error) {
	for {
		n, err := l.round(ctx, ctx)
		l.running.Wait()
		total += n
		if err != nil || n == 0 || !l.more.Load() {
			return total, err
		}
	}
}

// round starts the work on what is due as long as there is room, and returns how much it started.
func (l *Loop[T]) round(ctx, work context.Context) (started int, err error) {
	l.claiming.Lock()
	defer l.claiming.Unlock()
	for ctx.Err() == nil {
		free := cap(l.slots) - len(l.slots)
		if free == 0 {
			return started, nil // the end of what is under way nudges
		}
		begun := time.Now()
		rows, err := l.claim(ctx, free)
		l.more.Store(err == nil && len(rows) >= free)
		for _, row := range rows {
			l.start(work, begun, row)
		}
		started += len(rows)
		if err != nil || len(rows) < free {
			return started, err
		}
	}
	return started, ctx.Err()
}

func (l *Loop[T]) claim(ctx context.Context, limit int) ([]T, error) {
	ctx, cancel := context.WithTimeout(ctx, claimWithin)
	defer cancel()
	return l.Claim(ctx, limit)
}

func (l *Loop[T]) start(ctx context.Context, begun time.Time, row T) {
	l.slots <- struct{}{}
	l.running.Go(func() {
		defer func() {
			<-l.slots
			if l.more.Load() {
				l.Nudge()
			}
		}()
		ctx, cancel := context.WithDeadline(ctx, begun.Add(l.Within))
		defer cancel()
		l.Do(ctx, row)
	})
}
