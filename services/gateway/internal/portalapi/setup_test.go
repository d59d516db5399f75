package portalapi

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/labstack/echo/v4"
	"go.uber.org/goleak"
	"google.golang.org/grpc"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/natstest"
	"european-pay.eu/eupay/internal/pgtest"
	"european-pay.eu/eupay/internal/testclock"
	webhooksv1 "european-pay.eu/eupay/proto/eupay/webhooks/v1"
	"european-pay.eu/eupay/services/gateway/internal/account"
	"european-pay.eu/eupay/services/gateway/internal/apidoc/apidoctest"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/gatewaytest"
	"european-pay.eu/eupay/services/gateway/internal/ratelimit"
	"european-pay.eu/eupay/services/gateway/internal/web"
	"european-pay.eu/eupay/services/gateway/migrations"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	password = "correct horse battery"
	iban     = "FR7630006000011234567890189"
)

var quiet = slog.New(slog.DiscardHandler)

// fixture is the API on a real server, database and broker. Every answer is held against the API description.
type fixture struct {
	accounts *account.Accounts
	access   *caller.Access
	pool     *pgxpool.Pool
	hooks    *hooks
	pushes   *pushes
	api      gatewaytest.Client
	clock    *testclock.Clock
	echo     *echo.Echo
}

func setup(t *testing.T, with ...func(*account.Deps)) *fixture {
	t.Helper()
	return limited(t, caller.Limits{UserReads: 1000, UserWrites: 1000, MerchantReads: 1000, MerchantWrites: 1000}, with...)
}

// limited is setup with those limits.
func limited(t *testing.T, limits caller.Limits, with ...func(*account.Deps)) *fixture {
	t.Helper()
	pool, _ := pgtest.New(t, "gateway", migrations.FS)
	f := &fixture{pool: pool, hooks: &hooks{}, pushes: &pushes{}, clock: testclock.New(time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC))}
	f.accounts = gatewaytest.Accounts(t, pool, natstest.New(t).NC, f.clock.Now, with...)
	f.access = gatewaytest.Access(f.accounts, f.clock.Now, func(d *caller.Deps) { d.Keys, d.Limits = unbound{f.accounts.Keys}, limits })
	f.echo = web.New(quiet, nil)
	New(Deps{
		Accounts: f.accounts, Webhooks: f.hooks.client(t), Push: f.pushes.client(t), Listen: full.client(t),
		Loyalty: points{}.client(t), Access: f.access,
		Limiter: ratelimit.NewMemory(f.clock.Now),
	}).Register(apidoctest.API(t, f.echo))
	srv := httptest.NewServer(f.echo)
	t.Cleanup(srv.Close)
	f.api = gatewaytest.Client{URL: srv.URL + apidoctest.Base, HTTP: srv.Client(), Doc: apidoctest.New(t)}
	return f
}

// unbound are keys of merchants whom the platform need not enable first, without a limit.
type unbound struct{ *account.Keys }

func (u unbound) Authenticate(ctx context.Context, public, secret string, from netip.Addr) (account.Key, error) {
	key, err := u.Keys.Authenticate(ctx, public, secret, from)
	key.Merchant.GatewayEnabled, key.PerMinute = true, 1000
	return key, err
}

// reply is an answer with its JSON.
type reply struct {
	status int
	header http.Header
	text   string
	json   map[string]any
}

func (r reply) code() string { s, _ := r.json["code"].(string); return s }

func (r reply) str(field string) string { s, _ := r.json[field].(string); return s }

// fields are the names in the errors of a VALIDATION_ERROR.
func (r reply) fields() string { return strings.Join(gatewaytest.Fields(r.json), " ") }

func (r reply) rows() []map[string]any {
	list, _ := r.json["data"].([]any)
	rows := make([]map[string]any, len(list))
	for i, e := range list {
		rows[i] = e.(map[string]any)
	}
	return rows
}

// as are the credentials of a request: a login token, or the two parts of an API key.
type as struct{ token, public, secret string }

// call sends a request; body may be empty.
func (f *fixture) call(t *testing.T, who as, method, path, body string) reply {
	t.Helper()
	headers := append(gatewaytest.Bearer(who.token), "X-Api-Key", who.public, "X-Api-Secret", who.secret)
	a := f.api.Call(t, method, path, body, headers...)
	if a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%s %s may be cached: %q", method, path, a.Header.Get("Cache-Control"))
	}
	return reply{a.Status, a.Header, a.Text, a.JSON}
}

// must is call for what has to succeed.
func (f *fixture) must(t *testing.T, who as, method, path, body string) reply {
	t.Helper()
	r := f.call(t, who, method, path, body)
	if r.status >= 300 {
		t.Fatalf("%s %s answers %d %s", method, path, r.status, r.text)
	}
	return r
}

// refused wants that error.
func (f *fixture) refused(t *testing.T, code errs.Code, who as, method, path, body string) reply {
	t.Helper()
	r := f.call(t, who, method, path, body)
	if r.status != code.HTTPStatus() || r.code() != string(code) || r.json["success"] != false {
		t.Errorf("%s %s %s answers %d %s, want %s", method, path, body, r.status, r.text, code)
	}
	return r
}

func (f *fixture) register(t *testing.T, email string) as {
	t.Helper()
	r := f.must(t, as{}, "POST", "/auth/register", `{"email":"`+email+`","password":"`+password+`","name":"Café Noisette","iban":"`+iban+`"}`)
	return as{token: r.str("token")}
}

// people are one login of each role; the first three of one merchant.
func (f *fixture) people(t *testing.T) map[account.Role]as {
	t.Helper()
	owner := f.register(t, "owner@example.com")
	who := map[account.Role]as{account.RoleMerchant: owner, "": {}}
	for _, role := range []account.Role{account.RoleStaff, account.RoleAccountant} {
		f.must(t, owner, "POST", "/merchant/team", `{"email":"`+string(role)+`@example.com","password":"`+password+`","role":"`+string(role)+`"}`)
		who[role] = f.login(t, "/auth/login", string(role)+"@example.com")
	}
	who[account.RoleAdmin] = f.admin(t)
	c := f.must(t, as{}, "POST", "/customer/auth/register", `{"email":"jane@example.com","password":"`+password+`"}`)
	who[account.RoleCustomer] = as{token: c.str("token")}
	return who
}

func (f *fixture) login(t *testing.T, path, email string) as {
	t.Helper()
	return as{token: f.must(t, as{}, "POST", path, `{"email":"`+email+`","password":"`+password+`"}`).str("token")}
}

// admin seeds one: nobody can register as admin.
func (f *fixture) admin(t *testing.T) as {
	t.Helper()
	_, err := f.accounts.Seed(t.Context(), account.Demo{
		Merchant: account.Merchant{Name: "Demo", Email: "demo@example.com", IBAN: iban}, MerchantPassword: password,
		AdminEmail: "admin@example.com", AdminPassword: password,
	})
	if err != nil {
		t.Fatal(err)
	}
	return f.login(t, "/auth/login", "admin@example.com")
}

// client connects to the stand-in of the webhooks service.
func (h *hooks) client(t *testing.T) webhooksv1.WebhooksServiceClient {
	t.Helper()
	return webhooksv1.NewWebhooksServiceClient(gatewaytest.Connect(t, func(r grpc.ServiceRegistrar) { webhooksv1.RegisterWebhooksServiceServer(r, h) }))
}
