package delivery

import (
	"sync"
	"time"
)

// Breaker says when an endpoint is left in peace.
type Breaker struct {
	// Failures in a row, over all its deliveries, that open it.
	Failures int
	// Pause is how long it stays open the first time; each probe that fails doubles that, up to Longest.
	Pause, Longest time.Duration
}

// condition of an endpoint that does not answer well, as the database has it.
type condition struct {
	endpoint     string
	tripped      bool
	pausedUntil  time.Time
	failingSince time.Time
}

// health is what this process knows of such endpoints. The truth, shared by all processes, is in the database.
type health struct {
	mu  sync.Mutex
	bad map[string]condition
}

func newHealth() *health { return &health{bad: make(map[string]condition)} }

// held reports whether nothing but a probe may be sent to the endpoint now.
func (h *health) held(endpointID string, now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	c, ok := h.bad[endpointID]
	return ok && (c.tripped || now.Before(c.pausedUntil))
}

// known are the endpoints that something is known of.
func (h *health) known() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	list := make([]string, 0, len(h.bad))
	for id := range h.bad {
		list = append(list, id)
	}
	return list
}

// learn replaces what is known of the endpoints asked for; who is not in found is well.
func (h *health) learn(asked []string, found []condition) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, id := range asked {
		delete(h.bad, id)
	}
	for _, c := range found {
		if c.tripped || !c.pausedUntil.IsZero() {
			h.bad[c.endpoint] = c
		}
	}
}
