// Package scanapi is what a customer of the app pays by scanning a code, and the merchant's word about money that came
// outside the provider.
package scanapi

import (
	"context"
	"time"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/money"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/gateway/internal/gate"
	"european-pay.eu/eupay/services/gateway/internal/merchant"
	"european-pay.eu/eupay/services/gateway/internal/paying"
	"european-pay.eu/eupay/services/gateway/internal/ratelimit"
	"european-pay.eu/eupay/services/gateway/internal/rights"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// GatewayCode is the Code.Type of a payment's code. Every other type is a merchant's code.
const GatewayCode = "gateway_qr_payment"

// Code is what a signed code says.
type Code struct {
	Type, RequestID string
	// GatewayReference is set for GatewayCode alone: the payment that the code pays.
	GatewayReference string
	MerchantID       string
	// AmountCents is 0 when the customer chooses the amount.
	AmountCents money.Cents
	// Currency may be empty: EUR.
	Currency string
	// Label is what the merchant wrote on its code; may be empty.
	Label string
	// ExpiresAt is zero for a code that does not expire.
	ExpiresAt time.Time
}

// Decoder verifies codes. It returns a VALIDATION_ERROR for what is no code of ours.
type Decoder interface {
	Decode(ctx context.Context, qrData string) (Code, error)
}

// Merchants finds the merchant of a code. merchant.Merchants does.
type Merchants interface {
	Get(ctx context.Context, id string) (merchant.Merchant, error)
}

// Logins are the checks of merchants, by login or API key, and of the app's customers. caller.Access has them.
type Logins interface {
	LoginOrKey(scope rights.Scope, roles ...rights.Role) echo.MiddlewareFunc
	CustomerLogin() echo.MiddlewareFunc
}

// Deps are what New needs.
type Deps struct {
	Sender    paying.Sender
	Payments  paymentsv1.PaymentsServiceClient
	Codes     Decoder
	Merchants Merchants
	Logins    Logins
	Limiter   ratelimit.Limiter
	Now       func() time.Time
	// Deployment has the mode of payments of merchants' codes. A payment's code has the mode of its payment.
	Deployment gate.Deployment
}

// API is the handlers. Make it with New.
type API struct{ Deps }

// New returns the API.
func New(d Deps) *API { return &API{d} }

// What bounds a customer and a read.
const (
	paysPerMinute  = 20
	readsPerMinute = 120
	readTimeout    = 5 * time.Second
)

// Register puts the endpoints on the group of /api/v1.
func (a *API) Register(g *web.API) {
	g.POST("/qr/pay", a.pay, a.Logins.CustomerLogin())
	g.GET("/qr/transactions/:reference", a.transaction, a.Logins.CustomerLogin())
	g.GET("/customer/payments", a.transactions, a.Logins.CustomerLogin())
	g.GET("/customer/payments/:reference", a.transaction, a.Logins.CustomerLogin())
	merchant := a.Logins.LoginOrKey(rights.PaymentsConfirm, rights.RoleMerchant)
	g.POST("/gateway/payments/:reference/confirm-received", a.confirmReceived, merchant)
	g.POST("/gateway/payments/:reference/confirm-not-received", a.confirmNotReceived, merchant)
	g.POST("/gateway/payments/:reference/late-receipt", a.bookLateReceipt, merchant)
}
