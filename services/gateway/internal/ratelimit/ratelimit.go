// Package ratelimit counts calls in an exact sliding window, by default of 60 seconds: a call is allowed if fewer calls than the
// limit were allowed in the window before it. Refused calls do not count.
package ratelimit

import (
	"context"
	"net/netip"
	"time"
)

// Window is the default length of the sliding window.
const Window = time.Minute

// Limiter decides about one call at a time.
type Limiter interface {
	// Allow counts a call of the key, unless limit calls were counted in the window.
	Allow(ctx context.Context, key string, limit int) (Decision, error)
	// Forget deletes the count of the key.
	Forget(ctx context.Context, key string) error
}

// Decision about a call.
type Decision struct {
	Allowed bool
	// Limit is the number of calls per window, Remaining how many of them are left after this one.
	Limit, Remaining int
	Window           time.Duration
	// Reset is when the oldest counted call leaves the window; for a refused call, when the next one will be allowed.
	Reset time.Duration
}

// IPKey is the key of an address for one purpose. An IPv6 caller is identified by its /64, because it can use every address in
// it.
func IPKey(purpose string, addr netip.Addr) string {
	if addr.Is6() && !addr.Is4In6() {
		if p, err := addr.WithZone("").Prefix(64); err == nil {
			return "ip:" + purpose + ":" + p.String()
		}
	}
	return "ip:" + purpose + ":" + addr.Unmap().String()
}
