package catalogapi

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/kit/natstest"
	"european-pay.eu/eupay/internal/kit/pgtest"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/apidoc/apidoctest"
	"european-pay.eu/eupay/services/gateway/internal/gatewaytest"
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
)

var (
	quiet = slog.New(slog.DiscardHandler)
	noon  = time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC)
)

// shop stands in for the qr service, which this module must not import: it answers with one product and remembers the requests.
type shop struct {
	qrv1.UnimplementedCatalogServiceServer
	mu    sync.Mutex
	last  proto.Message
	calls int
	// actor is who made the last change.
	actor string
}

// by notes who makes a change, and takes it out of the request: its id is another in each test.
func (s *shop) by(f *qrv1.ProductFields) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.actor, f.Actor = f.GetActor(), ""
}

func (s *shop) note(m proto.Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last, s.calls = m, s.calls+1
}

func (s *shop) asked() proto.Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

func (s *shop) called() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls
}

const productID = "01976a3e-6a1b-7c2d-8e3f-4a5b6c7d8e9f"

func noisette(merchantID string) *qrv1.Product {
	return &qrv1.Product{
		Id: productID, MerchantId: merchantID, Name: "Café <b>Noisette</b>", Category: "boissons", PriceTtcCents: 350, VatRatePerMille: 100, VatCode: "TVA10",
		StockQuantity: 500, IsAvailable: true, PriceHtE4: 31818, VatAmountE4: 3182, CreatedAt: timestamppb.New(noon), UpdatedAt: timestamppb.New(noon),
	}
}

func (s *shop) ListProducts(_ context.Context, r *qrv1.ListProductsRequest) (*qrv1.ListProductsResponse, error) {
	s.note(r)
	return &qrv1.ListProductsResponse{Products: []*qrv1.Product{noisette(r.GetMerchantId())}, Total: 41}, nil
}

func (s *shop) GetProduct(_ context.Context, r *qrv1.GetProductRequest) (*qrv1.GetProductResponse, error) {
	s.note(r)
	if r.GetId() != productID {
		return nil, errs.NotFound("Product")
	}
	return &qrv1.GetProductResponse{Product: noisette(r.GetMerchantId())}, nil
}

func (s *shop) CreateProduct(_ context.Context, r *qrv1.CreateProductRequest) (*qrv1.CreateProductResponse, error) {
	s.by(r.GetFields())
	s.note(r)
	return &qrv1.CreateProductResponse{Product: noisette(r.GetMerchantId())}, nil
}

func (s *shop) UpdateProduct(_ context.Context, r *qrv1.UpdateProductRequest) (*qrv1.UpdateProductResponse, error) {
	s.by(r.GetFields())
	s.note(r)
	p := noisette(r.GetMerchantId())
	p.ImageUrl = r.GetFields().GetImageUrl()
	return &qrv1.UpdateProductResponse{Product: p}, nil
}

func (s *shop) DeleteProduct(_ context.Context, r *qrv1.DeleteProductRequest) (*qrv1.DeleteProductResponse, error) {
	s.note(r)
	return &qrv1.DeleteProductResponse{}, nil
}

func (s *shop) CreateUploadURL(_ context.Context, r *qrv1.CreateUploadURLRequest) (*qrv1.CreateUploadURLResponse, error) {
	s.note(r)
	return &qrv1.CreateUploadURLResponse{
		UploadUrl: "https://s3.example/b/k?X-Amz-Signature=a&b=c", ImageUrl: "https://cdn.example/k", Key: "k", ExpiresInSeconds: 300,
	}, nil
}

func (s *shop) FindImage(_ context.Context, r *qrv1.FindImageRequest) (*qrv1.FindImageResponse, error) {
	s.note(r)
	return &qrv1.FindImageResponse{ImageUrl: "https://api.example/static/product-images/coffee.svg"}, nil
}

// fixture is the API on a real server with real accounts. Every answer is validated against the API description.
type fixture struct {
	shop *shop
	api  gatewaytest.Client
	// tokens by role; "" has none.
	tokens map[rights.Role]string
	// merchantID is that of all but the customer.
	merchantID string
}

func setup(t *testing.T) *fixture {
	t.Helper()
	pool, _ := pgtest.New(t, "gateway", migrations.FS)
	now := func() time.Time { return noon }
	accounts := gatewaytest.Accounts(t, pool, natstest.New(t).NC, now)
	f := &fixture{shop: &shop{}, tokens: map[rights.Role]string{"": ""}}
	e := web.New(quiet, nil)
	g := apidoctest.API(t, e)
	access := gatewaytest.Access(accounts, now)
	portaltest.Register(g, accounts, access, nil)
	New(Deps{Catalog: f.connect(t), Assortment: f.assortment(t), Access: access, Limiter: ratelimit.NewMemory(now)}).Register(g)
	RegisterStatic(e)
	srv := httptest.NewServer(e)
	t.Cleanup(srv.Close)
	f.api = gatewaytest.Client{URL: srv.URL, HTTP: srv.Client(), Doc: apidoctest.New(t)}
	f.people(t)
	return f
}

func (f *fixture) connect(t *testing.T) qrv1.CatalogServiceClient {
	t.Helper()
	return qrv1.NewCatalogServiceClient(gatewaytest.Connect(t, func(r grpc.ServiceRegistrar) {
		qrv1.RegisterCatalogServiceServer(r, f.shop)
	}))
}

// people logs in one user of each role.
func (f *fixture) people(t *testing.T) {
	t.Helper()
	credentials := func(email string) string { return `{"email":"` + email + `","password":"` + password + `"` }
	r := f.call(t, "", "POST", "/auth/register", credentials("owner@example.com")+`,"name":"Café","iban":"`+iban+`"}`)
	f.tokens[rights.RoleMerchant], f.merchantID = r.str("token"), r.str("merchant_id")
	for _, role := range []rights.Role{rights.RoleStaff, rights.RoleAccountant} {
		f.call(t, rights.RoleMerchant, "POST", "/merchant/team", credentials(string(role)+"@example.com")+`,"role":"`+string(role)+`"}`)
		f.tokens[role] = f.call(t, "", "POST", "/auth/login", credentials(string(role)+"@example.com")+"}").str("token")
	}
	f.tokens[rights.RoleCustomer] = f.call(t, "", "POST", "/customer/auth/register", credentials("jane@example.com")+"}").str("token")
	for role, token := range f.tokens {
		if (token == "") != (role == "") {
			t.Fatalf("no login for %q", role)
		}
	}
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

func (f *fixture) call(t *testing.T, as rights.Role, method, path, body string) reply {
	t.Helper()
	return f.send(t, as, method, apidoctest.Base+path, body)
}

func (f *fixture) send(t *testing.T, as rights.Role, method, path, body string) reply {
	t.Helper()
	a := f.api.Call(t, method, path, body, gatewaytest.Bearer(f.tokens[as])...)
	return reply{a.Status, a.Header, a.Text, a.JSON}
}
