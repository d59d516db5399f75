package shape

import (
	"net/netip"

	"european-pay.eu/eupay/services/gateway/internal/apikey"
	"european-pay.eu/eupay/services/gateway/internal/rights"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// Key is an API key in an answer. The first and the last field are named like the headers in which they are sent.
type Key struct {
	ID         string         `json:"id"`
	APIKey     string         `json:"api_key"`
	Livemode   bool           `json:"livemode"`
	Name       string         `json:"name"`
	Scopes     []rights.Scope `json:"scopes"`
	AllowedIPs []string       `json:"allowed_ips"`
	PerMinute  int            `json:"per_minute"`
	CreatedAt  string         `json:"created_at"`
	LastUsedAt *string        `json:"last_used_at"`
	LastUsedIP *string        `json:"last_used_ip"`
	ExpiresAt  *string        `json:"expires_at"`
	RevokedAt  *string        `json:"revoked_at"`
	// APISecret is there only in the answer that makes it.
	APISecret string `json:"api_secret,omitempty"`
}

// KeyOf shows an API key, without its secret.
func KeyOf(k apikey.Key) Key {
	v := Key{
		ID: k.ID, APIKey: k.Public, Livemode: k.Livemode, Name: k.Name, Scopes: k.Scopes, AllowedIPs: make([]string, len(k.AllowedIPs)),
		PerMinute: k.PerMinute, CreatedAt: web.Time(k.CreatedAt), LastUsedAt: web.OptionalTime(k.LastUsedAt),
		ExpiresAt: web.OptionalTime(k.ExpiresAt), RevokedAt: web.OptionalTime(k.RevokedAt),
	}
	if k.LastUsedIP != nil {
		from := k.LastUsedIP.String()
		v.LastUsedIP = &from
	}
	for i, p := range k.AllowedIPs {
		v.AllowedIPs[i] = ipText(p)
	}
	return v
}

// ipText prints a single address without its mask.
func ipText(p netip.Prefix) string {
	if p.IsSingleIP() {
		return p.Addr().String()
	}
	return p.String()
}
