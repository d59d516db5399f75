// Package subscriptionapi lets merchants collect an amount again and again.
package subscriptionapi

import (
	"time"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/reference"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/rights"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

const (
	readTimeout = 5 * time.Second
	// bankTimeout is the deadline of what may take a call to the payer's bank. What is not done by then is done later.
	bankTimeout = 25 * time.Second
)

// Deps are what New needs.
type Deps struct {
	Subscriptions paymentsv1.SubscriptionsServiceClient
	Access        *caller.Access
	Now           func() time.Time
}

// API is the handlers. Make it with New.
type API struct{ Deps }

// New returns the API.
func New(d Deps) *API { return &API{d} }

// Register puts the endpoints on the group of /api/v1.
func (a *API) Register(g *web.API) {
	read, write := a.Access.ForAccount(rights.SubscriptionsRead), a.Access.ForAccount(rights.SubscriptionsWrite)
	g.POST("/gateway/subscriptions", a.create, write)
	g.GET("/gateway/subscriptions", a.list, read)
	g.GET("/gateway/subscriptions/:id", a.get, read)
	g.POST("/gateway/subscriptions/:id/replace", a.replace, write)
	g.POST("/gateway/subscriptions/:id/cancel", a.cancel, write)
	g.GET("/gateway/subscriptions/:id/occurrences", a.occurrences, read)
	g.POST("/gateway/subscriptions/:id/occurrences/:number/report", a.report, write)
	g.GET("/gateway/subscriptions/:id/history", a.history, read)
}

// idOf reads the path parameter; a malformed one is answered like an unknown one.
func idOf(c echo.Context) (string, error) {
	id := c.Param("id")
	if !reference.Valid(id) {
		return "", errs.NotFound("Subscription")
	}
	return id, nil
}
