// Package rewardapi is the API of rewards: the rules of a merchant's program, its members and their points, and redemptions.
package rewardapi

import (
	"time"

	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/ratelimit"
	"european-pay.eu/eupay/services/gateway/internal/rights"
	"european-pay.eu/eupay/services/gateway/internal/web"

	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

const (
	callTimeout = 5 * time.Second
	// maxNumber is the longest number of a customer, in characters.
	maxNumber      = 64
	memberNoun     = "Member"
	redemptionNoun = "Redemption"
)

// Deps are what New needs.
type Deps struct {
	Rewards qrv1.RewardsServiceClient
	Access  *caller.Access
	Limiter ratelimit.Limiter
}

// API is the handlers. Make it with New.
type API struct{ Deps }

// New returns the API.
func New(d Deps) *API { return &API{d} }

// Register puts the endpoints on the group of /api/v1.
func (a *API) Register(g *web.API) {
	read, write := a.Access.ForAccount(rights.RewardsRead), a.Access.ForAccount(rights.RewardsWrite)
	g.GET("/rewards/program", a.program, read)
	g.PUT("/rewards/program", a.replaceProgram, write)
	g.GET("/rewards/program/versions", a.programVersions, read)
	g.GET("/rewards/members", a.members, read)
	g.POST("/rewards/members", a.createMember, write)
	g.GET("/rewards/members/:id", a.member, read)
	g.DELETE("/rewards/members/:id", a.forgetMember, write)
	g.GET("/rewards/members/:id/entries", a.entries, read)
	g.POST("/rewards/members/:id/entries", a.adjust, write)
	g.GET("/rewards/entries/export", a.export, read)
	g.GET("/rewards/redemptions", a.redemptions, read)
	g.POST("/rewards/redemptions", a.hold, write)
	g.GET("/rewards/redemptions/:id", a.redemption, read)
	g.POST("/rewards/redemptions/:id/capture", a.capture, write)
	g.POST("/rewards/redemptions/:id/release", a.release, write)
}
