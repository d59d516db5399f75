package ledger

import (
	"context"
	"fmt"
	"sync"
)

// gate lets a few calls of each merchant in at a time. They would wait for each other at the merchant's counter, each with a
// connection in its hand: a burst of one merchant would leave none for the others.
type gate struct {
	mu     sync.Mutex
	queues map[Who]*queue
}

type queue struct {
	turns chan struct{}
	users int
}

// turnsPerMerchant is how many calls of one merchant may be at the database: one that writes and one that is ready to.
const turnsPerMerchant = 2

// enter waits for a turn and returns how to end it.
func (g *gate) enter(ctx context.Context, who Who) (leave func(), err error) {
	g.mu.Lock()
	if g.queues == nil {
		g.queues = make(map[Who]*queue)
	}
	q := g.queues[who]
	if q == nil {
		q = &queue{turns: make(chan struct{}, turnsPerMerchant)}
		g.queues[who] = q
	}
	q.users++
	g.mu.Unlock()
	select {
	case q.turns <- struct{}{}:
		return func() { <-q.turns; g.forget(who, q) }, nil
	case <-ctx.Done():
		g.forget(who, q)
		return nil, fmt.Errorf("wait for a turn: %w", ctx.Err())
	}
}

// forget drops the queue of a merchant that nobody uses.
func (g *gate) forget(who Who, q *queue) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if q.users--; q.users == 0 {
		delete(g.queues, who)
	}
}
