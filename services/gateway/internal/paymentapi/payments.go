package paymentapi

import (
	"time"

	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/gateway/internal/account"
	"european-pay.eu/eupay/services/gateway/internal/paying"
	"european-pay.eu/eupay/services/gateway/internal/ratelimit"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// Limits that the contract fixes or that keep a backend from being asked for nothing.
const (
	statusPerMinute = 30
	readTimeout     = 5 * time.Second
)

// Payments serves /gateway/payments.
type Payments struct {
	Sender paying.Sender
	Signer paying.Signer
	Reads  paymentsv1.PaymentsServiceClient
	Access *Access
	// Users lets people of merchants in beside API keys, and Merchants tells who their merchant is. Nil: only keys.
	Users     Users
	Merchants Merchants
	Limiter   ratelimit.Limiter
	Now       func() time.Time
}

// Register adds the routes to the group of the base path.
func (p *Payments) Register(g *web.API) {
	read, write := p.allow(account.PaymentsRead), p.allow(account.PaymentsWrite)
	g.POST("/gateway/payments", p.create, write)
	g.GET("/gateway/payments", p.list, read)
	g.GET("/gateway/payments/:reference", p.get, read)
	g.GET("/gateway/payments/:reference/history", p.history, read)
	g.GET("/gateway/payments/:reference/refunds", p.refunds, read)
	g.POST("/gateway/payments/:reference/refund", p.refund, p.allow(account.RefundsWrite))
	g.POST("/gateway/payments/:reference/refunds/:refund/cancel", p.cancelRefund, p.allow(account.RefundsWrite))
	g.POST("/gateway/payments/:reference/cancel", p.cancel, write)
	public := web.PerIP(p.Limiter, "status", statusPerMinute)
	g.GET("/gateway/payments/:reference/status", p.status, anyOrigin, public)
	g.OPTIONS("/gateway/payments/:reference/status", preflight, anyOrigin)
}
