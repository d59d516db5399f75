package edge

import (
	"log/slog"
	"time"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/reference"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/account"
	"european-pay.eu/eupay/services/gateway/internal/gate"
	"european-pay.eu/eupay/services/gateway/internal/ratelimit"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// Limits that the contract fixes or that keep a backend from being asked for nothing.
const (
	statusPerMinute = 30
	readTimeout     = 5 * time.Second
	// qrPatience is how long a payment that is ready waits for its QR code.
	qrPatience = time.Second
	// QRLife is how long a QR code is valid, from the creation of the payment.
	QRLife = 30 * time.Minute
)

// Payments serves /gateway/payments.
type Payments struct {
	Commands *gate.Commands
	Reads    paymentsv1.PaymentsServiceClient
	QR       qrv1.QRServiceClient
	Access   *Access
	// Users lets people of merchants in beside API keys, and Merchants tells who their merchant is. Nil: only keys.
	Users     Users
	Merchants Merchants
	Limiter   ratelimit.Limiter
	Now       func() time.Time
	Log       *slog.Logger
	// Deadline is how long a request waits for its command; then it answers with what is known.
	Deadline time.Duration
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
	public := PerIP(p.Limiter, "status", statusPerMinute)
	g.GET("/gateway/payments/:reference/status", p.status, anyOrigin, public)
	g.OPTIONS("/gateway/payments/:reference/status", preflight, anyOrigin)
}

// ReferenceOf reads the path parameter; a malformed one is answered like an unknown one.
func ReferenceOf(c echo.Context) (string, error) {
	ref := c.Param("reference")
	if !reference.Valid(ref) {
		return "", errs.NotFound("Payment")
	}
	return ref, nil
}
