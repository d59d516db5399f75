// Package merchantapi is the API for a merchant's own settings in the portal: profile, team, audit log and API keys. Answers are
// bare objects; lists are {"data":[…],"pagination":{…}}.
package merchantapi

import (
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/directory"
	"european-pay.eu/eupay/services/gateway/internal/ratelimit"
	"european-pay.eu/eupay/services/gateway/internal/rights"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// Deps are the dependencies of New.
type Deps struct {
	Accounts *directory.Directory
	Access   *caller.Access
	Limiter  ratelimit.Limiter
}

// API has the handlers. Make it with New.
type API struct {
	accounts *directory.Directory
	access   *caller.Access
	limiter  ratelimit.Limiter
}

// New returns the API.
func New(d Deps) *API { return &API{accounts: d.Accounts, access: d.Access, limiter: d.Limiter} }

// Register puts the endpoints on the group of /api/v1. Staff may not see API keys.
func (a *API) Register(g *web.API) {
	team, owner := a.access.Login(caller.Team...), a.access.Login(caller.Owner...)
	g.GET("/merchant", a.merchant, team)
	g.PATCH("/merchant", a.updateMerchant, owner)
	g.DELETE("/merchant/iban-change", a.stopIBANChange, owner)
	g.GET("/merchant/team", a.team, team)
	g.POST("/merchant/team", a.addMember, owner, a.access.Fresh)
	g.PATCH("/merchant/team/:id", a.updateMember, owner, a.access.Fresh)
	g.DELETE("/merchant/team/:id", a.removeMember, owner, a.access.Fresh)
	g.GET("/merchant/audit", a.audit, owner)
	g.GET("/merchant/audit/export", a.exportAudit, owner, a.access.Fresh)

	g.GET("/merchant/api-keys", a.keys, a.access.Login(rights.RoleMerchant, rights.RoleAccountant))
	g.POST("/merchant/api-keys", a.createKey, owner, a.access.Fresh)
	g.PATCH("/merchant/api-keys/:id", a.updateKey, owner)
	g.DELETE("/merchant/api-keys/:id", a.revokeKey, owner)
	g.POST("/merchant/api-keys/:id/rotate", a.rotateKey, owner, a.access.Fresh)
}
