package ledger

import (
	"context"
	"fmt"
	"sync"
)

// gate limits the concurrent calls of each merchant. They would block each other at the merchant's counter while holding a
// connection each, so a burst from one merchant would exhaust the pool.
type gate struct {
	mu     sync.Mutex
	queues map[Who]*queue
}

type queue struct {
	turns chan struct{}
	users int
}

// turnsPerMerchant is the number of concurrent calls per merchant: one that writes and one that is ready to.
const turnsPerMerchant = 2

// enter waits for a turn; leave ends it.
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

// forget deletes the queue of a merchant without calls.
func (g *gate) forget(who Who, q *queue) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if q.users--; q.users == 0 {
		delete(g.queues, who)
	}
}
