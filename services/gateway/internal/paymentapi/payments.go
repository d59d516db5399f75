// Package paymentapi is the merchants' API below /gateway/payments: it turns requests into commands and reads, and their results
// into answers.
package paymentapi

import (
	"time"

	"github.com/labstack/echo/v4"

	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/gateway/internal/paying"
	"european-pay.eu/eupay/services/gateway/internal/ratelimit"
	"european-pay.eu/eupay/services/gateway/internal/rights"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// Limits of the API reference, and limits that stop obviously invalid requests before they reach a service.
const (
	statusPerMinute = 30
	readTimeout     = 5 * time.Second
)

// Access authenticates merchants. caller.Access implements it.
type Access interface {
	// ForAccount lets in an API key with the scope or a user whose role stands for it; caller.AccountOf is the merchant.
	ForAccount(scope rights.Scope) echo.MiddlewareFunc
	// CheckProof is STEP_UP_REQUIRED for a user who has not lately proven to be the user, and nil for a key.
	CheckProof(c echo.Context) error
}

// Payments serves /gateway/payments.
type Payments struct {
	Sender  paying.Sender
	Signer  paying.Signer
	Reads   paymentsv1.PaymentsServiceClient
	Access  Access
	Limiter ratelimit.Limiter
	Now     func() time.Time
}

// Register adds the routes to the group of the base path.
func (p *Payments) Register(g *web.API) {
	read, write := p.Access.ForAccount(rights.PaymentsRead), p.Access.ForAccount(rights.PaymentsWrite)
	g.POST("/gateway/payments", p.create, write)
	g.GET("/gateway/payments", p.list, read)
	g.GET("/gateway/payments/summary", p.summary, read)
	g.GET("/gateway/payments/export", p.export, read)
	g.GET("/gateway/payments/:reference", p.get, read)
	g.GET("/gateway/payments/:reference/history", p.history, read)
	g.GET("/gateway/payments/:reference/refunds", p.refunds, read)
	g.POST("/gateway/payments/:reference/refund", p.refund, p.Access.ForAccount(rights.RefundsWrite))
	g.POST("/gateway/payments/:reference/refunds/:refund/cancel", p.cancelRefund, p.Access.ForAccount(rights.RefundsWrite))
	g.POST("/gateway/payments/:reference/cancel", p.cancel, write)
	public := web.PerIP(p.Limiter, "status", statusPerMinute)
	g.GET("/gateway/payments/:reference/status", p.status, anyOrigin, public)
	g.OPTIONS("/gateway/payments/:reference/status", preflight, anyOrigin)
}
