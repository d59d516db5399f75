// Package webhookapi is the merchants' API of webhooks: endpoints, their deliveries and attempts, events, listening during
// development, and the push subscriptions of browsers. Answers are bare objects; lists are {"data":[…],"pagination":{…}}.
package webhookapi

import (
	"time"

	webhooksv1 "european-pay.eu/eupay/proto/eupay/webhooks/v1"
	"european-pay.eu/eupay/services/gateway/internal/audit"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/merchant"
	"european-pay.eu/eupay/services/gateway/internal/ratelimit"
	"european-pay.eu/eupay/services/gateway/internal/rights"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// Deadlines of calls to the webhooks service: of most calls, of a test, which waits for the merchant's server, and of calls that
// send thousands of deliveries again.
const (
	callTimeout = 5 * time.Second
	testTimeout = 15 * time.Second
	bulkTimeout = 30 * time.Second
)

// Deps are the dependencies of New.
type Deps struct {
	Merchants *merchant.Merchants
	Webhooks  webhooksv1.WebhooksServiceClient
	Push      webhooksv1.PushServiceClient
	Listen    webhooksv1.ListenServiceClient
	Audit     *audit.Log
	Access    *caller.Access
	Limiter   ratelimit.Limiter
}

// API has the handlers. Make it with New.
type API struct {
	merchants *merchant.Merchants
	webhooks  webhooksv1.WebhooksServiceClient
	push      webhooksv1.PushServiceClient
	listener  webhooksv1.ListenServiceClient
	audit     *audit.Log
	access    *caller.Access
	limiter   ratelimit.Limiter
	// keepAlive is the interval of comments on a silent stream.
	keepAlive time.Duration
}

// New returns the API.
func New(d Deps) *API {
	return &API{
		merchants: d.Merchants, webhooks: d.Webhooks, push: d.Push, listener: d.Listen, audit: d.Audit, access: d.Access,
		limiter: d.Limiter, keepAlive: listenKeepAlive,
	}
}

// Register puts the endpoints on the group of /api/v1.
func (a *API) Register(g *web.API) {
	a.registerWebhooks(g)
	a.registerPush(g)
	a.registerListen(g)
}

func (a *API) registerWebhooks(g *web.API) {
	read := a.access.LoginOrKey(rights.WebhooksRead, caller.Team...)
	write := a.access.LoginOrKey(rights.WebhooksWrite, caller.Owner...)
	g.GET("/webhook-endpoints", a.endpoints, read)
	g.POST("/webhook-endpoints", a.createEndpoint, write)
	g.GET("/webhook-endpoints/:id", a.endpoint, read)
	g.PATCH("/webhook-endpoints/:id", a.updateEndpoint, write)
	g.DELETE("/webhook-endpoints/:id", a.deleteEndpoint, write)
	g.POST("/webhook-endpoints/:id/rotate-secret", a.rotateEndpointSecret, write, a.access.Fresh)
	g.POST("/webhook-endpoints/:id/promote-secret", a.promoteEndpointSecret, write)
	g.POST("/webhook-endpoints/:id/test", a.testEndpoint, write)
	g.POST("/webhook-endpoints/:id/recover", a.recoverEndpoint, write)
	g.POST("/webhook-endpoints/:id/backfill", a.backfillEndpoint, write)
	g.GET("/webhook-endpoints/:id/attempts", a.attempts, read)
	g.GET("/webhook-deliveries", a.deliveries, read)
	g.POST("/webhook-deliveries/resend", a.resendDeliveries, write)
	g.GET("/webhook-deliveries/:id", a.delivery, read)
	g.POST("/webhook-deliveries/:id/resend", a.resendDelivery, write)
	g.GET("/events", a.events, read)
	g.GET("/events/types", a.typesOfEvents, read)
	g.GET("/events/:id", a.event, read)
}
