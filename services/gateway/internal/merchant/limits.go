package merchant

import (
	"context"

	"european-pay.eu/eupay/internal/refuse"
	"european-pay.eu/eupay/services/gateway/internal/audit"
	"european-pay.eu/eupay/services/gateway/internal/device"
)

// MaxPerMinute is the highest limit that an admin can set.
const MaxPerMinute = 100_000_000

// Limits are calls per minute in place of those that every merchant has; nil: those of every merchant. Reads and Writes are of all logins of
// the merchant together. KeyCalls bounds each of its API keys, whatever limit the key has.
type Limits struct{ Reads, Writes, KeyCalls *int }

// OfKey returns the limit of a key that has its own.
func (l Limits) OfKey(own int) int {
	if l.KeyCalls == nil {
		return own
	}
	return min(own, *l.KeyCalls)
}

// SetLimits replaces the limits of a merchant: for admins.
func (s *Merchants) SetLimits(ctx context.Context, by audit.Actor, id string, next Limits) (Merchant, error) {
	var p refuse.Problems
	for name, limit := range map[string]*int{"reads_per_minute": next.Reads, "writes_per_minute": next.Writes, "key_calls_per_minute": next.KeyCalls} {
		if limit != nil && (*limit < 1 || *limit > MaxPerMinute) {
			p.Add(name, "must be from 1 to %d, or null", MaxPerMinute)
		}
	}
	if err := p.Err(); err != nil {
		return Merchant{}, err
	}
	return s.change(ctx, by, id, "updated", device.Device{}, func(m *Merchant) map[string]any {
		changed := map[string]any{}
		set := func(name string, target **int, value *int) {
			if (value == nil) != (*target == nil) || (value != nil && *value != **target) {
				*target, changed[name] = value, value
			}
		}
		set("reads_per_minute", &m.Limits.Reads, next.Reads)
		set("writes_per_minute", &m.Limits.Writes, next.Writes)
		set("key_calls_per_minute", &m.Limits.KeyCalls, next.KeyCalls)
		return changed
	})
}
