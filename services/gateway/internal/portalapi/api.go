// Package portalapi is the JSON behind the merchant portal and the customers' app: logins, the merchant's profile, team
// and API keys, webhook endpoints and their deliveries, and the admins' switch. Answers are bare objects; lists are
// {"data":[…],"pagination":{…}}.
package portalapi

import (
	"time"

	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	webhooksv1 "european-pay.eu/eupay/proto/eupay/webhooks/v1"
	"european-pay.eu/eupay/services/gateway/internal/account"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/ratelimit"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// What bounds a call to the webhooks service: most of them, a test, which waits for the merchant's server, and sending
// thousands of deliveries again.
const (
	callTimeout = 5 * time.Second
	testTimeout = 15 * time.Second
	bulkTimeout = 30 * time.Second
)

// Deps are what New needs.
type Deps struct {
	Accounts *account.Accounts
	Webhooks webhooksv1.WebhooksServiceClient
	Push     webhooksv1.PushServiceClient
	Listen   webhooksv1.ListenServiceClient
	Loyalty  qrv1.LoyaltyServiceClient
	Access   *caller.Access
	Limiter  ratelimit.Limiter
}

// API is the handlers. Make it with New.
type API struct {
	accounts *account.Accounts
	webhooks webhooksv1.WebhooksServiceClient
	push     webhooksv1.PushServiceClient
	listener webhooksv1.ListenServiceClient
	loyalty  qrv1.LoyaltyServiceClient
	access   *caller.Access
	limiter  ratelimit.Limiter
	// keepAlive is the longest silence of a stream.
	keepAlive time.Duration
}

// New returns the API.
func New(d Deps) *API {
	return &API{
		accounts: d.Accounts, webhooks: d.Webhooks, push: d.Push, listener: d.Listen, loyalty: d.Loyalty, access: d.Access,
		limiter: d.Limiter, keepAlive: listenKeepAlive,
	}
}

// keyReader: staff sees no keys.
var keyReader = []account.Role{account.RoleMerchant, account.RoleAccountant}

// Register puts the endpoints on the group of /api/v1.
func (a *API) Register(g *web.API) {
	a.registerAuth(g)

	g.GET("/merchant", a.merchant, a.access.Login(caller.Team...))
	g.PATCH("/merchant", a.updateMerchant, a.access.Login(caller.Owner...))
	g.DELETE("/merchant/iban-change", a.stopIBANChange, a.access.Login(caller.Owner...))
	g.GET("/merchant/team", a.team, a.access.Login(caller.Team...))
	g.POST("/merchant/team", a.addMember, a.access.Login(caller.Owner...), a.access.Fresh)
	g.PATCH("/merchant/team/:id", a.updateMember, a.access.Login(caller.Owner...), a.access.Fresh)
	g.DELETE("/merchant/team/:id", a.removeMember, a.access.Login(caller.Owner...), a.access.Fresh)
	g.GET("/merchant/audit", a.audit, a.access.Login(caller.Owner...))
	g.GET("/merchant/audit/export", a.exportAudit, a.access.Login(caller.Owner...), a.access.Fresh)

	g.GET("/merchant/api-keys", a.keys, a.access.Login(keyReader...))
	g.POST("/merchant/api-keys", a.createKey, a.access.Login(caller.Owner...), a.access.Fresh)
	g.PATCH("/merchant/api-keys/:id", a.updateKey, a.access.Login(caller.Owner...))
	g.DELETE("/merchant/api-keys/:id", a.revokeKey, a.access.Login(caller.Owner...))
	g.POST("/merchant/api-keys/:id/rotate", a.rotateKey, a.access.Login(caller.Owner...), a.access.Fresh)

	g.GET("/admin/merchants", a.merchants, a.access.Login(caller.Admin...))
	g.POST("/admin/merchants/:id/gateway", a.enableGateway, a.access.Login(caller.Admin...))
	g.GET("/admin/merchants/:id/audit", a.auditOfMerchant, a.access.Login(caller.Admin...))
	g.PATCH("/admin/users/:id", a.updateUser, a.access.Login(caller.Admin...), a.access.Fresh)

	g.GET("/customer/loyalty", a.loyaltyOf, a.access.CustomerLogin())

	a.registerWebhooks(g)
	a.registerPush(g)
	a.registerListen(g)
}

func (a *API) registerAuth(g *web.API) {
	g.POST("/auth/register", a.register, web.NoStore, a.access.Anonymous)
	g.POST("/auth/login", a.login(account.Portal), web.NoStore, a.access.Anonymous)
	g.POST("/auth/refresh", a.refresh, web.NoStore, a.access.Anonymous)
	g.POST("/auth/logout", a.logout, web.NoStore, a.access.Anonymous)
	g.GET("/auth/me", a.me, a.access.PortalLogin())
	g.POST("/auth/verify-email", a.verifyEmail, a.access.UnverifiedLogin())
	g.POST("/auth/verify-email/resend", a.resendVerification, a.access.UnverifiedLogin())
	g.POST("/auth/verify-email/address", a.changeUnverifiedEmail, a.access.UnverifiedLogin())
	g.GET("/auth/sessions", a.sessions, a.access.AnyLogin())
	g.DELETE("/auth/sessions", a.endOtherSessions, a.access.AnyLogin())
	g.DELETE("/auth/sessions/:id", a.endSession, a.access.AnyLogin())
	g.POST("/auth/mfa/verify", a.verifyLogin, web.NoStore, a.access.Anonymous)
	g.POST("/auth/mfa/passkey/options", a.passkeyForTicket, web.NoStore, a.access.Anonymous)
	g.POST("/auth/mfa/passkey", a.verifyLoginWithPasskey, web.NoStore, a.access.Anonymous)
	g.POST("/auth/login/passkey/options", a.passkeyForLogin, web.NoStore, a.access.Anonymous)
	g.POST("/auth/login/passkey", a.loginWithPasskey, web.NoStore, a.access.Anonymous)
	g.GET("/auth/mfa", a.factor, a.access.AnyLogin())
	g.POST("/auth/mfa/totp", a.beginFactor, a.access.AnyLogin())
	g.POST("/auth/mfa/totp/confirm", a.confirmFactor, a.access.AnyLogin())
	g.POST("/auth/mfa/totp/disable", a.disableFactor, a.access.AnyLogin())
	g.POST("/auth/mfa/recovery-codes", a.newRecoveryCodes, a.access.AnyLogin())
	g.POST("/auth/step-up", a.stepUp, a.access.AnyLogin())
	g.POST("/auth/step-up/passkey/options", a.passkeyForStepUp, a.access.AnyLogin())
	g.POST("/auth/step-up/passkey", a.stepUpWithPasskey, a.access.AnyLogin())
	g.GET("/auth/passkeys", a.passkeys, a.access.AnyLogin())
	g.POST("/auth/passkeys/options", a.beginPasskey, a.access.AnyLogin(), a.access.Fresh)
	g.POST("/auth/passkeys", a.addPasskey, a.access.AnyLogin(), a.access.Fresh)
	g.PATCH("/auth/passkeys/:id", a.renamePasskey, a.access.AnyLogin())
	g.DELETE("/auth/passkeys/:id", a.removePasskey, a.access.AnyLogin(), a.access.Fresh)
	g.POST("/auth/password", a.changePassword, a.access.AnyLogin())
	g.POST("/auth/forgot", a.forgotPassword, web.NoStore, a.access.Anonymous)
	g.POST("/auth/reset", a.resetPassword, web.NoStore, a.access.Anonymous)
	g.POST("/customer/auth/register", a.registerCustomer, web.NoStore, a.access.Anonymous)
	g.POST("/customer/auth/login", a.login(account.Customer), web.NoStore, a.access.Anonymous)
}

func (a *API) registerWebhooks(g *web.API) {
	read := a.access.LoginOrKey(account.WebhooksRead, caller.Team...)
	write := a.access.LoginOrKey(account.WebhooksWrite, caller.Owner...)
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
