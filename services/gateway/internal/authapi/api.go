// Package authapi is the API for logging in to the portal and the app: registration, sessions, passwords, second factors,
// passkeys and verification of addresses. Answers are bare objects; lists are {"data":[…],"pagination":{…}}.
package authapi

import (
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/directory"
	"european-pay.eu/eupay/services/gateway/internal/user"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// Deps are the dependencies of New.
type Deps struct {
	Accounts *directory.Directory
	Access   *caller.Access
}

// API has the handlers. Make it with New.
type API struct {
	accounts *directory.Directory
	access   *caller.Access
}

// New returns the API.
func New(d Deps) *API { return &API{accounts: d.Accounts, access: d.Access} }

// Register puts the endpoints on the group of /api/v1.
func (a *API) Register(g *web.API) {
	login, unverified := a.access.AnyLogin(), a.access.UnverifiedLogin()
	g.POST("/auth/register", a.register, web.NoStore, a.access.Anonymous)
	g.POST("/auth/login", a.login(user.Portal), web.NoStore, a.access.Anonymous)
	g.POST("/auth/refresh", a.refresh, web.NoStore, a.access.Anonymous)
	g.POST("/auth/logout", a.logout, web.NoStore, a.access.Anonymous)
	g.GET("/auth/me", a.me, unverified)
	g.POST("/auth/verify-email", a.verifyEmail, unverified)
	g.POST("/auth/verify-email/resend", a.resendVerification, unverified)
	g.POST("/auth/verify-email/address", a.changeUnverifiedEmail, unverified)
	g.GET("/auth/sessions", a.sessions, login)
	g.DELETE("/auth/sessions", a.endOtherSessions, login)
	g.DELETE("/auth/sessions/:id", a.endSession, login)
	g.POST("/auth/mfa/verify", a.verifyLogin, web.NoStore, a.access.Anonymous)
	g.POST("/auth/mfa/passkey/options", a.passkeyForTicket, web.NoStore, a.access.Anonymous)
	g.POST("/auth/mfa/passkey", a.verifyLoginWithPasskey, web.NoStore, a.access.Anonymous)
	g.POST("/auth/login/passkey/options", a.passkeyForLogin, web.NoStore, a.access.Anonymous)
	g.POST("/auth/login/passkey", a.loginWithPasskey, web.NoStore, a.access.Anonymous)
	g.GET("/auth/mfa", a.factor, login)
	g.POST("/auth/mfa/totp", a.beginFactor, login)
	g.POST("/auth/mfa/totp/confirm", a.confirmFactor, login)
	g.POST("/auth/mfa/totp/disable", a.disableFactor, login)
	g.POST("/auth/mfa/recovery-codes", a.newRecoveryCodes, login)
	g.POST("/auth/step-up", a.stepUp, login)
	g.POST("/auth/step-up/passkey/options", a.passkeyForStepUp, login)
	g.POST("/auth/step-up/passkey", a.stepUpWithPasskey, login)
	g.GET("/auth/passkeys", a.passkeys, login)
	g.POST("/auth/passkeys/options", a.beginPasskey, login, a.access.Fresh)
	g.POST("/auth/passkeys", a.addPasskey, login, a.access.Fresh)
	g.PATCH("/auth/passkeys/:id", a.renamePasskey, login)
	g.DELETE("/auth/passkeys/:id", a.removePasskey, login, a.access.Fresh)
	g.POST("/auth/password", a.changePassword, login)
	g.POST("/auth/forgot", a.forgotPassword, web.NoStore, a.access.Anonymous)
	g.POST("/auth/reset", a.resetPassword, web.NoStore, a.access.Anonymous)
	g.POST("/customer/auth/register", a.registerCustomer, web.NoStore, a.access.Anonymous)
	g.POST("/customer/auth/login", a.login(user.Customer), web.NoStore, a.access.Anonymous)
}
