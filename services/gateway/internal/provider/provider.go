// Package provider receives the payment provider's webhooks, and the payers whom the provider redirects back. Both are only
// hints: the payments service reads the payment from the provider and acts on that.
package provider

import (
	"log/slog"
	"net/url"
	"strings"
	"time"

	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/gateway/internal/gate"
	"european-pay.eu/eupay/services/gateway/internal/ratelimit"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// Paths below the base path of the API.
const (
	WebhookPath = "/webhooks/powens"
	ReturnPath  = "/payments/return"
)

// returnsPerMinute limits one address. A page that refreshes every few seconds stays far below it.
const returnsPerMinute = 60

// Provider has the handlers.
type Provider struct {
	Commands *gate.Commands
	// Settlement hears of news of merchants' own accounts.
	Settlement paymentsv1.SettlementServiceClient
	Limiter    ratelimit.Limiter
	Log        *slog.Logger
	// SignedPath is the path of the webhook URL as configured at the provider. It is part of the signed text.
	SignedPath string
	// LiveSecret and TestSecret verify webhooks. With an empty secret nothing is verified successfully.
	LiveSecret, TestSecret string
	// ReturnWait is how long a payer's return waits for the state of the payment.
	ReturnWait time.Duration
	// Receipts: the pages for payers are behind this gateway too, so that its own page leads to the receipt.
	Receipts bool
}

// Register adds the routes to the group of the base path.
func (p *Provider) Register(g *web.API) {
	g.POST(WebhookPath, p.webhook)
	g.GET(ReturnPath, p.back, p.pages, web.PerIP(p.Limiter, "return", returnsPerMinute))
}

// SignedPath returns the path of the webhook below publicURL, which is the address of the API with or without its base path.
func SignedPath(publicURL, basePath string) string {
	u, err := url.Parse(publicURL)
	if err != nil {
		return basePath + WebhookPath
	}
	prefix := strings.TrimSuffix(strings.TrimSuffix(u.EscapedPath(), "/"), basePath)
	return prefix + basePath + WebhookPath
}
