package delivery

import (
	"strings"
	"sync"
	"time"
)

// Breaker says when retries of one type of event are held back from an endpoint.
type Breaker struct {
	// Failures in a row, over all deliveries of the type to the endpoint, that open it.
	Failures int
	// Pause is how long it stays open the first time; each probe that fails doubles that, up to Longest.
	Pause, Longest time.Duration
	// Trial is how long no second probe is made beside one that is under way.
	Trial time.Duration
}

// kind is one type of event at one endpoint. Each has a breaker of its own: a handler that fails for one type says
// nothing about the others.
type kind struct{ Endpoint, Event string }

// condition of a kind that does not answer well, as the database has it. One without an event is that of the endpoint as a
// whole: since when nothing succeeded there, and until when it asked to be left in peace.
type condition struct {
	kind
	tripped      bool
	pausedUntil  time.Time
	failingSince time.Time
	failures     int
}

// patient is what this process knows of an endpoint that does not answer well.
type patient struct {
	askedUntil time.Time
	// told is when this process last looked whether the merchant is to be told.
	told time.Time
	open map[string]bool
	// row counts failures in a row by type that may not be in the database yet, so that a flood of retries does not run
	// into a dead endpoint while the first results are being written.
	row map[string]int
}

// health is what this process knows of such endpoints. The truth, shared by all processes, is in the database.
type health struct {
	limit int

	mu       sync.Mutex
	patients map[string]*patient
}

func newHealth(limit int) *health { return &health{limit: limit, patients: make(map[string]*patient)} }

// count takes note of an attempt that has ended just now.
func (h *health) count(k kind, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !ok {
		h.patient(k.Endpoint).row[k.Event]++
	} else if p := h.patients[k.Endpoint]; p != nil {
		delete(p.row, k.Event)
	}
}

func (h *health) patient(endpointID string) *patient {
	p := h.patients[endpointID]
	if p == nil {
		p = &patient{row: make(map[string]int)}
		h.patients[endpointID] = p
	}
	return p
}

// ask takes note that the endpoint wants to be left in peace until then.
func (h *health) ask(endpointID string, until time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.patient(endpointID).askedUntil = until
}

// held reports whether the breaker of the kind is open: nothing goes there but probes and what was never tried.
func (h *health) held(k kind) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := h.patients[k.Endpoint]
	return p != nil && (p.open[k.Event] || p.row[k.Event] >= h.limit)
}

// tell reports whether it is time to look whether the endpoint's merchant knows that it fails: an hour after the last look.
func (h *health) tell(endpointID string, now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := h.patient(endpointID)
	if !p.told.IsZero() && now.Sub(p.told) < time.Hour {
		return false
	}
	p.told = now
	return true
}

// asked reports whether the endpoint wants to be left in peace now.
func (h *health) asked(endpointID string, now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := h.patients[endpointID]
	return p != nil && now.Before(p.askedUntil)
}

// knows reports whether the endpoint did not answer well, as far as this process knows.
func (h *health) knows(endpointID string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.patients[endpointID] != nil
}

// known are the endpoints that something is known of.
func (h *health) known() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	list := make([]string, 0, len(h.patients))
	for id := range h.patients {
		list = append(list, id)
	}
	return list
}

// learn replaces what is known of the endpoints asked for; a kind that is not in found is well.
func (h *health) learn(asked []string, found []condition) {
	h.mu.Lock()
	defer h.mu.Unlock()
	ill := make(map[string][]condition, len(found))
	for _, c := range found {
		ill[c.Endpoint] = append(ill[c.Endpoint], c)
	}
	for _, id := range asked {
		before := h.patients[id]
		delete(h.patients, id)
		if len(ill[id]) > 0 {
			h.patients[id] = diagnose(before, ill[id])
		}
	}
}

// diagnose keeps of what was counted before only what fails still.
func diagnose(before *patient, list []condition) *patient {
	p := &patient{open: make(map[string]bool), row: make(map[string]int)}
	if before != nil {
		p.told = before.told
	}
	for _, c := range list {
		switch {
		case c.Event == "":
			p.askedUntil = c.pausedUntil
		case c.tripped:
			p.open[c.Event] = true
		}
		if before != nil && c.Event != "" && before.row[c.Event] > 0 {
			p.row[c.Event] = before.row[c.Event]
		}
	}
	return p
}

// queue names where a delivery waits for its attempt in memory. What belongs to an open breaker waits apart, so that a
// type of event at which the endpoint hangs keeps no other type waiting.
func (e *Engine) queue(j Job) string {
	if j.EventType != TestEvent && e.health.held(j.kind()) {
		return j.EndpointID + heldMark + j.EventType
	}
	return j.EndpointID
}

// heldMark parts endpoint and type in the name of a queue. Neither holds it.
const heldMark = " "

func isHeld(queue string) bool { return strings.Contains(queue, heldMark) }

func endpointOf(queue string) string {
	id, _, _ := strings.Cut(queue, heldMark)
	return id
}
