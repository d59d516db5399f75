// Package qrapi is the API of signed QR codes: a merchant creates its own, and the customers' app asks what a scanned one
// contains. Answers are bare objects.
package qrapi

import (
	"time"

	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/merchant"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// callTimeout is the deadline of a call to another service.
const callTimeout = 5 * time.Second

// Deps are the dependencies of New.
type Deps struct {
	QR        qrv1.QRServiceClient
	Payments  paymentsv1.PaymentsServiceClient
	Merchants *merchant.Merchants
	Access    *caller.Access
	Now       func() time.Time
}

// API has the handlers. Make it with New.
type API struct{ Deps }

// New returns the API.
func New(d Deps) *API { return &API{d} }

// Register puts the endpoints on the group of /api/v1.
func (a *API) Register(g *web.API) {
	g.POST("/qr/generate", a.generate, a.Access.Login(caller.Staff...))
	g.POST("/qr/scan", a.scan, a.Access.CustomerLogin())
}
