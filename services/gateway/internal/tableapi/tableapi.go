// Package tableapi is ordering at the table: tables and their codes, the public menu and orders of guests, the kitchen's
// list, and offers. Answers are bare objects; lists are {"data":[…],"pagination":{…}}.
package tableapi

import (
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/gate"
	"european-pay.eu/eupay/services/gateway/internal/merchant"
	"european-pay.eu/eupay/services/gateway/internal/paying"
	"european-pay.eu/eupay/services/gateway/internal/ratelimit"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// What one address may do.
const (
	// menuPerMinute bounds how often the menu of one table is asked for, and statusPerMinute how often one order is looked at with its code. All
	// guests of a dining room share an address, which has room for as many tables and orders as a room has.
	menuPerMinute, menusPerMinute      = 60, 1200
	statusPerMinute, statusesPerMinute = 60, 1200
	// triesPerIP bounds the orders that one address tries to place, good or bad. It is far above what the guests of a dining room
	// do, who share an address; how many orders are accepted is bounded for each table, by the qr service.
	triesPerIP = 300
	// OrderWindow is the time that triesPerIP counts in.
	OrderWindow = 5 * time.Minute
)

// callTimeout bounds a call to the qr service.
const callTimeout = 5 * time.Second

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
	Tables qrv1.TableServiceClient
	Till   qrv1.TillServiceClient
	// Cancellations takes orders back.
	Cancellations qrv1.CancellationServiceClient
	Merchants     Merchants
	Codes         Codes
	Access        *caller.Access
	// Deadline is how long a guest waits for the payment of an order, at least as long as any other call to the qr service.
	Deadline time.Duration
	// MenuLimiter counts over a minute, OrderLimiter over OrderWindow.
	MenuLimiter, OrderLimiter ratelimit.Limiter
	// Deployment has the mode of orders.
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

	g.GET("/table-order/tables", a.tables, read)
	g.POST("/table-order/tables", a.createTable, write)
	g.GET("/table-order/tables/:id", a.table, read)
	g.PUT("/table-order/tables/:id", a.updateTable, write)
	g.DELETE("/table-order/tables/:id", a.deleteTable, write)
	g.POST("/table-order/tables/:id/refresh-qr", a.refreshTable, write)

	const menu = "/table-order/menu/:merchantId/:token"
	g.GET(menu, a.menu, anyOrigin, web.PerIP(a.MenuLimiter, "menu", menusPerMinute))
	g.POST(menu, a.placeOrder, anyOrigin, web.PerIP(a.OrderLimiter, "order", triesPerIP))
	g.OPTIONS(menu, preflight("GET, POST"), anyOrigin)

	g.GET("/table-order/orders", a.orders, read)
	g.GET("/table-order/orders/kitchen", a.kitchen, read)
	g.GET("/table-order/orders/:id", a.orderFor(a.order, read), anyOrigin)
	g.OPTIONS("/table-order/orders/:id", preflight("GET"), anyOrigin)
	g.POST("/table-order/orders/:id/status", a.setStatus, write)
	g.POST("/table-order/orders/:id/payments", a.payOrder, write)
	a.registerCancellations(g, read, write)

	for path, onProduct := range map[string]bool{"/table-order/offers": false, "/table-order/product-offers": true} {
		o := offers{API: a, onProduct: onProduct}
		g.GET(path, o.list, read)
		g.POST(path, o.create, write)
		g.GET(path+"/:id", o.get, read)
		g.PUT(path+"/:id", o.update, write)
		g.DELETE(path+"/:id", o.delete, write)
	}
}

// anyOrigin lets the order page, wherever it is, read the answer: nothing here needs a cookie.
func anyOrigin(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set(echo.HeaderAccessControlAllowOrigin, "*")
		h.Set(echo.HeaderAccessControlExposeHeaders, web.ExposedHeaders+", ETag, Idempotent-Replayed")
		return next(c)
	}
}

func preflight(methods string) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set(echo.HeaderAllow, methods+", OPTIONS")
		h.Set(echo.HeaderAccessControlAllowMethods, methods)
		h.Set(echo.HeaderAccessControlAllowHeaders, "Content-Type, Authorization, Cache-Control, Idempotency-Key, If-None-Match, X-Request-Id")
		h.Set(echo.HeaderAccessControlMaxAge, "86400")
		return c.NoContent(http.StatusNoContent)
	}
}
