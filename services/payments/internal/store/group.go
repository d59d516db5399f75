package store

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/run/trace"
)

// group commits the work of several callers in one transaction. A commit costs the same for one payment as for many, so under
// load this determines the throughput of the database. A single caller does not wait.
//
// Work in a group must not depend on other work in it and must be idempotent: if the transaction fails, each caller repeats its
// own work alone.
type group struct {
	pool *pgxpool.Pool
	// units is unbuffered: a worker answers every unit it receives, so no caller is left waiting when the workers end.
	units   chan *unit
	running atomic.Bool
	ended   chan struct{}
}

// unit is the work of one caller: the statements that it queues.
type unit struct {
	queue func(*pgx.Batch)
	done  chan error
	// span is the wait for the commit, and trace names it.
	span  trace.Span
	trace string
}

const (
	groupWorkers = 2 // one collects while the other commits
	groupSize    = 64
	groupTime    = 10 * time.Second
)

// errGroupFailed tells a caller that its group failed.
var errGroupFailed = errors.New("the group failed")

func newGroup(pool *pgxpool.Pool) *group {
	return &group{pool: pool, units: make(chan *unit), ended: make(chan struct{})}
}

// run commits groups until ctx ends. Without it every caller commits alone.
func (g *group) run(ctx context.Context) {
	g.running.Store(true)
	var workers sync.WaitGroup
	for range groupWorkers {
		workers.Go(func() { g.work(ctx) })
	}
	workers.Wait()
	close(g.ended)
}

func (g *group) work(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case first := <-g.units:
			g.commit(ctx, g.fill(first))
		}
	}
}

// fill takes the waiting units without waiting for more.
func (g *group) fill(first *unit) []*unit {
	units := []*unit{first}
	for len(units) < groupSize {
		select {
		case u := <-g.units:
			units = append(units, u)
		default:
			return units
		}
	}
	return units
}

func (g *group) commit(ctx context.Context, units []*unit) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), groupTime)
	defer cancel()
	ctx, span := shared(ctx, units)
	b := &pgx.Batch{} // one implicit transaction
	for _, u := range units {
		u.queue(b)
	}
	err := g.pool.SendBatch(ctx, b).Close()
	span.End(err)
	if err != nil && len(units) > 1 {
		err = errGroupFailed
	}
	for _, u := range units {
		u.done <- err
	}
}

// shared returns the context of a commit: within the trace of its only caller, or, for several, in a trace of its own, which those of the
// callers and it are linked to.
func shared(ctx context.Context, units []*unit) (context.Context, trace.Span) {
	if len(units) == 1 {
		return trace.Within(ctx, units[0].trace), trace.Span{}
	}
	causes := make([]string, len(units))
	for i, u := range units {
		causes[i] = u.trace
	}
	ctx, span := trace.Root(ctx, causes, trace.Internal, "commit group", trace.Batch(len(units)))
	for _, u := range units {
		u.span.Link(trace.Parent(ctx))
	}
	return ctx, span
}

// do commits the statements that queue adds to a batch, together with other callers if there are any.
func (g *group) do(ctx context.Context, queue func(*pgx.Batch)) error {
	if !g.running.Load() {
		return g.commitAlone(ctx, queue)
	}
	within, span := trace.Start(ctx, trace.Internal, "commit")
	u := &unit{queue: queue, done: make(chan error, 1), span: span, trace: trace.Parent(within)}
	err := errGroupFailed
	select {
	case g.units <- u:
		err = <-u.done
	case <-g.ended:
	case <-ctx.Done():
		err = ctx.Err()
	}
	if errors.Is(err, errGroupFailed) {
		err = g.commitAlone(within, queue)
	}
	span.End(err)
	return err
}

func (g *group) commitAlone(ctx context.Context, queue func(*pgx.Batch)) error {
	b := &pgx.Batch{}
	queue(b)
	return g.pool.SendBatch(ctx, b).Close()
}
