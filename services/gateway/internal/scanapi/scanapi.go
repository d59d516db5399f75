// Package scanapi is the API for payments by scanning a code: app customers pay, and merchants confirm money that no provider
// reports.
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

// GatewayCode is the Code.Type of a payment's code. All other types are merchants' codes.
const GatewayCode = "gateway_qr_payment"

// Code is the content of a signed code.
type Code struct {
	Type, RequestID string
	// GatewayReference is the payment that the code pays; set only for GatewayCode.
	GatewayReference string
	MerchantID       string
	// AmountCents is 0 if the customer chooses the amount.
	AmountCents money.Cents
	// Currency: empty means EUR.
	Currency string
	// Label is the merchant's text on its code; may be empty.
	Label string
	// ExpiresAt is zero for a code that does not expire.
	ExpiresAt time.Time
}

// Decoder verifies codes. It returns a VALIDATION_ERROR for codes that are not ours.
type Decoder interface {
	Decode(ctx context.Context, qrData string) (Code, error)
}

// Merchants finds the merchant of a code. merchant.Merchants does.
type Merchants interface {
	Get(ctx context.Context, id string) (merchant.Merchant, error)
}

// Logins authenticates merchants, by login or API key, and the app's customers. caller.Access implements it.
type Logins interface {
	LoginOrKey(scope rights.Scope, roles ...rights.Role) echo.MiddlewareFunc
	CustomerLogin() echo.MiddlewareFunc
}

// Deps are the dependencies of New.
type Deps struct {
	Sender    paying.Sender
	Payments  paymentsv1.PaymentsServiceClient
	Codes     Decoder
	Merchants Merchants
	Logins    Logins
	Limiter   ratelimit.Limiter
	Now       func() time.Time
	// Deployment determines the mode of payments of merchants' codes. A payment's code has the mode of its payment.
	Deployment gate.Deployment
}

// API has the handlers. Make it with New.
type API struct{ Deps }

// New returns the API.
func New(d Deps) *API { return &API{d} }

// Limits and deadlines of customers' requests.
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
