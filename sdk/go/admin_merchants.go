package eupay

import (
	"context"
	"net/http"
)

// MerchantLimits are calls per minute of one merchant.
type MerchantLimits struct {
	MerchantLimitsParams
	// DefaultReads and DefaultWrites are what every merchant has.
	DefaultReads  int `json:"default_reads_per_minute"`
	DefaultWrites int `json:"default_writes_per_minute"`
}

// MerchantLimitsParams are the limits that differ from those of every merchant; nil: what every merchant has.
type MerchantLimitsParams struct {
	// Reads and Writes are those of all logins of the merchant together.
	Reads  *int `json:"reads_per_minute"`
	Writes *int `json:"writes_per_minute"`
	// KeyCalls is the most of each API key, whatever limit the key has.
	KeyCalls *int `json:"key_calls_per_minute"`
}

// Users reads one page of the users of a merchant.
func (s Admin) Users(ctx context.Context, merchant string, p ListParams) (*Page[User], error) {
	return listing[User]{s.c, call{path: merchantsPath + "/{}/users", ids: []string{merchant}, query: p.query()}, nil}.page(ctx)
}

// APIKeys reads one page of the API keys of a merchant, without their secrets.
func (s Admin) APIKeys(ctx context.Context, merchant string, p ListParams) (*Page[APIKey], error) {
	return listing[APIKey]{s.c, call{path: merchantsPath + "/{}/api-keys", ids: []string{merchant}, query: p.query()}, nil}.page(ctx)
}

// Limits reads the limits of a merchant.
func (s Admin) Limits(ctx context.Context, merchant string) (*MerchantLimits, error) {
	return get[MerchantLimits](ctx, s.c, call{method: http.MethodGet, path: merchantsPath + "/{}/limits", ids: []string{merchant}})
}

// SetLimits replaces the limits of a merchant.
func (s Admin) SetLimits(ctx context.Context, merchant string, p MerchantLimitsParams) (*MerchantLimits, error) {
	return get[MerchantLimits](ctx, s.c, call{method: http.MethodPut, path: merchantsPath + "/{}/limits", ids: []string{merchant}, body: p})
}
