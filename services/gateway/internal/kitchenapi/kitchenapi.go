// Package kitchenapi is the API of kitchens: stations, the lines of orders and their courses, a stream of what changes, and printers, which fetch their
// tickets here. Answers are bare objects; lists are {"data":[…]}.
package kitchenapi

import (
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/ratelimit"
	"european-pay.eu/eupay/services/gateway/internal/rights"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// callTimeout is the deadline of a call to the qr service.
const callTimeout = 5 * time.Second

// Deps are the dependencies of New.
type Deps struct {
	Kitchen qrv1.KitchenServiceClient
	Access  *caller.Access
	Limiter ratelimit.Limiter
	// OrderView is what merchants see of an order.
	OrderView func(*qrv1.Order) any
	// Base is the public URL of the API, with its base path: where printers ask.
	Base string
}

// API has the handlers. Make it with New.
type API struct {
	Deps
	// keepAlive is the interval of comments on a silent stream.
	keepAlive time.Duration
}

// New returns the API.
func New(d Deps) *API {
	d.Base = strings.TrimRight(d.Base, "/")
	return &API{Deps: d, keepAlive: streamKeepAlive}
}

// Register puts the endpoints on the group of /api/v1.
func (a *API) Register(g *web.API) {
	read, write := a.Access.Login(caller.Team...), a.Access.Login(caller.Staff...)
	g.GET("/kitchen/stations", a.stations, read)
	g.POST("/kitchen/stations", a.createStation, write)
	g.GET("/kitchen/stations/:id", a.station, read)
	g.PATCH("/kitchen/stations/:id", a.updateStation, write)
	g.DELETE("/kitchen/stations/:id", a.deleteStation, write)

	g.GET("/kitchen/printers", a.printers, read)
	g.POST("/kitchen/printers", a.createPrinter, write)
	g.GET("/kitchen/printers/:id", a.printer, read)
	g.PATCH("/kitchen/printers/:id", a.updatePrinter, write)
	g.DELETE("/kitchen/printers/:id", a.deletePrinter, write)
	g.POST("/kitchen/printers/:id/token", a.renewToken, write)
	g.POST("/kitchen/printers/:id/test", a.testPrinter, write)
	g.GET("/kitchen/print-jobs", a.jobs, read)
	g.POST("/kitchen/print-jobs/:id/print-again", a.printAgain, write)

	g.GET("/kitchen/stream", a.stream, a.Access.LoginOrKey(rights.OrdersRead, caller.Team...))
	work := a.Access.LoginOrKey(rights.OrdersWrite, caller.Staff...)
	g.PATCH("/table-order/orders/:id/lines/:position/status", a.setLine, work)
	g.PATCH("/table-order/orders/:id/lines/:position/parts/:part/status", a.setPart, work)
	g.PATCH("/table-order/orders/:id/stations/:station/status", a.setStation, work)
	g.POST("/table-order/orders/:id/courses/:course/fire", a.fire, work)

	perIP := web.PerIP(a.Limiter, "cloudprnt", pollsPerIP)
	g.POST(cloudPRNT, a.poll, perIP)
	g.GET(cloudPRNT, a.fetch, perIP)
	g.DELETE(cloudPRNT, a.confirm, perIP)
}

func merchant(c echo.Context) string { return caller.Of(c).MerchantID() }

// list is a bounded list.
type list[T any] struct {
	Data []T `json:"data"`
}

func listOf[E, T any](elements []E, view func(E) T) list[T] {
	l := list[T]{Data: make([]T, len(elements))}
	for i, e := range elements {
		l.Data[i] = view(e)
	}
	return l
}
