package eupay

import (
	"context"
	"iter"
	"net/http"
)

// Admin is what only the platform's admins may do. It takes an admin's login.
type Admin struct{ c *caller }

const merchantsPath = "/admin/merchants"

// MerchantListParams chooses merchants.
type MerchantListParams struct {
	ListParams
	// Search finds words of the name, the beginning of the address of the merchant or of a user or of a public API key, a SIREN, a SIRET or
	// an id. It has at least 2 characters; empty: all merchants.
	Search string
}

func (s Admin) merchants(p MerchantListParams) listing[Merchant] {
	q := p.query()
	q.text("search", p.Search)
	return listing[Merchant]{s.c, call{path: merchantsPath, query: q}, nil}
}

// Merchants reads one page of the merchants.
func (s Admin) Merchants(ctx context.Context, p MerchantListParams) (*Page[Merchant], error) {
	return s.merchants(p).page(ctx)
}

// AllMerchants reads the merchants to their end.
func (s Admin) AllMerchants(ctx context.Context, p MerchantListParams) iter.Seq2[Merchant, error] {
	return s.merchants(p).all(ctx)
}

// Merchant reads a merchant.
func (s Admin) Merchant(ctx context.Context, id string) (*Merchant, error) {
	return get[Merchant](ctx, s.c, call{method: http.MethodGet, path: merchantsPath + "/{}", ids: []string{id}})
}

// GatewayParams is what a merchant may do.
type GatewayParams struct {
	// Enabled: payments may be taken, in test mode at least.
	Enabled bool `json:"enabled"`
	// Live: in live mode too. Nil: as it is.
	Live *bool `json:"live,omitzero"`
}

// EnableGateway says what a merchant may do.
func (s Admin) EnableGateway(ctx context.Context, merchant string, p GatewayParams) (*Merchant, error) {
	return get[Merchant](ctx, s.c, call{method: http.MethodPost, path: merchantsPath + "/{}/gateway", ids: []string{merchant}, body: p})
}

// Audit reads one page of what was done to a merchant's account, the newest first.
func (s Admin) Audit(ctx context.Context, merchant string, p AuditParams) (*Page[AuditEntry], error) {
	return audit(s.c, merchantsPath+"/{}/audit", []string{merchant}, p).page(ctx)
}

// AllAudit reads what was done to a merchant's account to its end, the newest first.
func (s Admin) AllAudit(ctx context.Context, merchant string, p AuditParams) iter.Seq2[AuditEntry, error] {
	return audit(s.c, merchantsPath+"/{}/audit", []string{merchant}, p).all(ctx)
}

// DisableUser says whether somebody cannot log in.
func (s Admin) DisableUser(ctx context.Context, user string, disabled bool) (*User, error) {
	body := struct {
		Disabled bool `json:"disabled"`
	}{disabled}
	return get[User](ctx, s.c, call{method: http.MethodPatch, path: "/admin/users/{}", ids: []string{user}, body: body})
}
