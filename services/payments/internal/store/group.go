package store

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// group commits the work of several callers in one transaction. A commit costs the same for one payment as for many, so
// under load this is most of what the database can do; a lone caller waits for nobody.
//
// Work in a group must not depend on other work in it and must be safe to repeat: when a transaction fails, for
// whatever reason, each caller does its own work again, alone.
type group struct {
	pool *pgxpool.Pool
	// units has no buffer: what a worker received it answers, and after the workers ended nobody is left waiting.
	units   chan *unit
	running atomic.Bool
	ended   chan struct{}
}

// unit is the work of one caller: the statements that it queues.
type unit struct {
	queue func(*pgx.Batch)
	done  chan error
}

const (
	groupWorkers = 2 // one collects while the other commits
	groupSize    = 64
	groupTime    = 10 * time.Second
)

// errAlone tells a caller that its group failed.
var errAlone = errors.New("the group failed")

func newGroup(pool *pgxpool.Pool) *group {
	return &group{pool: pool, units: make(chan *unit), ended: make(chan struct{})}
}

// run commits groups until ctx ends. Without it every caller works alone.
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

// fill takes what is waiting, without waiting itself.
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
	b := &pgx.Batch{} // one implicit transaction
	for _, u := range units {
		u.queue(b)
	}
	err := g.pool.SendBatch(ctx, b).Close()
	if err != nil && len(units) > 1 {
		err = errAlone
	}
	for _, u := range units {
		u.done <- err
	}
}

// do commits what queue puts into a batch, with others when there are any.
func (g *group) do(ctx context.Context, queue func(*pgx.Batch)) error {
	if !g.running.Load() {
		return g.alone(ctx, queue)
	}
	u := &unit{queue: queue, done: make(chan error, 1)}
	select {
	case g.units <- u:
		if err := <-u.done; !errors.Is(err, errAlone) {
			return err
		}
	case <-g.ended:
	case <-ctx.Done():
		return ctx.Err()
	}
	return g.alone(ctx, queue)
}

func (g *group) alone(ctx context.Context, queue func(*pgx.Batch)) error {
	b := &pgx.Batch{}
	queue(b)
	return g.pool.SendBatch(ctx, b).Close()
}
