package delivery

import (
	"strings"
	"sync"
	"time"
)

// Breaker configures the circuit breaker of one event type at one endpoint, which holds back retries.
type Breaker struct {
	// Failures is the number of consecutive failures, over all deliveries of the type to the endpoint, that open it.
	Failures int
	// Pause is how long it stays open at first. Each failed probe doubles it, up to Longest.
	Pause, Longest time.Duration
	// Trial is how long a probe in progress excludes another one.
	Trial time.Duration
}

// kind is one event type at one endpoint. Each has its own breaker: a handler that fails for one type says nothing about the
// others.
type kind struct{ Endpoint, Event string }

// condition is the state of an unhealthy kind in the database. With an empty event it is that of the endpoint as a whole: since
// when nothing has succeeded, and until when it asked for a pause.
type condition struct {
	kind
	tripped      bool
	pausedUntil  time.Time
	failingSince time.Time
	failures     int
}

// endpointHealth is what this process knows about an unhealthy endpoint.
type endpointHealth struct {
	pausedUntil time.Time
	// warnCheckedAt is when this process last checked whether the merchant must be warned.
	warnCheckedAt time.Time
	open          map[string]bool
	// failuresInRow counts consecutive failures by type that may not be in the database yet, so that a burst of retries does not
	// hit a dead endpoint while the first results are being written.
	failuresInRow map[string]int
}

// health is what this process knows about unhealthy endpoints. The authoritative state, shared by all processes, is in the
// database.
type health struct {
	limit int

	mu        sync.Mutex
	endpoints map[string]*endpointHealth
}

func newHealth(limit int) *health {
	return &health{limit: limit, endpoints: make(map[string]*endpointHealth)}
}

// countAttempt records the result of an attempt that has just ended.
func (h *health) countAttempt(k kind, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !ok {
		h.entry(k.Endpoint).failuresInRow[k.Event]++
	} else if p := h.endpoints[k.Endpoint]; p != nil {
		delete(p.failuresInRow, k.Event)
	}
}

func (h *health) entry(endpointID string) *endpointHealth {
	p := h.endpoints[endpointID]
	if p == nil {
		p = &endpointHealth{failuresInRow: make(map[string]int)}
		h.endpoints[endpointID] = p
	}
	return p
}

// pause records until when the endpoint asked for a pause.
func (h *health) pause(endpointID string, until time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.entry(endpointID).pausedUntil = until
}

// breakerOpen reports whether the breaker of the kind is open: then only probes and first attempts are sent.
func (h *health) breakerOpen(k kind) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := h.endpoints[k.Endpoint]
	return p != nil && (p.open[k.Event] || p.failuresInRow[k.Event] >= h.limit)
}

// warnDue reports whether it is time to check if the endpoint's merchant must be warned: an hour after the last check.
func (h *health) warnDue(endpointID string, now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := h.entry(endpointID)
	if !p.warnCheckedAt.IsZero() && now.Sub(p.warnCheckedAt) < time.Hour {
		return false
	}
	p.warnCheckedAt = now
	return true
}

// paused reports whether the endpoint asked for a pause that has not ended.
func (h *health) paused(endpointID string, now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := h.endpoints[endpointID]
	return p != nil && now.Before(p.pausedUntil)
}

// isUnhealthy reports whether this process knows the endpoint to be unhealthy.
func (h *health) isUnhealthy(endpointID string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.endpoints[endpointID] != nil
}

// unhealthy returns the endpoints that this process knows to be unhealthy.
func (h *health) unhealthy() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	list := make([]string, 0, len(h.endpoints))
	for id := range h.endpoints {
		list = append(list, id)
	}
	return list
}

// update replaces the state of the endpoints that were read; a kind that is not in found is healthy.
func (h *health) update(asked []string, found []condition) {
	h.mu.Lock()
	defer h.mu.Unlock()
	unhealthy := make(map[string][]condition, len(found))
	for _, c := range found {
		unhealthy[c.Endpoint] = append(unhealthy[c.Endpoint], c)
	}
	for _, id := range asked {
		before := h.endpoints[id]
		delete(h.endpoints, id)
		if len(unhealthy[id]) > 0 {
			h.endpoints[id] = merge(before, unhealthy[id])
		}
	}
}

// merge keeps of the previous counts only those of kinds that still fail.
func merge(before *endpointHealth, list []condition) *endpointHealth {
	p := &endpointHealth{open: make(map[string]bool), failuresInRow: make(map[string]int)}
	if before != nil {
		p.warnCheckedAt = before.warnCheckedAt
	}
	for _, c := range list {
		switch {
		case c.Event == "":
			p.pausedUntil = c.pausedUntil
		case c.tripped:
			p.open[c.Event] = true
		}
		if before != nil && c.Event != "" && before.failuresInRow[c.Event] > 0 {
			p.failuresInRow[c.Event] = before.failuresInRow[c.Event]
		}
	}
	return p
}

// queueName returns the in-memory queue of a delivery. Deliveries of an open breaker have a queue of their own, so that an event
// type for which the endpoint hangs does not delay other types.
func (e *Engine) queueName(j Job) string {
	if j.EventType != TestEvent && e.health.breakerOpen(j.kind()) {
		return j.EndpointID + heldSeparator + j.EventType
	}
	return j.EndpointID
}

// heldSeparator separates endpoint and type in the name of a queue. Neither contains it.
const heldSeparator = " "

func endpointOf(queue string) string {
	id, _, _ := strings.Cut(queue, heldSeparator)
	return id
}
