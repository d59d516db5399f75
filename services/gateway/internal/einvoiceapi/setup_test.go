package einvoiceapi

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"go.uber.org/goleak"

	"european-pay.eu/eupay/internal/kit/natstest"
	"european-pay.eu/eupay/internal/kit/pgtest"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	"european-pay.eu/eupay/services/gateway/internal/apidoc/apidoctest"
	"european-pay.eu/eupay/services/gateway/internal/apikey"
	"european-pay.eu/eupay/services/gateway/internal/directory"
	"european-pay.eu/eupay/services/gateway/internal/drawing"
	"european-pay.eu/eupay/services/gateway/internal/gatewaytest"
	"european-pay.eu/eupay/services/gateway/internal/merchant"
	"european-pay.eu/eupay/services/gateway/internal/portaltest"
	"european-pay.eu/eupay/services/gateway/internal/ratelimit"
	"european-pay.eu/eupay/services/gateway/internal/rights"
	"european-pay.eu/eupay/services/gateway/internal/web"
	"european-pay.eu/eupay/services/gateway/migrations"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	password = "correct horse battery"
	iban     = "FR7630006000011234567890189"
	public   = "pk_test_0123456789abcdef0123456789abcdef"
	secret   = "sk_test_0123456789abcdef0123456789abcdef"
	live     = "pk_live_0123456789abcdef0123456789abcdef"
	liveKey  = "sk_live_0123456789abcdef0123456789abcdef"
)

var (
	quiet = slog.New(slog.DiscardHandler)
	noon  = time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC)
)

// as are the headers with the credentials of a request.
type as []string

// fixture is the API with real accounts on a real server; every answer is held against the API description.
type fixture struct {
	limiter  ratelimit.Limiter
	accounts *directory.Directory
	merchant merchant.Merchant
	platform *platform
	refunds  *refunds
	api      gatewaytest.Client
	// key and live are keys of the merchant with all scopes; reader has invoices:read only, payer everything else.
	key, live, reader, payer as
	people                   map[rights.Role]as
}

func setup(t *testing.T) *fixture {
	t.Helper()
	pool, _ := pgtest.New(t, "gateway", migrations.FS)
	now := func() time.Time { return noon }
	f := &fixture{platform: &platform{mandate: "active"}, refunds: &refunds{}, people: map[rights.Role]as{}}
	f.accounts = gatewaytest.Accounts(t, pool, natstest.New(t).NC, now)
	limiter := ratelimit.NewMemory(now)
	f.limiter = limiter
	access := gatewaytest.Access(f.accounts, now)
	e := web.New(quiet, nil)
	g := apidoctest.API(t, e)
	portaltest.Register(g, f.accounts, access, limiter)
	service := f.platform.connect(t)
	New(Deps{
		Invoices: einvoicev1.NewEInvoiceServiceClient(service), Received: einvoicev1.NewReceivedServiceClient(service),
		Directory: connectDirectory(t), Sales: einvoicev1.NewSalesServiceClient(service),
		Trails: einvoicev1.NewTrailServiceClient(service), Rebates: einvoicev1.NewRebatesServiceClient(service), Refunds: f.refunds, CreditRefunds: einvoicev1.NewCreditRefundsServiceClient(service), Log: slog.New(slog.DiscardHandler), Merchants: f.accounts.Merchants, Access: access,
		Limiter: limiter, Drawn: drawing.New(limiter, 1000).For(func(echo.Context) string { return "" }),
	}).Register(g)
	srv := httptest.NewServer(e)
	t.Cleanup(srv.Close)
	f.api = gatewaytest.Client{URL: srv.URL + apidoctest.Base, HTTP: srv.Client(), Doc: apidoctest.New(t)}
	f.seed(t)
	return f
}

func (f *fixture) seed(t *testing.T) {
	t.Helper()
	var err error
	f.merchant, err = f.accounts.Seed(t.Context(), directory.Demo{
		Merchant: merchant.Merchant{Name: "Café Noisette", Email: "owner@example.com", IBAN: iban}, MerchantPassword: password,
		AdminEmail: "admin@example.com", AdminPassword: password,
		Keys: []apikey.Demo{{Public: public, Secret: secret, PerMinute: 1000}, {Public: live, Secret: liveKey, PerMinute: 1000}},
	})
	if err != nil {
		t.Fatal(err)
	}
	f.platform.owner = f.merchant.ID
	f.platform.enrollment = &einvoicev1.Enrollment{}
	f.key, f.live = keyed(public, secret), keyed(live, liveKey)
	f.people[rights.RoleMerchant] = f.login(t, "owner@example.com")
	owner := f.people[rights.RoleMerchant]
	f.reader = f.newKey(t, owner, `["invoices:read"]`)
	f.payer = f.newKey(t, owner, `["payments:read","payments:write"]`)
	for _, role := range []rights.Role{rights.RoleStaff, rights.RoleAccountant} {
		email := string(role) + "@example.com"
		f.call(t, owner, "POST", "/merchant/team", `{"email":"`+email+`","password":"`+password+`","role":"`+string(role)+`"}`)
		f.people[role] = f.login(t, email)
	}
}

func keyed(public, secret string) as { return as{"X-Api-Key", public, "X-Api-Secret", secret} }

func (f *fixture) newKey(t *testing.T, owner as, scopes string) as {
	t.Helper()
	r := f.call(t, owner, "POST", "/merchant/api-keys", `{"name":"k","livemode":false,"scopes":`+scopes+`}`)
	public, _ := r.json["api_key"].(string)
	secret, _ := r.json["api_secret"].(string)
	if r.status != 201 || public == "" || secret == "" {
		t.Fatalf("no key: %d %s", r.status, r.text)
	}
	return keyed(public, secret)
}

func (f *fixture) login(t *testing.T, email string) as {
	t.Helper()
	r := f.call(t, nil, "POST", "/auth/login", `{"email":"`+email+`","password":"`+password+`"}`)
	return as{echo.HeaderAuthorization, "Bearer " + r.json["token"].(string)}
}

// reply is an answer with its JSON.
type reply struct {
	status int
	header http.Header
	text   string
	json   map[string]any
}

func (r reply) str(field string) string { s, _ := r.json[field].(string); return s }

// fields are the names in the errors of a VALIDATION_ERROR.
func (r reply) fields() string { return strings.Join(gatewaytest.Fields(r.json), " ") }

func (f *fixture) call(t *testing.T, who as, method, path, body string, headers ...string) reply {
	t.Helper()
	a := f.api.Call(t, method, path, body, append(headers, who...)...)
	return reply{a.Status, a.Header, a.Text, a.JSON}
}

// must is call with an expected status.
func (f *fixture) must(t *testing.T, status int, who as, method, path, body string, headers ...string) reply {
	t.Helper()
	r := f.call(t, who, method, path, body, headers...)
	if r.status != status {
		t.Fatalf("%s %s answers %d %s", method, path, r.status, r.text)
	}
	return r
}
