package delivery

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"

	"european-pay.eu/eupay/internal/due"
)

const (
	// heartbeatEvery is the interval of heartbeats.
	heartbeatEvery = time.Second
	// deadAfter is the time without a heartbeat after which others take over a process's leases. It must be exceeded at two
	// checks, a second apart, so deliveries continue within ten seconds.
	deadAfter = 7 * time.Second
)

// liveness tracks the heartbeats of this process. A lease lasts a minute in its row, the longest that a delivery may stay in
// memory, but ends early if the process sends no heartbeats.
type liveness struct {
	mu         sync.Mutex
	id         string
	registered bool
	// lastBeat is when the database last accepted a heartbeat, by the monotonic clock.
	lastBeat time.Time
	// suspects are processes that were silent for too long at the last check, with their last heartbeat.
	suspects map[string]time.Time
}

func newLiveness() *liveness { return &liveness{id: uuid.NewString(), lastBeat: time.Now()} }

// owner identifies this process in leases.
func (v *liveness) owner() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.id
}

// holds reports whether this process still holds leases under that name. Leases under a previous name were taken over.
func (v *liveness) holds(lessee string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return lessee == v.id && time.Since(v.lastBeat) < deadAfter
}

// watch sends heartbeats and takes over from dead processes, until ctx ends.
func (e *Engine) watch(ctx context.Context) error {
	due.Every(ctx, heartbeatEvery, "heartbeat", e.log, e.watchOnce)
	return nil
}

func (e *Engine) watchOnce(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, deadAfter)
	defer cancel()
	if err := e.heartbeat(ctx); err != nil {
		return err
	}
	return e.takeOverDead(ctx)
}

// heartbeat sends a heartbeat. If the others have declared this process dead (because it was disconnected), it continues under a
// new name and without its leases.
func (e *Engine) heartbeat(ctx context.Context) error {
	v, began := e.liveness, time.Now()
	v.mu.Lock()
	id, known := v.id, v.registered
	v.mu.Unlock()
	if known {
		alive, err := recordHeartbeat(ctx, e.db, id, e.now())
		if err != nil {
			return err
		}
		if !alive {
			e.log.Warn("declared dead by other processes, continuing under a new name", "before", id)
			id = uuid.NewString()
		}
		known = alive
	}
	if !known {
		if err := registerWorker(ctx, e.db, id, e.now()); err != nil {
			return err
		}
	}
	v.mu.Lock()
	v.id, v.registered, v.lastBeat = id, true, began
	v.mu.Unlock()
	return nil
}

// takeOverDead takes over from processes that were silent for too long at this and the previous check. The second check is needed
// because after a clock jump all processes look dead once.
func (e *Engine) takeOverDead(ctx context.Context) error {
	silent, err := silentWorkers(ctx, e.db, e.liveness.owner(), e.now().Add(-deadAfter))
	if err != nil {
		return err
	}
	dead := make(map[string]time.Time)
	for id, at := range silent {
		if before, ok := e.liveness.suspects[id]; ok && before.Equal(at) {
			dead[id] = at
		}
	}
	e.liveness.suspects = silent // used only by watch
	if len(dead) == 0 {
		return nil
	}
	n, err := takeOverLeases(ctx, e.db, dead)
	if err != nil {
		return err
	}
	e.log.Info("took over the leases of dead processes", "processes", len(dead), "deliveries", n)
	e.Wake()
	return nil
}
