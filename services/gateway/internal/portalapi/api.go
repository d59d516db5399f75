// Package portalapi is the JSON behind the merchant portal and the customers' app: logins, the merchant's profile, team
// and API keys, webhook endpoints and their deliveries, and the admins' switch. Answers are bare objects; lists are
// {"data":[…],"pagination":{…}}.
package portalapi

import (
	"time"

	"github.com/labstack/echo/v4"

	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	webhooksv1 "european-pay.eu/eupay/proto/eupay/webhooks/v1"
	"european-pay.eu/eupay/services/gateway/internal/account"
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

// KeyAuth returns the middleware that lets a request pass whose API key is good for the scope.
type KeyAuth func(account.Scope) echo.MiddlewareFunc

// KeyFrom returns the key that KeyAuth let in; false when the request did not come through it.
type KeyFrom func(echo.Context) (account.Key, bool)

// Deps are what New needs.
type Deps struct {
	Accounts *account.Accounts
	Webhooks webhooksv1.WebhooksServiceClient
	Push     webhooksv1.PushServiceClient
	Listen   webhooksv1.ListenServiceClient
	Loyalty  qrv1.LoyaltyServiceClient
	KeyAuth  KeyAuth
	KeyFrom  KeyFrom
	// Limiter counts by Limits. Nil: nothing is counted.
	Limiter ratelimit.Limiter
	Limits  Limits
}

// API is the handlers. Make it with New.
type API struct {
	accounts *account.Accounts
	webhooks webhooksv1.WebhooksServiceClient
	push     webhooksv1.PushServiceClient
	listener webhooksv1.ListenServiceClient
	loyalty  qrv1.LoyaltyServiceClient
	keyAuth  KeyAuth
	keyFrom  KeyFrom
	limiter  ratelimit.Limiter
	limits   Limits
	// keepAlive is the longest silence of a stream.
	keepAlive time.Duration
}

// New returns the API.
func New(d Deps) *API {
	return &API{
		accounts: d.Accounts, webhooks: d.Webhooks, push: d.Push, listener: d.Listen, loyalty: d.Loyalty, keyAuth: d.KeyAuth, keyFrom: d.KeyFrom,
		limiter: d.Limiter, limits: d.Limits, keepAlive: listenKeepAlive,
	}
}

// Who may do what. An accountant only reads, staff sees no keys, and money and credentials are the merchant's alone.
var (
	anyone    = []account.Role{account.RoleMerchant, account.RoleStaff, account.RoleAccountant, account.RoleAdmin}
	team      = []account.Role{account.RoleMerchant, account.RoleStaff, account.RoleAccountant}
	keyReader = []account.Role{account.RoleMerchant, account.RoleAccountant}
	owner     = []account.Role{account.RoleMerchant}
	admin     = []account.Role{account.RoleAdmin}
)

// Register puts the endpoints on the group of /api/v1.
func (a *API) Register(g *web.API) {
	a.registerAuth(g)

	g.GET("/merchant", a.merchant, a.Login(team...))
	g.PATCH("/merchant", a.updateMerchant, a.Login(owner...))
	g.DELETE("/merchant/iban-change", a.stopIBANChange, a.Login(owner...))
	g.GET("/merchant/team", a.team, a.Login(team...))
	g.POST("/merchant/team", a.addMember, a.Login(owner...), a.fresh)
	g.PATCH("/merchant/team/:id", a.updateMember, a.Login(owner...), a.fresh)
	g.DELETE("/merchant/team/:id", a.removeMember, a.Login(owner...), a.fresh)
	g.GET("/merchant/audit", a.audit, a.Login(owner...))
	g.GET("/merchant/audit/export", a.exportAudit, a.Login(owner...), a.fresh)

	g.GET("/merchant/api-keys", a.keys, a.Login(keyReader...))
	g.POST("/merchant/api-keys", a.createKey, a.Login(owner...), a.fresh)
	g.PATCH("/merchant/api-keys/:id", a.updateKey, a.Login(owner...))
	g.DELETE("/merchant/api-keys/:id", a.revokeKey, a.Login(owner...))
	g.POST("/merchant/api-keys/:id/rotate", a.rotateKey, a.Login(owner...), a.fresh)

	g.GET("/admin/merchants", a.merchants, a.Login(admin...))
	g.POST("/admin/merchants/:id/gateway", a.enableGateway, a.Login(admin...))
	g.GET("/admin/merchants/:id/audit", a.auditOfMerchant, a.Login(admin...))
	g.PATCH("/admin/users/:id", a.updateUser, a.Login(admin...), a.fresh)

	g.GET("/customer/loyalty", a.loyaltyOf, a.CustomerLogin())

	a.registerWebhooks(g)
	a.registerPush(g)
	a.registerListen(g)
}

func (a *API) registerAuth(g *web.API) {
	g.POST("/auth/register", a.register, noStore, a.anonymous)
	g.POST("/auth/login", a.login(account.Portal), noStore, a.anonymous)
	g.POST("/auth/refresh", a.refresh, noStore, a.anonymous)
	g.POST("/auth/logout", a.logout, noStore, a.anonymous)
	g.GET("/auth/me", a.me, a.admit(door{roles: anyone, audiences: []account.Audience{account.Portal}, unverified: true, factorless: true}))
	g.POST("/auth/verify-email", a.verifyEmail, a.unverifiedLogin())
	g.POST("/auth/verify-email/resend", a.resendVerification, a.unverifiedLogin())
	g.POST("/auth/verify-email/address", a.changeUnverifiedEmail, a.unverifiedLogin())
	g.GET("/auth/sessions", a.sessions, a.anyLogin())
	g.DELETE("/auth/sessions", a.endOtherSessions, a.anyLogin())
	g.DELETE("/auth/sessions/:id", a.endSession, a.anyLogin())
	g.POST("/auth/mfa/verify", a.verifyLogin, noStore, a.anonymous)
	g.POST("/auth/mfa/passkey/options", a.passkeyForTicket, noStore, a.anonymous)
	g.POST("/auth/mfa/passkey", a.verifyLoginWithPasskey, noStore, a.anonymous)
	g.POST("/auth/login/passkey/options", a.passkeyForLogin, noStore, a.anonymous)
	g.POST("/auth/login/passkey", a.loginWithPasskey, noStore, a.anonymous)
	g.GET("/auth/mfa", a.factor, a.anyLogin())
	g.POST("/auth/mfa/totp", a.beginFactor, a.anyLogin())
	g.POST("/auth/mfa/totp/confirm", a.confirmFactor, a.anyLogin())
	g.POST("/auth/mfa/totp/disable", a.disableFactor, a.anyLogin())
	g.POST("/auth/mfa/recovery-codes", a.newRecoveryCodes, a.anyLogin())
	g.POST("/auth/step-up", a.stepUp, a.anyLogin())
	g.POST("/auth/step-up/passkey/options", a.passkeyForStepUp, a.anyLogin())
	g.POST("/auth/step-up/passkey", a.stepUpWithPasskey, a.anyLogin())
	g.GET("/auth/passkeys", a.passkeys, a.anyLogin())
	g.POST("/auth/passkeys/options", a.beginPasskey, a.anyLogin(), a.fresh)
	g.POST("/auth/passkeys", a.addPasskey, a.anyLogin(), a.fresh)
	g.PATCH("/auth/passkeys/:id", a.renamePasskey, a.anyLogin())
	g.DELETE("/auth/passkeys/:id", a.removePasskey, a.anyLogin(), a.fresh)
	g.POST("/auth/password", a.changePassword, a.anyLogin())
	g.POST("/auth/forgot", a.forgotPassword, noStore, a.anonymous)
	g.POST("/auth/reset", a.resetPassword, noStore, a.anonymous)
	g.POST("/customer/auth/register", a.registerCustomer, noStore, a.anonymous)
	g.POST("/customer/auth/login", a.login(account.Customer), noStore, a.anonymous)
}

func (a *API) registerWebhooks(g *web.API) {
	read := a.LoginOrKey(account.WebhooksRead, team...)
	write := a.LoginOrKey(account.WebhooksWrite, owner...)
	g.GET("/webhook-endpoints", a.endpoints, read)
	g.POST("/webhook-endpoints", a.createEndpoint, write)
	g.GET("/webhook-endpoints/:id", a.endpoint, read)
	g.PATCH("/webhook-endpoints/:id", a.updateEndpoint, write)
	g.DELETE("/webhook-endpoints/:id", a.deleteEndpoint, write)
	g.POST("/webhook-endpoints/:id/rotate-secret", a.rotateEndpointSecret, write, a.fresh)
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
