// Package billapi is the bills of tables: what guests see and pay of them, what merchants record, and their end. Answers are bare objects; lists are
// {"data":[…],"pagination":{…}}.
package billapi

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/gate"
	"european-pay.eu/eupay/services/gateway/internal/merchant"
	"european-pay.eu/eupay/services/gateway/internal/paying"
	"european-pay.eu/eupay/services/gateway/internal/ratelimit"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// What one address may do. All guests of a dining room share one.
const (
	// billPerMinute bounds how often one bill is looked at, billsPerMinute all of an address.
	billPerMinute, billsPerMinute = 120, 1200
	// sharesPerMinute bounds the shares that an address tries to take or give up, and sharesOfBill those of one bill.
	sharesPerMinute, sharesOfBill = 120, 30
)

// callTimeout bounds a call to the qr service.
const callTimeout = 5 * time.Second

const (
	billNoun  = "Bill"
	shareNoun = "Share"
	tableNoun = "Table"
)

// Merchants tells who a merchant is; NOT_FOUND when there is none.
type Merchants interface {
	Get(ctx context.Context, id string) (merchant.Merchant, error)
}

// Codes makes the QR codes of payments; nil when one cannot be had in time.
type Codes interface {
	Sign(ctx context.Context, payment *paymentsv1.Payment) *paying.QRData
}

// Deps are what New needs.
type Deps struct {
	Bills     qrv1.BillServiceClient
	Merchants Merchants
	Codes     Codes
	Access    *caller.Access
	// Deadline is how long a payer waits for the payment of a share, at least as long as any other call to the qr service.
	Deadline time.Duration
	// Limiter counts over a minute.
	Limiter ratelimit.Limiter
	// Deployment has the mode of payments.
	Deployment gate.Deployment
	Now        func() time.Time
}

// API is the handlers. Make it with New.
type API struct{ Deps }

// New returns the API.
func New(d Deps) *API { return &API{Deps: d} }

// Register puts the endpoints on the group of /api/v1.
func (a *API) Register(g *web.API) {
	read := a.Access.Login(caller.Team...)
	write := a.Access.Login(caller.Staff...)
	refund := a.Access.Login(caller.Owner...)

	g.GET("/table-order/bills", a.bills, read)
	g.GET("/table-order/bills/:id", a.bill, read)
	g.POST("/table-order/bills/:id/payments", a.recordPayment, write)
	g.POST("/table-order/bills/:id/payments/:payment/refund", a.refundPayment, refund)
	g.POST("/table-order/bills/:id/shares", a.takeShare, write)
	g.POST("/table-order/bills/:id/shares/:share/cancel", a.cancelShare, write)
	g.POST("/table-order/bills/:id/close", a.closeBill, write)

	look, pay := web.PerIP(a.Limiter, "bill", billsPerMinute), web.PerIP(a.Limiter, "share", sharesPerMinute)
	g.GET("/table-order/menu/:merchantId/:token/bill", a.tableBill, look)
	g.GET("/table-order/bill/:token", a.publicBill, look)
	g.POST("/table-order/bill/:token/shares", a.takePublicShare, pay)
	g.GET("/table-order/bill/:token/shares/:share", a.publicShare, look)
	g.POST("/table-order/bill/:token/shares/:share/cancel", a.cancelPublicShare, pay)
}

// key is a short key of a code, which stays out of the store of the limits.
func key(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:16])
}
