package tableapi

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
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
	"european-pay.eu/eupay/services/gateway/internal/directory"
	"european-pay.eu/eupay/services/gateway/internal/gatewaytest"
	"european-pay.eu/eupay/services/gateway/internal/paying"
	"european-pay.eu/eupay/services/gateway/internal/portaltest"
	"european-pay.eu/eupay/services/gateway/internal/ratelimit"
	"european-pay.eu/eupay/services/gateway/internal/web"
	"european-pay.eu/eupay/services/gateway/migrations"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	password = "correct horse battery"
	iban     = "FR7630006000011234567890189"
	token    = "a1b2c3d4e5f6a1b2c3d4e5f6a1b2c3d4"
	orderID  = "0b8e7f5a-7c1f-4a51-9a35-d0a1c4b8d7e2"
	menuBody = `{"table":{"id":"` + orderID + `","name":"Table 4","zone":"Terrasse","capacity":4},"merchant":{"id":"` + orderID +
		`","name":"My Store","currency":"EUR"},"menu":{},"offers":[],"productOffers":[]}`
)

var quiet = slog.New(slog.DiscardHandler)

// tables stands for the qr service: another module, which this one must not import. It notes the requests and answers as
// the test says.
type tables struct {
	qrv1.UnimplementedTableServiceServer
	mu       sync.Mutex
	seen     []proto.Message
	fail     error
	status   string
	total    int64
	replayed bool
	// unmade: the order has no payment. otherMode: it is in the other mode.
	unmade, otherMode bool
}

func (s *tables) note(m proto.Message) (*tables, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = append(s.seen, m)
	return &tables{status: s.status, total: s.total, replayed: s.replayed, unmade: s.unmade, otherMode: s.otherMode}, s.fail
}

func (s *tables) set(do func(*tables)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do(s)
}

// last is the latest request of its type.
func last[M proto.Message](t *testing.T, s *tables) (found M) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range slices.Backward(s.seen) {
		if found, ok := m.(M); ok {
			return found
		}
	}
	t.Fatal("no such request came")
	return found
}

var at = timestamppb.New(time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC))

func tableOf(id string, f *qrv1.TableFields) *qrv1.Table {
	return &qrv1.Table{Id: id, Name: f.GetName(), Zone: f.GetZone(), Capacity: f.GetCapacity(), Status: "active", Token: token, Url: "https://european-pay.fr/order/x/" + token, CreatedAt: at, UpdatedAt: at}
}

func (s *tables) CreateTable(_ context.Context, r *qrv1.CreateTableRequest) (*qrv1.CreateTableResponse, error) {
	_, err := s.note(r)
	return &qrv1.CreateTableResponse{Table: tableOf(orderID, r.GetFields())}, err
}

func (s *tables) ListTables(_ context.Context, r *qrv1.ListTablesRequest) (*qrv1.ListTablesResponse, error) {
	_, err := s.note(r)
	return &qrv1.ListTablesResponse{Tables: []*qrv1.Table{tableOf(orderID, &qrv1.TableFields{})}, Total: 1}, err
}

func (s *tables) GetTable(_ context.Context, r *qrv1.GetTableRequest) (*qrv1.GetTableResponse, error) {
	_, err := s.note(r)
	return &qrv1.GetTableResponse{Table: tableOf(orderID, &qrv1.TableFields{})}, err
}

func (s *tables) UpdateTable(_ context.Context, r *qrv1.UpdateTableRequest) (*qrv1.UpdateTableResponse, error) {
	_, err := s.note(r)
	return &qrv1.UpdateTableResponse{Table: tableOf(r.GetId(), r.GetFields())}, err
}

func (s *tables) DeleteTable(_ context.Context, r *qrv1.DeleteTableRequest) (*qrv1.DeleteTableResponse, error) {
	_, err := s.note(r)
	return &qrv1.DeleteTableResponse{}, err
}

func (s *tables) RefreshTableToken(_ context.Context, r *qrv1.RefreshTableTokenRequest) (*qrv1.RefreshTableTokenResponse, error) {
	_, err := s.note(r)
	return &qrv1.RefreshTableTokenResponse{Table: tableOf(r.GetId(), &qrv1.TableFields{})}, err
}

func (s *tables) GetMenu(_ context.Context, r *qrv1.GetMenuRequest) (*qrv1.GetMenuResponse, error) {
	if _, err := s.note(r); err != nil {
		return nil, err
	}
	if r.GetToken() != token {
		return nil, errs.NotFound("Table")
	}
	if r.GetIfNoneMatch() == `W/"1"` {
		return &qrv1.GetMenuResponse{Etag: `W/"1"`, NotModified: true}, nil
	}
	if r.GetGzip() {
		return &qrv1.GetMenuResponse{Etag: `W/"1"`, Body: packed}, nil
	}
	return &qrv1.GetMenuResponse{Etag: `W/"1"`, Body: []byte(menuBody)}, nil
}

func orderOf(merchant, status string, total int64) *qrv1.Order {
	return &qrv1.Order{
		Id: orderID, MerchantId: merchant, Number: 12, TableId: orderID, TableName: "Table 4", OrderType: "dine_in", Status: status, CustomerName: "Jane", SubtotalCents: total,
		TotalCents: total, VatCents: 64, Currency: "EUR", Sequence: 1, PaymentStatus: "paid", PaidAt: at, CreatedAt: at, UpdatedAt: at, PaymentReference: "PAY-1",
		Lines:   []*qrv1.OrderLine{{ProductId: orderID, Name: "Café", Quantity: 2, UnitPriceCents: 350, VatPerMille: 55, TotalCents: total, VatCents: 64}},
		History: []*qrv1.OrderChange{{Sequence: 1, ToStatus: "received", Cause: "guest", OccurredAt: at}},
	}
}

func (s *tables) PlaceOrder(_ context.Context, r *qrv1.PlaceOrderRequest) (*qrv1.PlaceOrderResponse, error) {
	now, err := s.note(r)
	if err != nil {
		return nil, err
	}
	if r.GetToken() != token {
		return nil, errs.NotFound("Table")
	}
	o := orderOf(r.GetMerchantId(), now.status, now.total)
	o.Livemode, o.PaymentReference = r.GetLivemode() != now.otherMode, r.GetPaymentReference()
	if now.status == "awaiting_payment" && !now.unmade {
		o.PaymentUrl, o.PaymentCreatedAt = "https://bank.example/pay?a=1&b=2", at
	}
	return &qrv1.PlaceOrderResponse{Order: o, PaymentWanted: now.status == "awaiting_payment", Replayed: now.replayed, PageUrl: "https://european-pay.fr/order/m/" + token}, nil
}

func (s *tables) GetGuestOrder(_ context.Context, r *qrv1.GetGuestOrderRequest) (*qrv1.GetGuestOrderResponse, error) {
	_, err := s.note(r)
	if r.GetToken() != token {
		return nil, errs.NotFound("Order")
	}
	o := orderOf("m", "awaiting_payment", 700)
	o.PaymentUrl = "https://bank.example/pay?a=1&b=2"
	return &qrv1.GetGuestOrderResponse{Order: o}, err
}

func (s *tables) GetOrder(_ context.Context, r *qrv1.GetOrderRequest) (*qrv1.GetOrderResponse, error) {
	_, err := s.note(r)
	return &qrv1.GetOrderResponse{Order: orderOf(r.GetMerchantId(), "received", 700)}, err
}

func (s *tables) ListOrders(_ context.Context, r *qrv1.ListOrdersRequest) (*qrv1.ListOrdersResponse, error) {
	_, err := s.note(r)
	return &qrv1.ListOrdersResponse{Orders: []*qrv1.Order{orderOf(r.GetMerchantId(), "served", 700)}, Total: 1}, err
}

func (s *tables) ListKitchen(_ context.Context, r *qrv1.ListKitchenRequest) (*qrv1.ListKitchenResponse, error) {
	_, err := s.note(r)
	return &qrv1.ListKitchenResponse{Orders: []*qrv1.Order{orderOf(r.GetMerchantId(), "received", 700)}}, err
}

func (s *tables) SetOrderStatus(_ context.Context, r *qrv1.SetOrderStatusRequest) (*qrv1.SetOrderStatusResponse, error) {
	_, err := s.note(r)
	return &qrv1.SetOrderStatusResponse{Order: orderOf(r.GetMerchantId(), r.GetStatus(), 700)}, err
}

func offerOf(o *qrv1.Offer) *qrv1.Offer {
	o = proto.Clone(o).(*qrv1.Offer)
	o.Id, o.CreatedAt, o.UpdatedAt = orderID, at, at
	return o
}

func (s *tables) CreateOffer(_ context.Context, r *qrv1.CreateOfferRequest) (*qrv1.CreateOfferResponse, error) {
	_, err := s.note(r)
	return &qrv1.CreateOfferResponse{Offer: offerOf(r.GetOffer())}, err
}

func (s *tables) ListOffers(_ context.Context, r *qrv1.ListOffersRequest) (*qrv1.ListOffersResponse, error) {
	_, err := s.note(r)
	o := &qrv1.Offer{Name: "x", Type: "percentage", Value: 1050}
	if r.GetOnProduct() {
		o.ProductId = orderID
	}
	return &qrv1.ListOffersResponse{Offers: []*qrv1.Offer{offerOf(o)}, Total: 1}, err
}

func (s *tables) GetOffer(_ context.Context, r *qrv1.GetOfferRequest) (*qrv1.GetOfferResponse, error) {
	_, err := s.note(r)
	o := &qrv1.Offer{Name: "x", Type: "percentage", Value: 1050}
	if r.GetOnProduct() {
		o.ProductId = orderID
	}
	return &qrv1.GetOfferResponse{Offer: offerOf(o)}, err
}

func (s *tables) UpdateOffer(_ context.Context, r *qrv1.UpdateOfferRequest) (*qrv1.UpdateOfferResponse, error) {
	_, err := s.note(r)
	return &qrv1.UpdateOfferResponse{Offer: offerOf(r.GetOffer())}, err
}

func (s *tables) DeleteOffer(_ context.Context, r *qrv1.DeleteOfferRequest) (*qrv1.DeleteOfferResponse, error) {
	_, err := s.note(r)
	return &qrv1.DeleteOfferResponse{}, err
}

// signer stands for the qr service's other half.
type signer struct {
	qrv1.UnimplementedQRServiceServer
}

func (signer) SignGatewayPayment(_ context.Context, r *qrv1.SignGatewayPaymentRequest) (*qrv1.SignGatewayPaymentResponse, error) {
	return &qrv1.SignGatewayPaymentResponse{QrData: "https://pay.example/" + r.GetReference(), DeepLinkData: "eupay://pay"}, nil
}

type fixture struct {
	tables   *tables
	accounts *directory.Directory
	api      gatewaytest.Client
	merchant string
	owner    string
	mu       sync.Mutex
	now      time.Time
	limits   ratelimit.Limiter
}

func (f *fixture) clock() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

// setup runs the API on a real server, database and broker. Every answer is held against the API description.
func setup(t *testing.T) *fixture {
	t.Helper()
	pool, _ := pgtest.New(t, "gateway", migrations.FS)
	b := natstest.New(t)
	f := &fixture{tables: &tables{status: "received", total: 700}, now: at.AsTime()}
	f.limits = ratelimit.NewMemory(f.clock)
	f.accounts = gatewaytest.Accounts(t, pool, b.NC, f.clock, func(d *directory.Deps) { d.StepUp = true })
	conn := connect(t, f.tables)
	access := gatewaytest.Access(f.accounts, f.clock)
	e := web.New(quiet, nil)
	api := apidoctest.API(t, e)
	portaltest.Register(api, f.accounts, access, nil)
	New(Deps{
		Cancellations: qrv1.NewCancellationServiceClient(conn),
		Tables:        qrv1.NewTableServiceClient(conn), Merchants: f.accounts.Merchants, Access: access,
		Codes: paying.Signer{QR: qrv1.NewQRServiceClient(conn), Log: quiet, Deadline: 10 * time.Second}, Deadline: 10 * time.Second,
		MenuLimiter: f.limits, OrderLimiter: ratelimit.NewMemoryOver(f.clock, OrderWindow), Now: f.clock,
	}).Register(api)
	srv := httptest.NewServer(e)
	t.Cleanup(srv.Close)
	f.api = gatewaytest.Client{URL: srv.URL + apidoctest.Base, HTTP: srv.Client(), Doc: apidoctest.New(t)}
	r := f.call(t, "", "POST", "/auth/register", `{"email":"owner@example.com","password":"`+password+`","name":"My Store","iban":"`+iban+`"}`)
	f.owner, _ = r.json["token"].(string)
	list, _, err := f.accounts.Merchants.List(t.Context(), 1, 1)
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	f.merchant = list[0].ID
	if _, err := f.accounts.Merchants.Enable(t.Context(), "user:admin", f.merchant, true, nil); err != nil {
		t.Fatal(err)
	}
	return f
}

func connect(t *testing.T, s *tables) *grpc.ClientConn {
	t.Helper()
	return gatewaytest.Connect(t, func(r grpc.ServiceRegistrar) {
		qrv1.RegisterTableServiceServer(r, s)
		qrv1.RegisterCancellationServiceServer(r, canceller{on: s})
		qrv1.RegisterQRServiceServer(r, signer{})
	})
}

type reply struct {
	status int
	header http.Header
	text   string
	json   map[string]any
}

func (r reply) code() string { s, _ := r.json["code"].(string); return s }

// call sends a request; login and body may be empty. Headers come in pairs.
func (f *fixture) call(t *testing.T, login, method, path, body string, headers ...string) reply {
	t.Helper()
	all := append(gatewaytest.Bearer(login), "Accept-Encoding", "identity")
	a := f.api.Call(t, method, path, body, append(all, headers...)...)
	return reply{a.Status, a.Header, a.Text, a.JSON}
}
