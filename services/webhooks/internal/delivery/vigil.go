package delivery

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"

	"european-pay.eu/eupay/internal/due"
)

const (
	// beatEvery is how often a process shows that it lives.
	beatEvery = time.Second
	// silence is how long one may not be seen before the others give its leases away. With two looks at it, a second apart,
	// what it had in hand goes on within ten seconds.
	silence = 7 * time.Second
)

// vigil is the sign of life of this process. Its leases are good as long as the others see it: they last a minute in their
// rows, which is the most that a delivery may lie in memory, and end with the process.
type vigil struct {
	mu         sync.Mutex
	id         string
	registered bool
	// beaten is when the database last took the sign, by the clock that nobody sets.
	beaten time.Time
	// suspects are processes that were not seen for too long at the last look, and when they had been seen.
	suspects map[string]time.Time
}

func newVigil() *vigil { return &vigil{id: uuid.NewString(), beaten: time.Now()} }

// owner names this process in leases.
func (v *vigil) owner() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.id
}

// holds reports whether a lease under that name is ours still. One of a name that we had before was given away.
func (v *vigil) holds(lessee string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return lessee == v.id && time.Since(v.beaten) < silence
}

// watch shows that this process lives, and takes over from those that do not, until ctx ends.
func (e *Engine) watch(ctx context.Context) error {
	due.Every(ctx, beatEvery, "sign of life", e.log, e.watchOnce)
	return nil
}

func (e *Engine) watchOnce(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, silence)
	defer cancel()
	if err := e.beat(ctx); err != nil {
		return err
	}
	return e.inherit(ctx)
}

// beat writes the sign of life. Where the others took this process for dead (it was cut off) it goes on under a new name:
// what it held is theirs.
func (e *Engine) beat(ctx context.Context) error {
	v, began := e.vigil, time.Now()
	v.mu.Lock()
	id, known := v.id, v.registered
	v.mu.Unlock()
	if known {
		alive, err := seen(ctx, e.db, id, e.now())
		if err != nil {
			return err
		}
		if !alive {
			e.log.Warn("other processes took this one for dead: it goes on under a new name", "before", id)
			id = uuid.NewString()
		}
		known = alive
	}
	if !known {
		if err := enlist(ctx, e.db, id, e.now()); err != nil {
			return err
		}
	}
	v.mu.Lock()
	v.id, v.registered, v.beaten = id, true, began
	v.mu.Unlock()
	return nil
}

// inherit gives away what those had in hand who were not seen for too long, both now and at the last look: a clock that
// jumped makes everybody look dead once.
func (e *Engine) inherit(ctx context.Context) error {
	silent, err := unseen(ctx, e.db, e.vigil.owner(), e.now().Add(-silence))
	if err != nil {
		return err
	}
	gone := make(map[string]time.Time)
	for id, at := range silent {
		if before, ok := e.vigil.suspects[id]; ok && before.Equal(at) {
			gone[id] = at
		}
	}
	e.vigil.suspects = silent // only watch uses it
	if len(gone) == 0 {
		return nil
	}
	n, err := succeed(ctx, e.db, gone)
	if err != nil {
		return err
	}
	e.log.Info("took over from processes that died", "processes", len(gone), "deliveries", n)
	e.Wake()
	return nil
}
