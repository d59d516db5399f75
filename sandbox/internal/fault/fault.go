// Package fault decides which calls and deliveries fail, and how.
package fault

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Kind is a kind of failure.
type Kind string

// Faults of calls to the API.
const (
	// Slow answers correctly after LatencyMS.
	Slow Kind = "slow"
	// Error answers Status (default 500) and does nothing.
	Error Kind = "error"
	// Cut does nothing and closes the connection.
	Cut Kind = "cut"
	// NoAnswer does nothing and holds the connection until the caller gives up.
	NoAnswer Kind = "no-answer"
	// Late does the work and delays the answer until the caller gives up.
	Late Kind = "late"
	// LostAnswer does the work and closes the connection.
	LostAnswer Kind = "lost-answer"
	// RateLimit answers 429, with a Retry-After header if RetryAfter is set.
	RateLimit Kind = "rate-limit"
	// Unauthorized answers 401, as for a revoked token.
	Unauthorized Kind = "unauthorized"
	// Garbage does the work and answers 200 with something that is not JSON.
	Garbage Kind = "garbage"
)

// Anomalies of a payment in an answer or a webhook.
const (
	FieldsMap        Kind = "fields-map"
	AmountNumber     Kind = "amount-number"
	UnknownState     Kind = "unknown-state"
	UnknownErrorCode Kind = "unknown-error-code"
	// OtherAmount shows a cent more than requested; if the payment itself requests it, only once it is at the bank.
	OtherAmount Kind = "other-amount"
)

// Faults of webhooks.
const (
	// HookDrop never sends it.
	HookDrop Kind = "webhook-missing"
	// HookDuplicate sends it twice, with the same id.
	HookDuplicate Kind = "webhook-duplicate"
	// HookReorder sends it after the next one of the same payment (or after one retry interval).
	HookReorder Kind = "webhook-out-of-order"
	// HookForged first sends a wrongly signed one with a false statement.
	HookForged Kind = "webhook-forged"
	// HookUnsigned sends it without a signature.
	HookUnsigned Kind = "webhook-unsigned"
	// HookSlow sends it LatencyMS (default one retry interval) late.
	HookSlow Kind = "webhook-slow"
)

// Webhook is the operation of a delivery, besides those of the API.
const Webhook = "webhook"

// Fault is a rule: which operation fails, how often, and how.
type Fault struct {
	ID   int64 `json:"id"`
	Kind Kind  `json:"kind"`
	// Operation limits it to one of the Set's operations. Empty means all.
	Operation string `json:"operation,omitempty"`
	// Times removes it after that many hits. 0: no limit.
	Times int `json:"times,omitempty"`
	// Probability of a hit, drawn from Seed so that a run can be repeated. 0 means always.
	Probability float64 `json:"probability,omitempty"`
	Seed        uint64  `json:"seed,omitempty"`
	LatencyMS   int     `json:"latency_ms,omitempty"`
	Status      int     `json:"status,omitempty"`
	RetryAfter  int     `json:"retry_after,omitempty"`
	// Hits counts the hits so far.
	Hits int `json:"hits"`
}

var (
	calls  = []Kind{Slow, Error, Cut, NoAnswer, Late, LostAnswer, RateLimit, Unauthorized, Garbage}
	shapes = []Kind{FieldsMap, AmountNumber, UnknownState, UnknownErrorCode, OtherAmount}
	hooks  = []Kind{HookDrop, HookDuplicate, HookReorder, HookForged, HookUnsigned, HookSlow}
)

// IsCall reports whether k concerns calls of the API.
func (k Kind) IsCall() bool { return slices.Contains(calls, k) }

// IsShape reports whether k changes how a payment is written.
func (k Kind) IsShape() bool { return slices.Contains(shapes, k) }

// IsHook reports whether k concerns webhooks.
func (k Kind) IsHook() bool { return slices.Contains(hooks, k) }

// Known reports whether k exists.
func (k Kind) Known() bool { return k.IsCall() || k.IsShape() || k.IsHook() }

// check refuses a rule that could never hit, or is misspelt.
func (s *Set) check(f Fault) error {
	if !f.Kind.Known() || f.Kind.IsShape() && s.NoShapes {
		return fmt.Errorf("unknown kind %q", f.Kind)
	}
	if f.Operation != "" && f.Operation != Webhook && !slices.Contains(s.Operations, f.Operation) {
		return fmt.Errorf("unknown operation %q, expected %s or one of %s", f.Operation, Webhook, strings.Join(s.Operations, ", "))
	}
	if !f.Kind.IsShape() && f.Operation != "" && f.Kind.IsHook() != (f.Operation == Webhook) {
		return fmt.Errorf("kind %q does not exist for operation %q", f.Kind, f.Operation)
	}
	if f.Probability < 0 || f.Probability > 1 || f.Times < 0 || f.LatencyMS < 0 || f.RetryAfter < 0 {
		return fmt.Errorf("a number of fault %q is out of bounds", f.Kind)
	}
	if f.Status != 0 && (f.Status < 400 || f.Status > 599) {
		return fmt.Errorf("status %d is not that of an error", f.Status)
	}
	return nil
}

func (f Fault) concerns(operation string) bool {
	if f.Operation != "" {
		return f.Operation == operation
	}
	return f.Kind.IsShape() || f.Kind.IsHook() == (operation == Webhook)
}

type rule struct {
	Fault
	dice *rand.Rand
}

// Set is the active rules. Its zero value has none.
type Set struct {
	// Operations are the values of Fault.Operation, besides Webhook.
	Operations []string
	// NoShapes refuses the kinds that change how a payment is written.
	NoShapes bool

	mu    sync.Mutex
	rules []*rule
	last  int64
	armed atomic.Int32 // number of rules, so that the usual case needs no lock
}

// Add activates a rule and returns it with its id.
func (s *Set) Add(f Fault) (Fault, error) {
	if err := s.check(f); err != nil {
		return Fault{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	f.ID, f.Hits = s.last, 0
	s.rules = append(s.rules, &rule{Fault: f, dice: rand.New(rand.NewPCG(f.Seed, 0))}) //nolint:gosec // the same seed must give the same faults
	s.armed.Store(int32(len(s.rules)))
	return f, nil
}

// Replace activates exactly these rules, or none if one of them is invalid.
func (s *Set) Replace(faults []Fault) error {
	for _, f := range faults {
		if err := s.check(f); err != nil {
			return err
		}
	}
	s.Clear()
	for _, f := range faults {
		if _, err := s.Add(f); err != nil {
			return err
		}
	}
	return nil
}

// Clear removes all rules.
func (s *Set) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules = nil
	s.armed.Store(0)
}

// Remove removes a rule and reports whether it existed.
func (s *Set) Remove(id int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := len(s.rules)
	s.rules = slices.DeleteFunc(s.rules, func(r *rule) bool { return r.ID == id })
	s.armed.Store(int32(len(s.rules)))
	return len(s.rules) < before
}

// List returns the rules, including exhausted ones.
func (s *Set) List() []Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]Fault, 0, len(s.rules))
	for _, r := range s.rules {
		list = append(list, r.Fault)
	}
	return list
}

// Pick returns the faults of this call of an operation, and counts them.
func (s *Set) Pick(operation string) []Fault {
	if s.armed.Load() == 0 {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var hit []Fault
	for _, r := range s.rules {
		if !r.concerns(operation) || r.Times > 0 && r.Hits >= r.Times {
			continue
		}
		if r.Probability > 0 && r.dice.Float64() >= r.Probability {
			continue
		}
		r.Hits++
		hit = append(hit, r.Fault)
	}
	return hit
}
