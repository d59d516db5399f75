package customerapi

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/kit/natstest"
	"european-pay.eu/eupay/internal/kit/pgtest"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/gateway/internal/apidoc/apidoctest"
	"european-pay.eu/eupay/services/gateway/internal/gatewaytest"
	"european-pay.eu/eupay/services/gateway/internal/portaltest"
	"european-pay.eu/eupay/services/gateway/internal/ratelimit"
	"european-pay.eu/eupay/services/gateway/internal/user"
	"european-pay.eu/eupay/services/gateway/internal/web"
	"european-pay.eu/eupay/services/gateway/migrations"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const password = "correct horse battery"

var (
	quiet = slog.New(slog.DiscardHandler)
	now   = time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC)
)

// standIn is the payments service: it remembers the requests and gives the answers that the test sets.
type standIn struct {
	paymentsv1.UnimplementedAccountsServiceServer
	err       error
	accounts  []*paymentsv1.BankAccount
	complete  *paymentsv1.CompleteConnectResponse
	started   *paymentsv1.StartConnectRequest
	listed    *paymentsv1.ListAccountsRequest
	removed   *paymentsv1.RemoveAccountRequest
	completed *paymentsv1.CompleteConnectRequest
	confirmed *paymentsv1.ConfirmConnectRequest
}

func (s *standIn) StartConnect(_ context.Context, r *paymentsv1.StartConnectRequest) (*paymentsv1.StartConnectResponse, error) {
	s.started = r
	return &paymentsv1.StartConnectResponse{Id: someID, ConnectUrl: "https://bank.example/connect?a=1&b=2", ExpiresAt: timestamppb.New(now)}, s.err
}

func (s *standIn) ListAccounts(_ context.Context, r *paymentsv1.ListAccountsRequest) (*paymentsv1.ListAccountsResponse, error) {
	s.listed = r
	return &paymentsv1.ListAccountsResponse{Accounts: s.accounts}, s.err
}

func (s *standIn) RemoveAccount(_ context.Context, r *paymentsv1.RemoveAccountRequest) (*paymentsv1.RemoveAccountResponse, error) {
	s.removed = r
	return &paymentsv1.RemoveAccountResponse{}, s.err
}

func (s *standIn) ConfirmConnect(_ context.Context, r *paymentsv1.ConfirmConnectRequest) (*paymentsv1.ConfirmConnectResponse, error) {
	s.confirmed = r
	return &paymentsv1.ConfirmConnectResponse{}, s.err
}

func (s *standIn) CompleteConnect(_ context.Context, r *paymentsv1.CompleteConnectRequest) (*paymentsv1.CompleteConnectResponse, error) {
	s.completed = r
	return s.complete, s.err
}

// world is the API on a real server, with real customers' logins. Every answer is validated against the API description.
type world struct {
	t        *testing.T
	api      gatewaytest.Client
	payments *standIn
	customer string // login token
	userID   string
	merchant string
}

func setup(t *testing.T) *world {
	t.Helper()
	pool, _ := pgtest.New(t, "gateway", migrations.FS)
	w := &world{t: t, payments: &standIn{}}
	accounts := gatewaytest.Accounts(t, pool, natstest.New(t).NC, func() time.Time { return now })
	e := web.New(quiet, nil)
	g := apidoctest.API(t, e)
	access := gatewaytest.Access(accounts, func() time.Time { return now })
	portaltest.Register(g, accounts, access, nil)
	New(Deps{
		Accounts: w.payments.client(t), Access: access, Log: quiet, Pages: "https://pay.example",
		Limiter: ratelimit.NewMemory(func() time.Time { return now }),
	}).Register(g)
	srv := httptest.NewServer(web.Handler(e))
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	t.Cleanup(func() {
		client.CloseIdleConnections()
		srv.Close()
		http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	})
	w.api = gatewaytest.Client{URL: srv.URL + apidoctest.Base, HTTP: client, Doc: apidoctest.New(t)}
	w.customer = w.register("/customer/auth/register", `{"email":"jane@example.com","password":"`+password+`"}`)
	w.merchant = w.register("/auth/register", `{"email":"owner@example.com","password":"`+password+`","name":"Café"}`)
	id, err := accounts.Tokens.Verify(w.customer, user.Customer)
	if err != nil {
		t.Fatal(err)
	}
	w.userID = id.UserID
	return w
}

func (w *world) register(path, body string) string {
	w.t.Helper()
	token, _ := w.call("", "POST", path, body).json["token"].(string)
	if token == "" {
		w.t.Fatalf("%s gives no login", path)
	}
	return token
}

type reply struct {
	status int
	header http.Header
	text   string
	json   map[string]any
}

func (w *world) call(token, method, path, body string, headers ...string) reply {
	w.t.Helper()
	a := w.api.Call(w.t, method, path, body, append(gatewaytest.Bearer(token), headers...)...)
	if a.Header.Get("Cache-Control") != "no-store" {
		w.t.Errorf("%s %s may be cached", method, path)
	}
	return reply{a.Status, a.Header, a.Text, a.JSON}
}

// refused expects the error.
func (w *world) refused(code errs.Code, r reply) {
	w.t.Helper()
	if r.status != code.HTTPStatus() || r.json["code"] != string(code) || r.json["success"] != false {
		w.t.Errorf("%d %s, want %s", r.status, r.text, code)
	}
}

func (s *standIn) client(t *testing.T) paymentsv1.AccountsServiceClient {
	t.Helper()
	return paymentsv1.NewAccountsServiceClient(gatewaytest.Connect(t, func(r grpc.ServiceRegistrar) {
		paymentsv1.RegisterAccountsServiceServer(r, s)
	}))
}
