// Package payerapi is what a payer may do without a login: ask what a signed code says, begin the payment of a merchant's own code, and
// read the receipt of a payment. It answers for the pages behind QR codes.
package payerapi

import (
	"context"
	"time"

	"github.com/labstack/echo/v4"

	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/gate"
	"european-pay.eu/eupay/services/gateway/internal/merchant"
	"european-pay.eu/eupay/services/gateway/internal/paying"
	"european-pay.eu/eupay/services/gateway/internal/ratelimit"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// What bounds an address that nobody is logged in at, and a merchant's codes.
const (
	previewsPerMinute  = 60
	banksPerMinute     = 120
	checkoutsPerMinute = 10
	receiptsPerMinute  = 60
	// merchantPerMinute bounds what guests make of one merchant's codes, whatever addresses they come from.
	merchantPerMinute = 240
	callTimeout       = 5 * time.Second
	maxCode           = 4096
)

// Merchants finds the merchant of a code. merchant.Merchants does.
type Merchants interface {
	Get(ctx context.Context, id string) (merchant.Merchant, error)
}

// Deps are what New needs.
type Deps struct {
	QR        qrv1.QRServiceClient
	Payments  paymentsv1.PaymentsServiceClient
	Banks     paymentsv1.BanksServiceClient
	Merchants Merchants
	Sender    paying.Sender
	Limiter   ratelimit.Limiter
	Now       func() time.Time
	// Deployment has the mode of payments of merchants' codes. A payment's code has the mode of its payment.
	Deployment gate.Deployment
}

// API is the handlers. Make it with New.
type API struct{ Deps }

// New returns the API.
func New(d Deps) *API { return &API{d} }

// Register puts the endpoints on the group of /api/v1.
func (a *API) Register(g *web.API) {
	g.POST("/qr/preview", a.preview, a.perIP("qr-preview", previewsPerMinute))
	g.GET("/qr/banks", a.banks, a.perIP("qr-banks", banksPerMinute))
	g.POST("/qr/checkout", a.checkout, a.perIP("qr-checkout", checkoutsPerMinute))
	g.GET("/gateway/payments/:reference/receipt", a.receipt, a.perIP("receipt", receiptsPerMinute))
}

func (a *API) perIP(purpose string, perMinute int) echo.MiddlewareFunc {
	return web.PerIP(a.Limiter, purpose, perMinute)
}
