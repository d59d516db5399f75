package qrimageapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/kit/natstest"
	"european-pay.eu/eupay/internal/kit/pgtest"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/apidoc/apidoctest"
	"european-pay.eu/eupay/services/gateway/internal/apikey"
	"european-pay.eu/eupay/services/gateway/internal/directory"
	"european-pay.eu/eupay/services/gateway/internal/drawing"
	"european-pay.eu/eupay/services/gateway/internal/gatewaytest"
	"european-pay.eu/eupay/services/gateway/internal/merchant"
	"european-pay.eu/eupay/services/gateway/internal/portaltest"
	"european-pay.eu/eupay/services/gateway/internal/ratelimit"
	"european-pay.eu/eupay/services/gateway/internal/web"
	"european-pay.eu/eupay/services/gateway/migrations"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	password = "correct horse battery"
	iban     = "FR7630006000011234567890189"
	public   = "pk_test_0123456789abcdef0123456789abcdef"
	secret   = "sk_test_0123456789abcdef0123456789abcdef"
	open     = "PAY-20260617-0000000000000001"
	base     = "/gateway/payments/" + open
)

var (
	quiet     = slog.New(slog.DiscardHandler)
	createdAt = time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC)
)

// backend stands in for the payments and the qr service, which this module must not import. A picture is the request for it.
type backend struct {
	paymentsv1.UnimplementedPaymentsServiceServer
	qrv1.UnimplementedQRServiceServer
	qrv1.UnimplementedRenderServiceServer

	mu       sync.Mutex
	payments map[string]*paymentsv1.Payment
	qr       *qrv1.RenderQRRequest
	epc      *qrv1.RenderEPCRequest
	card     *qrv1.RenderCardRequest
}

func (b *backend) GetPayment(_ context.Context, q *paymentsv1.GetPaymentRequest) (*paymentsv1.GetPaymentResponse, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.payments[q.GetReference()]
	if p == nil || p.GetMerchantId() != q.GetMerchantId() || p.GetLivemode() != q.GetLivemode() {
		return nil, errs.NotFound("Payment")
	}
	return &paymentsv1.GetPaymentResponse{Payment: p}, nil
}

func (b *backend) SignGatewayPayment(_ context.Context, q *qrv1.SignGatewayPaymentRequest) (*qrv1.SignGatewayPaymentResponse, error) {
	return &qrv1.SignGatewayPaymentResponse{QrData: fmt.Sprintf("%s %s %s %d %s %s", q.GetReference(), q.GetMerchantId(), q.GetMerchantName(),
		q.GetAmountCents(), q.GetCurrency(), q.GetExpiresAt().AsTime().Format(time.RFC3339))}, nil
}

func (b *backend) RenderQR(_ context.Context, q *qrv1.RenderQRRequest) (*qrv1.RenderQRResponse, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.qr = q
	switch o := q.GetOptions(); {
	case o.GetDark() == "#ffffff":
		return nil, errs.Invalid(errs.Field{Field: "dark", Message: "dark must be darker."})
	case bytes.HasSuffix(o.GetLogo(), []byte("bomb")):
		return nil, errs.Invalid(errs.Field{Field: "logo", Message: "logo is too large."})
	}
	file, err := proto.MarshalOptions{Deterministic: true}.Marshal(q)
	return &qrv1.RenderQRResponse{Image: file}, err
}

func (b *backend) RenderEPC(_ context.Context, q *qrv1.RenderEPCRequest) (*qrv1.RenderEPCResponse, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.epc = q
	return &qrv1.RenderEPCResponse{Image: []byte("transfer")}, nil
}

func (b *backend) RenderCard(_ context.Context, q *qrv1.RenderCardRequest) (*qrv1.RenderCardResponse, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.card = q
	return &qrv1.RenderCardResponse{Pdf: []byte("%PDF-1.3")}, nil
}

// connect serves the backend on a real gRPC server and returns a connection to it.
func (b *backend) connect(t *testing.T) *grpc.ClientConn {
	t.Helper()
	return gatewaytest.Connect(t, func(r grpc.ServiceRegistrar) {
		paymentsv1.RegisterPaymentsServiceServer(r, b)
		qrv1.RegisterQRServiceServer(r, b)
		qrv1.RegisterRenderServiceServer(r, b)
	})
}

// fixture is the API with real accounts on a real server; every answer is validated against the API description.
type fixture struct {
	accounts *directory.Directory
	merchant merchant.Merchant
	backend  *backend
	api      gatewaytest.Client
	now      time.Time
	deps     *Deps
	owner    as
	key      as
}

func setup(t *testing.T) *fixture {
	t.Helper()
	pool, _ := pgtest.New(t, "gateway", migrations.FS)
	f := &fixture{backend: &backend{payments: map[string]*paymentsv1.Payment{}}, now: createdAt.Add(29 * time.Minute)}
	now := func() time.Time { return f.now }
	f.accounts = gatewaytest.Accounts(t, pool, natstest.New(t).NC, now)
	conn := f.backend.connect(t)
	access := gatewaytest.Access(f.accounts, now)
	e := web.New(quiet, nil)
	g := apidoctest.API(t, e)
	portaltest.Register(g, f.accounts, access, nil)
	api := New(Deps{
		Merchants: f.accounts.Merchants, Payments: paymentsv1.NewPaymentsServiceClient(conn), QR: qrv1.NewQRServiceClient(conn),
		Render: qrv1.NewRenderServiceClient(conn), Access: access, Now: now,
		Drawn: drawing.New(ratelimit.NewMemory(now), 1000).For(func(echo.Context) string { return "" }),
		MerchantCode: func(_ context.Context, m merchant.Merchant) (Code, error) {
			return Code{Text: "https://european-pay.fr/pay?data=" + m.ID, URL: "https://european-pay.fr/m/1"}, nil
		},
		Table: func(_ context.Context, merchantID, tableID string) (Table, error) {
			if merchantID != f.merchant.ID || tableID != "t4" {
				return Table{}, errs.NotFound("Table")
			}
			return Table{Name: "Table 4", Zone: "Terrasse", URL: "https://european-pay.fr/order/1/2"}, nil
		},
	})
	f.deps = &api.Deps
	api.Register(g)
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
		AdminEmail: "admin@example.com", AdminPassword: password, Keys: []apikey.Demo{{Public: public, Secret: secret, PerMinute: 1000}},
	})
	if err != nil {
		t.Fatal(err)
	}
	f.key = as{public: public, secret: secret}
	f.owner = f.login(t, "owner@example.com")
	f.pay(open, func(*paymentsv1.Payment) {})
}

// pay adds a payment of the merchant.
func (f *fixture) pay(reference string, change func(*paymentsv1.Payment)) string {
	p := &paymentsv1.Payment{
		Reference: reference, MerchantId: f.merchant.ID, MerchantName: "My Store", AmountCents: 2999, Currency: "EUR", Status: "pending_sca",
		Kind: "payment", Origin: "api", CreatedAt: timestamppb.New(createdAt),
	}
	change(p)
	f.backend.mu.Lock()
	defer f.backend.mu.Unlock()
	f.backend.payments[reference] = p
	return "/gateway/payments/" + reference
}

// as are the credentials of a request.
type as struct{ token, public, secret string }

func (f *fixture) login(t *testing.T, email string) as {
	t.Helper()
	r := f.call(t, as{}, "POST", "/auth/login", `{"email":"`+email+`","password":"`+password+`"}`, "Content-Type", "application/json")
	return as{token: r.json(t)["token"].(string)}
}

type reply struct {
	status int
	header http.Header
	body   []byte
}

func (r reply) json(t *testing.T) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(r.body, &v); err != nil {
		t.Fatalf("%d %q: %v", r.status, r.body, err)
	}
	return v
}

func (f *fixture) call(t *testing.T, who as, method, path, body string, headers ...string) reply {
	t.Helper()
	headers = append(headers, "X-Api-Key", who.public, "X-Api-Secret", who.secret)
	a := f.api.Call(t, method, path, body, append(headers, gatewaytest.Bearer(who.token)...)...)
	return reply{a.Status, a.Header, []byte(a.Text)}
}

// must expects a file.
func (f *fixture) must(t *testing.T, who as, path, contentType string) reply {
	t.Helper()
	r := f.call(t, who, "GET", path, "")
	if r.status != 200 || r.header.Get("Content-Type") != contentType || r.header.Get("Cache-Control") != "private, no-cache" {
		t.Fatalf("%s answers %d %v %.300s", path, r.status, r.header, r.body)
	}
	return r
}

// refused expects the error and the fields that it names.
func (f *fixture) refused(t *testing.T, who as, path string, code errs.Code, fields ...string) {
	t.Helper()
	r := f.call(t, who, "GET", path, "")
	body := r.json(t)
	got := gatewaytest.Fields(body)
	if r.status != code.HTTPStatus() || body["code"] != string(code) || strings.Join(got, " ") != strings.Join(fields, " ") {
		t.Errorf("%s answers %d %s, want %s %v", path, r.status, r.body, code, fields)
	}
	if r.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%s: an error may be kept: %q", path, r.header.Get("Cache-Control"))
	}
}

// patch changes the profile.
func (f *fixture) patch(t *testing.T, who as, body string) reply {
	t.Helper()
	return f.call(t, who, "PATCH", "/merchant", body, "Content-Type", "application/json")
}
