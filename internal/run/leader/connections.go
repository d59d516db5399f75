package leader

import (
	"context"
	"fmt"
	"sync"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Connections is how many connections the leaders of one pool share: two, so that a renewal that waits for a lock does not delay
// those of other jobs. They come in addition to the pool's own, so that an exhausted pool ends no leadership.
const Connections = 2

// shared are the leaders' connections beside each pool that has candidates.
var shared = struct {
	sync.Mutex
	beside map[*pgxpool.Pool]*connections
}{beside: make(map[*pgxpool.Pool]*connections)}

// connections are used by a number of candidates, and closed with the last.
type connections struct {
	pool       *pgxpool.Pool
	candidates int
	*tender
}

// beside returns the leaders' connections of a pool, and a function that gives them back.
func beside(ctx context.Context, pool *pgxpool.Pool) (*connections, func(), error) {
	shared.Lock()
	defer shared.Unlock()
	c := shared.beside[pool]
	if c == nil {
		cfg := pool.Config()
		cfg.MaxConns, cfg.MinConns, cfg.MinIdleConns = Connections, 0, 0
		own, err := pgxpool.NewWithConfig(context.WithoutCancel(ctx), cfg)
		if err != nil {
			return nil, nil, fmt.Errorf("open the leaders' connections: %w", err)
		}
		c = &connections{pool: own, tender: tend(ctx, own)}
		shared.beside[pool] = c
	}
	c.candidates++
	return c, func() { giveBack(pool) }, nil
}

func giveBack(pool *pgxpool.Pool) {
	shared.Lock()
	defer shared.Unlock()
	c := shared.beside[pool]
	if c.candidates--; c.candidates == 0 {
		delete(shared.beside, pool)
		c.close()
		c.pool.Close()
	}
}
