// Package due processes rows that have a due time, in any number of processes at once. The SQL stays beside its table: its claim
// moves the due time ahead, which makes it a lease, so a process that dies loses nothing. This package implements what is common:
// when to poll, how many rows to claim, the deadline of the work, and shutdown.
package due

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"european-pay.eu/eupay/internal/run/trace"
)

// claimWithin is the deadline of one claim.
const claimWithin = 10 * time.Second

// Config of a loop over rows of type T. Everything but Grace, Cause and Watch is required.
type Config[T any] struct {
	// What names the rows in the log: "push messages".
	What string
	// Every is how long a due row may go unnoticed. Nudge shortens it.
	Every time.Duration
	// AtOnce is how many rows are processed concurrently.
	AtOnce int
	// Within is the deadline for processing a row, counted from before its claim. The lease of the claim must be longer.
	Within time.Duration
	// Grace is how long work may continue after Run was told to end. Then it is cancelled, and the row is due again when its
	// lease ends.
	Grace time.Duration
	// Claim claims at most limit due rows and moves their due time ahead. Calls never overlap. Rows that it returns together with
	// an error are processed.
	Claim func(ctx context.Context, limit int) ([]T, error)
	// Do processes a row, records the result and logs its own errors. If the claim took too long, its context has already ended,
	// because another process may have claimed the row.
	Do func(ctx context.Context, row T)
	// Cause returns the traceparent of what made the row. The work on a row is a trace of its own, which is linked to it.
	Cause func(row T) string
	// Watch lets the loop share its polling with others of its database.
	Watch Watch
	Log   *slog.Logger
}

// Loop claims due rows and processes them.
type Loop[T any] struct {
	Config[T]
	nudged  chan struct{}
	slots   chan struct{}
	running sync.WaitGroup
	// claiming serialises claims; more is set when the last claim left due rows behind.
	claiming sync.Mutex
	more     atomic.Bool
}

// New returns a loop. Call Run to start it.
func New[T any](c Config[T]) *Loop[T] {
	return &Loop[T]{Config: c, nudged: make(chan struct{}, 1), slots: make(chan struct{}, c.AtOnce)}
}

// Nudge signals that a row may be due. It never blocks.
func (l *Loop[T]) Nudge() {
	select {
	case l.nudged <- struct{}{}:
	default:
	}
}

// Run processes due rows until ctx ends, and then completes the work in progress. Call it once.
func (l *Loop[T]) Run(ctx context.Context) error {
	work, breakOff := context.WithCancel(context.WithoutCancel(ctx))
	defer breakOff()
	every := l.Every
	if l.Watch.isSet() {
		defer watch(l.Watch, l.Every, l.Nudge)()
		every = max(every, restEvery)
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if _, err := l.round(ctx, work); err != nil && ctx.Err() == nil {
			l.Log.Warn("look for due "+l.What, "error", err)
		}
		select {
		case <-ctx.Done():
			graceTimer := time.AfterFunc(l.Grace, breakOff)
			defer graceTimer.Stop()
			l.running.Wait()
			return nil
		case <-tick.C:
		case <-l.nudged:
		}
	}
}

// Once processes all rows that are due now, waits for them, and returns their number.
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

// round starts processing due rows while slots are free, and returns how many it started.
func (l *Loop[T]) round(ctx, work context.Context) (started int, err error) {
	l.claiming.Lock()
	defer l.claiming.Unlock()
	for ctx.Err() == nil {
		free := cap(l.slots) - len(l.slots)
		if free == 0 {
			return started, nil // finished work nudges the loop
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
		ctx, span := trace.Root(ctx, l.causes(row), trace.Internal, "due "+l.What)
		defer span.End(nil)
		l.Do(ctx, row)
	})
}

func (l *Loop[T]) causes(row T) []string {
	if l.Cause == nil {
		return nil
	}
	return []string{l.Cause(row)}
}
