package portalapi

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/labstack/echo/v4"
	"go.uber.org/goleak"
	"golang.org/x/crypto/bcrypt"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/natstest"
	"european-pay.eu/eupay/internal/pgtest"
	"european-pay.eu/eupay/internal/testclock"
	webhooksv1 "european-pay.eu/eupay/proto/eupay/webhooks/v1"
	"european-pay.eu/eupay/services/gateway/internal/account"
	"european-pay.eu/eupay/services/gateway/internal/apidoc/apidoctest"
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
	pool     *pgxpool.Pool
	hooks    *hooks
	pushes   *pushes
	url      string
	clock    *testclock.Clock
	doc      *apidoctest.Validator
	client   *http.Client
	echo     *echo.Echo
}

func setup(t *testing.T) *fixture {
	t.Helper()
	pool, _ := pgtest.New(t, "gateway", migrations.FS)
	f := &fixture{pool: pool, hooks: &hooks{}, pushes: &pushes{}, clock: testclock.New(time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC)), doc: apidoctest.New(t)}
	var err error
	f.accounts, err = account.Open(account.Deps{
		Pool: pool, NATS: natstest.New(t).NC, Log: quiet, Now: f.clock.Now, Wake: func() {},
		BcryptCost: bcrypt.MinCost, TokenSecret: "a token secret for tests, long enough", AttemptsPerIP: 1000,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.accounts.Close)
	f.echo = web.New(quiet, nil)
	New(Deps{
		Accounts: f.accounts, Webhooks: f.hooks.client(t), Push: f.pushes.client(t), Listen: full.client(t),
		Loyalty: points{}.client(t), KeyAuth: f.keyAuth, KeyFrom: keyFrom,
	}).Register(f.echo.Group(apidoctest.Base))
	srv := httptest.NewServer(f.echo)
	t.Cleanup(srv.Close)
	f.url, f.client = srv.URL, srv.Client()
	return f
}

// keyAuth stands for the checks of the edge.
func (f *fixture) keyAuth(scope account.Scope) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			h := c.Request().Header
			key, err := f.accounts.Keys.Authenticate(c.Request().Context(), h.Get("X-Api-Key"), h.Get("X-Api-Secret"))
			if err != nil {
				return err
			}
			if !key.Has(scope) {
				return errs.New(errs.InsufficientScope, "Scope missing.")
			}
			c.Set("key", key)
			return next(c)
		}
	}
}

func keyFrom(c echo.Context) (account.Key, bool) {
	k, ok := c.Get("key").(account.Key)
	return k, ok
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
func (r reply) fields() string {
	var names []string
	list, _ := r.json["errors"].([]any)
	for _, e := range list {
		names = append(names, e.(map[string]any)["field"].(string))
	}
	return strings.Join(names, " ")
}

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
	req, err := http.NewRequestWithContext(t.Context(), method, f.url+apidoctest.Base+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for name, value := range map[string]string{"X-Api-Key": who.public, "X-Api-Secret": who.secret} {
		if value != "" {
			req.Header.Set(name, value)
		}
	}
	if who.token != "" {
		req.Header.Set("Authorization", "Bearer "+who.token)
	}
	resp, err := f.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	described := req.Clone(t.Context())
	described.URL.Host, described.URL.Scheme = "", ""
	f.doc.Check(t, described, resp)
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	r := reply{status: resp.StatusCode, header: resp.Header, text: string(raw)}
	if len(raw) > 0 {
		if err := json.NewDecoder(bytes.NewReader(raw)).Decode(&r.json); err != nil {
			t.Fatalf("%s %s answers %q", method, path, raw)
		}
	}
	if r.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%s %s may be cached: %q", method, path, r.header.Get("Cache-Control"))
	}
	return r
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

// connect serves what register adds on a real gRPC server and returns a connection to it.
func connect(t *testing.T, register func(grpc.ServiceRegistrar)) *grpc.ClientConn {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := grpc.NewServer(grpc.ChainUnaryInterceptor(errs.UnaryServer(quiet)))
	register(srv)
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	conn, err := grpc.NewClient(l.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithChainUnaryInterceptor(errs.UnaryClient()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
		srv.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return conn
}

// client connects to the stand-in of the webhooks service.
func (h *hooks) client(t *testing.T) webhooksv1.WebhooksServiceClient {
	t.Helper()
	return webhooksv1.NewWebhooksServiceClient(connect(t, func(r grpc.ServiceRegistrar) { webhooksv1.RegisterWebhooksServiceServer(r, h) }))
}
