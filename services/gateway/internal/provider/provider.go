// Package provider takes what comes from the payment provider's side: its webhooks, and payers whom it sends back. Both
// are only hints: the payments service reads the payment from the provider and acts on that.
package provider

import (
	"log/slog"
	"net/url"
	"strings"
	"time"

	"european-pay.eu/eupay/services/gateway/internal/gate"
	"european-pay.eu/eupay/services/gateway/internal/ratelimit"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// Paths below the base path of the API.
const (
	WebhookPath = "/webhooks/powens"
	ReturnPath  = "/payments/return"
)

// returnsPerMinute of one address: a page that refreshes every few seconds stays far below it.
const returnsPerMinute = 60

// Provider serves the provider's side.
type Provider struct {
	Commands *gate.Commands
	Limiter  ratelimit.Limiter
	Log      *slog.Logger
	// SignedPath is the path of the webhook URL as the provider knows it; it is part of what is signed.
	SignedPath string
	// LiveSecret and TestSecret verify webhooks. An empty one verifies nothing.
	LiveSecret, TestSecret string
	// ReturnWait is how long a payer's return waits for the payment's state.
	ReturnWait time.Duration
	// Receipts: the pages for payers are behind this gateway too, so that its own page leads to the receipt.
	Receipts bool
}

// Register adds the routes to the group of the base path.
func (p *Provider) Register(g *web.API) {
	g.POST(WebhookPath, p.webhook)
	g.GET(ReturnPath, p.back, p.pages, web.PerIP(p.Limiter, "return", returnsPerMinute))
}

// SignedPath is the webhook's path behind publicURL, the address of the API with or without its base path.
func SignedPath(publicURL, basePath string) string {
	u, err := url.Parse(publicURL)
	if err != nil {
		return basePath + WebhookPath
	}
	prefix := strings.TrimSuffix(strings.TrimSuffix(u.EscapedPath(), "/"), basePath)
	return prefix + basePath + WebhookPath
}
