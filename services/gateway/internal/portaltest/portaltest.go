// Package portaltest has what the tests of the portal's API packages share: the portal on a real server, database and broker,
// with logins, merchants and admins.
package portaltest

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/kit/natstest"
	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/kit/testclock"
	"european-pay.eu/eupay/services/gateway/internal/adminapi"
	"european-pay.eu/eupay/services/gateway/internal/apidoc/apidoctest"
	"european-pay.eu/eupay/services/gateway/internal/apikey"
	"european-pay.eu/eupay/services/gateway/internal/authapi"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/directory"
	"european-pay.eu/eupay/services/gateway/internal/gatewaytest"
	"european-pay.eu/eupay/services/gateway/internal/merchantapi"
	"european-pay.eu/eupay/services/gateway/internal/ratelimit"
	"european-pay.eu/eupay/services/gateway/internal/web"
	"european-pay.eu/eupay/services/gateway/migrations"
)

const (
	// Password of all users.
	Password = "correct horse battery"
	// IBAN of all merchants.
	IBAN = "FR7630006000011234567890189"
	// Nobody is an id that does not exist.
	Nobody = "00000000-0000-0000-0000-000000000000"
)

// Quiet discards the log.
var Quiet = slog.New(slog.DiscardHandler)

// Register puts logins, the merchant's own affairs and the admins' on the group.
func Register(g *web.API, accounts *directory.Directory, access *caller.Access, limiter ratelimit.Limiter) {
	authapi.New(authapi.Deps{Accounts: accounts, Access: access}).Register(g)
	merchantapi.New(merchantapi.Deps{Accounts: accounts, Access: access, Limiter: limiter}).Register(g)
	adminapi.New(adminapi.Deps{Accounts: accounts, Access: access}).Register(g)
}

// Portal is the API on a real server, database and broker. Every answer is validated against the API description.
type Portal struct {
	Accounts *directory.Directory
	Access   *caller.Access
	Limiter  ratelimit.Limiter
	Pool     *pgxpool.Pool
	API      gatewaytest.Client
	Clock    *testclock.Clock
	Echo     *echo.Echo
	// Group registers more parts of the API.
	Group *web.API
}

// New serves a portal until the test ends.
func New(t *testing.T, with ...func(*directory.Deps)) *Portal {
	t.Helper()
	return Limited(t, caller.Limits{UserReads: 1000, UserWrites: 1000, MerchantReads: 1000, MerchantWrites: 1000}, with...)
}

// Limited is New with those limits.
func Limited(t *testing.T, limits caller.Limits, with ...func(*directory.Deps)) *Portal {
	t.Helper()
	pool, _ := pgtest.New(t, "gateway", migrations.FS)
	p := &Portal{Pool: pool, Clock: testclock.New(time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC))}
	p.Limiter = ratelimit.NewMemory(p.Clock.Now)
	p.Accounts = gatewaytest.Accounts(t, pool, natstest.New(t).NC, p.Clock.Now, with...)
	p.Access = gatewaytest.Access(p.Accounts, p.Clock.Now, func(d *caller.Deps) { d.Keys, d.Limits = unbound{p.Accounts.Keys}, limits })
	p.Echo = web.New(Quiet, nil)
	p.Group = apidoctest.API(t, p.Echo)
	Register(p.Group, p.Accounts, p.Access, p.Limiter)
	srv := httptest.NewServer(p.Echo)
	t.Cleanup(srv.Close)
	p.API = gatewaytest.Client{URL: srv.URL + apidoctest.Base, HTTP: srv.Client(), Doc: apidoctest.New(t)}
	return p
}

// unbound are keys of merchants whom the platform need not enable first, without a limit.
type unbound struct{ *apikey.Keys }

func (u unbound) Authenticate(ctx context.Context, public, secret string, from netip.Addr) (apikey.Key, error) {
	key, err := u.Keys.Authenticate(ctx, public, secret, from)
	key.Merchant.GatewayEnabled, key.PerMinute = true, 1000
	return key, err
}

// Rows returns the first column of the query's result.
func (p *Portal) Rows(t *testing.T, sql string) []string {
	t.Helper()
	var list []string
	if err := p.Pool.QueryRow(t.Context(), `select coalesce(array_agg(x), '{}') from (`+sql+`) as q(x)`).Scan(&list); err != nil {
		t.Fatal(err)
	}
	return list
}
