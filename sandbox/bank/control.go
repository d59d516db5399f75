package bank

import "european-pay.eu/eupay/sandbox/internal/fault"

// AutoAuthorise moves new payments on without a payer.
type AutoAuthorise struct {
	Enabled bool `json:"enabled"`
	DelayMS int  `json:"delay_ms"`
	// OnlyWithPayer limits it to payments whose payer account the client gave, such as refunds.
	OnlyWithPayer bool `json:"only_with_payer"`
}

// SetAutoAuthorise changes what happens to payments from now on.
func (b *Bank) SetAutoAuthorise(a AutoAuthorise) { b.auto.Store(&a) }

// Fault is a rule by which calls or webhooks go wrong.
type Fault = fault.Fault

// operations are the values of Fault.Operation.
var operations = []string{
	"token", "create", "get", "list", "operate", "scopedtoken", "connectors",
	"init", "code", "connections", "accounts", "account", "disconnect",
}

// AddFault puts one rule in force.
func (b *Bank) AddFault(f Fault) (Fault, error) { return b.faults.Add(f) }

// SetFaults replaces all rules.
func (b *Bank) SetFaults(f ...Fault) error { return b.faults.Replace(f) }

// SetLatency delays every call from now on.
func (b *Bank) SetLatency(l Latency) { b.latency.cur.Store(&l) }

// Webhooks returns the newest attempts to deliver, oldest first.
func (b *Bank) Webhooks() []Webhook { return b.hooks.log.List() }

// Stats counts calls by operation, state changes and webhooks since the start or the last Reset.
func (b *Bank) Stats() map[string]int64 {
	n := b.stats.all()
	n["payments"] = int64(len(b.store.all()))
	n["connections"] = b.links.count()
	n["webhooks waiting"] = int64(b.hooks.Backlog())
	return n
}

// Reset forgets payments, connections, webhooks, faults, latency and automatic authorisation. Numbers are not given again.
func (b *Bank) Reset() error {
	b.faults.Clear()
	b.latency.cur.Store(nil)
	b.auto.Store(&AutoAuthorise{Enabled: b.cfg.AutoAuthorise, DelayMS: int(b.cfg.AutoAuthoriseDelay.Milliseconds())})
	b.due.Clear()
	next := b.store.clear()
	b.links.clear()
	b.hooks.Clear()
	b.hooks.log.Clear()
	b.stats.clear()
	return b.journal.Append(line{Next: next, NextHook: b.lastHook.Load() + 1})
}
