package apikey

import (
	"fmt"
	"net/netip"
	"slices"

	"european-pay.eu/eupay/internal/refuse"
	"european-pay.eu/eupay/services/gateway/internal/form"
	"european-pay.eu/eupay/services/gateway/internal/rights"
)

const (
	maxIPs = 100
	// MaxPerMinute is the highest rate limit that a merchant may give a key.
	MaxPerMinute = 10_000
)

func checkKey(k Key) error {
	var p refuse.Problems
	form.Text(&p, "name", k.Name, 1, form.MaxLabel)
	if k.PerMinute < 1 || k.PerMinute > MaxPerMinute {
		p.Add("per_minute", "must be from 1 to %d", MaxPerMinute)
	}
	if len(k.Scopes) == 0 {
		p.Add("scopes", "must name at least one scope")
	}
	for i, s := range k.Scopes {
		if !slices.Contains(rights.AllScopes, s) {
			p.Add(fmt.Sprintf("scopes[%d]", i), "is not a known scope")
		} else if slices.Contains(k.Scopes[:i], s) {
			p.Add(fmt.Sprintf("scopes[%d]", i), "is given twice")
		}
	}
	if len(k.AllowedIPs) > maxIPs {
		p.Add("allowed_ips", "must have at most %d entries", maxIPs)
	}
	if k.ExpiresAt != nil && k.RevokedAt == nil && !k.ExpiresAt.After(k.CreatedAt) {
		p.Add("expires_at", "must be in the future")
	}
	return p.Err()
}

// ParseIPs reads addresses ("192.0.2.1", "2001:db8::1") and networks ("192.0.2.0/24") of an allow-list. The error names
// every refused entry.
func ParseIPs(list []string) ([]netip.Prefix, error) {
	var p refuse.Problems
	prefixes := make([]netip.Prefix, 0, len(list))
	for i, text := range list {
		prefix, ok := parseIP(text)
		if !ok {
			p.Add(fmt.Sprintf("allowed_ips[%d]", i), "must be an IP address or a network such as 192.0.2.0/24")
			continue
		}
		if !slices.Contains(prefixes, prefix) {
			prefixes = append(prefixes, prefix)
		}
	}
	return prefixes, p.Err()
}

// parseIP refuses a network with bits behind its mask: 10.1.2.3/8 is more likely a mistake than a wish for sixteen million addresses.
func parseIP(text string) (netip.Prefix, bool) {
	if addr, err := netip.ParseAddr(text); err == nil {
		addr = addr.Unmap()
		return netip.PrefixFrom(addr, addr.BitLen()), addr.Zone() == ""
	}
	prefix, err := netip.ParsePrefix(text)
	if err != nil || prefix.Addr().Is4In6() || prefix != prefix.Masked() {
		return netip.Prefix{}, false
	}
	return prefix, true
}
