// Package linkapi serves payment links: to the merchants who make them, and to the payers who open them.
package linkapi

import (
	"context"
	"time"

	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/merchant"
	"european-pay.eu/eupay/services/gateway/internal/paying"
	"european-pay.eu/eupay/services/gateway/internal/ratelimit"
	"european-pay.eu/eupay/services/gateway/internal/rights"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// callTimeout is the deadline of what one request asks of other services.
const callTimeout = 5 * time.Second

// createTimeout is longer: the payments service waits for the address of a link that the bank connection hosts.
const createTimeout = 10 * time.Second

// What bounds an address at which nobody is logged in, and a merchant's links whatever addresses the payers come from.
const (
	opensPerMinute    = 60
	banksPerMinute    = 120
	paymentsPerMinute = 10
	merchantPerMinute = 240
)

// Merchants finds the merchant of a link. merchant.Merchants does.
type Merchants interface {
	Get(ctx context.Context, id string) (merchant.Merchant, error)
}

// Deps are what New needs.
type Deps struct {
	Links     paymentsv1.LinksServiceClient
	Banks     paymentsv1.BanksServiceClient
	Merchants Merchants
	Sender    paying.Sender
	Access    *caller.Access
	Limiter   ratelimit.Limiter
	Now       func() time.Time
}

// API is the handlers. Make it with New.
type API struct{ Deps }

// New returns the API.
func New(d Deps) *API { return &API{d} }

// Register puts the endpoints on the group of /api/v1.
func (a *API) Register(g *web.API) {
	read, write := a.Access.ForAccount(rights.LinksRead), a.Access.ForAccount(rights.LinksWrite)
	g.POST("/gateway/payment-links", a.create, write)
	g.GET("/gateway/payment-links", a.list, read)
	g.GET("/gateway/payment-links/:id", a.get, read)
	g.PATCH("/gateway/payment-links/:id", a.update, write)
	g.POST("/gateway/payment-links/:id/revoke", a.revoke, write)
	g.GET("/gateway/payment-links/:id/payments", a.payments, read)

	g.GET("/links/:slug", a.open, web.PerIP(a.Limiter, "link", opensPerMinute))
	g.GET("/links/:slug/banks", a.banks, web.PerIP(a.Limiter, "link-banks", banksPerMinute))
	g.POST("/links/:slug/pay", a.pay, web.PerIP(a.Limiter, "link-pay", paymentsPerMinute))
}
