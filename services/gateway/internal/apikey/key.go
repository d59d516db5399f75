// Package apikey authenticates and manages the API keys of merchants.
package apikey

import (
	"net/netip"
	"slices"
	"time"

	"european-pay.eu/eupay/services/gateway/internal/merchant"
	"european-pay.eu/eupay/services/gateway/internal/rights"
)

// Key is an authenticated API key with its merchant.
type Key struct {
	ID       string
	Public   string
	Livemode bool
	Scopes   []rights.Scope
	// AllowedIPs is empty when every address may use the key.
	AllowedIPs []netip.Prefix
	// PerMinute is the key's rate limit.
	PerMinute int
	Merchant  merchant.Merchant
	// Name is what its merchant calls it.
	Name      string
	CreatedAt time.Time
	// LastUsedAt is right to about a minute. Nil: never. ExpiresAt and RevokedAt are nil in the same way.
	LastUsedAt *time.Time
	// LastUsedIP is where that use came from; nil: not known.
	LastUsedIP *netip.Addr
	ExpiresAt  *time.Time
	RevokedAt  *time.Time
}

// Has reports whether the key has the scope.
func (k Key) Has(s rights.Scope) bool { return slices.Contains(k.Scopes, s) }

// Allows reports whether the address may use the key.
func (k Key) Allows(addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	return len(k.AllowedIPs) == 0 || slices.ContainsFunc(k.AllowedIPs, func(p netip.Prefix) bool { return p.Contains(addr) })
}
