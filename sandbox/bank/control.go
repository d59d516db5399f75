package bank

import "european-pay.eu/eupay/sandbox/internal/fault"

// AutoAuthorise advances new payments without a payer.
type AutoAuthorise struct {
	Enabled bool `json:"enabled"`
	DelayMS int  `json:"delay_ms"`
	// OnlyWithPayer limits it to payments for which the client gave the payer's account, such as refunds.
	OnlyWithPayer bool `json:"only_with_payer"`
}

// SetAutoAuthorise changes the setting for future payments.
func (b *Bank) SetAutoAuthorise(a AutoAuthorise) { b.auto.Store(&a) }

// Fault is a rule by which calls or webhooks fail.
type Fault = fault.Fault

// operations are the values of Fault.Operation.
var operations = []string{
	"token", "create", "get", "list", "operate", "scopedtoken", "connectors",
	"init", "code", "connections", "accounts", "account", "disconnect",
	"links", "createlink", "link", "revokelink",
}

// AddFault adds a rule.
func (b *Bank) AddFault(f Fault) (Fault, error) { return b.faults.Add(f) }

// SetFaults replaces all rules.
func (b *Bank) SetFaults(f ...Fault) error { return b.faults.Replace(f) }

// SetLatency delays all future calls.
func (b *Bank) SetLatency(l Latency) { b.latency.cur.Store(&l) }

// Webhooks returns the newest delivery attempts, oldest first.
func (b *Bank) Webhooks() []Webhook { return b.hooks.log.List() }

// Stats counts calls by operation, state changes and webhooks since the start or the last Reset.
func (b *Bank) Stats() map[string]int64 {
	n := b.stats.all()
	n["payments"] = int64(len(b.store.all()))
	n["connections"] = b.links.count()
	n["webhooks waiting"] = int64(b.hooks.Backlog())
	return n
}

// Reset deletes payments, connections, webhooks, faults, latency and automatic authorisation. Numbers are not reused.
func (b *Bank) Reset() error {
	b.faults.Clear()
	b.latency.cur.Store(nil)
	b.auto.Store(&AutoAuthorise{Enabled: b.cfg.AutoAuthorise, DelayMS: int(b.cfg.AutoAuthoriseDelay.Milliseconds())})
	b.due.Clear()
	next := b.store.clear()
	b.links.clear()
	b.payLinks.clear()
	b.hooks.Clear()
	b.hooks.log.Clear()
	b.stats.clear()
	return b.journal.Append(line{Next: next, NextHook: b.lastHook.Load() + 1})
}
