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
	limit int

	mu  sync.Mutex
	bad map[string]condition
	// row counts failures in a row that may not be in the database yet, so that a flood does not run into a dead endpoint
	// while the first results are being written.
	row map[string]int
}

func newHealth(limit int) *health {
	return &health{limit: limit, bad: make(map[string]condition), row: make(map[string]int)}
}

// count takes note of an attempt that has ended just now.
func (h *health) count(endpointID string, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if ok {
		delete(h.row, endpointID)
	} else {
		h.row[endpointID]++
	}
}

// held reports whether nothing but a probe may be sent to the endpoint now.
func (h *health) held(endpointID string, now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	c, ok := h.bad[endpointID]
	return h.row[endpointID] >= h.limit || ok && (c.tripped || now.Before(c.pausedUntil))
}

// known are the endpoints that something is known of.
func (h *health) known() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	list := make([]string, 0, len(h.bad))
	for id := range h.bad {
		list = append(list, id)
	}
	for id := range h.row {
		if _, listed := h.bad[id]; !listed {
			list = append(list, id)
		}
	}
	return list
}

// learn replaces what is known of the endpoints asked for; who is not in found is well.
func (h *health) learn(asked []string, found []condition) {
	h.mu.Lock()
	defer h.mu.Unlock()
	ill := make(map[string]bool, len(found))
	for _, c := range found {
		ill[c.endpoint] = true
	}
	for _, id := range asked {
		delete(h.bad, id)
		if !ill[id] {
			delete(h.row, id)
		}
	}
	for _, c := range found {
		if c.tripped || !c.pausedUntil.IsZero() {
			h.bad[c.endpoint] = c
		}
	}
}
