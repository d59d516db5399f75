package scanapi

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/kit/natstest"
	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/command"
	"european-pay.eu/eupay/internal/run/events"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/gateway/internal/apidoc/apidoctest"
	"european-pay.eu/eupay/services/gateway/internal/apikey"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/gate"
	"european-pay.eu/eupay/services/gateway/internal/merchant"
	"european-pay.eu/eupay/services/gateway/internal/paying"
	"european-pay.eu/eupay/services/gateway/internal/ratelimit"
	"european-pay.eu/eupay/services/gateway/internal/rights"
	"european-pay.eu/eupay/services/gateway/internal/user"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	payRef  = "PAY-20260617-0B25921FB72918ED"
	merchID = "6a2f41a3-c54c-4c0b-8a3c-0d1a52a3f6a1"
	txRef   = "PAY-20260617-00000000000000AA"
)

var shop = merchant.Merchant{
	ID: merchID, Name: "My Store", IBAN: "FR7630006000011234567890189", LegalStatus: "SARL", SIREN: "552100554", GatewayEnabled: true, LiveEnabled: true,
}

var now = time.Date(2026, 6, 17, 12, 20, 0, 0, time.UTC)

// world is the API with stand-ins for everything behind it.
type world struct {
	t   *testing.T
	url string
	doc *apidoctest.Validator
	epc bool

	mu       sync.Mutex
	commands []proto.Message
	replies  []*paymentsv1.CommandReply
}

// The stand-ins.
type (
	codes     map[string]Code
	merchants struct {
		w    *world
		list map[string]merchant.Merchant
	}
	logins struct{}
	reads  struct {
		paymentsv1.PaymentsServiceClient
	}
)

func (c codes) Decode(_ context.Context, qrData string) (Code, error) {
	code, ok := c[qrData]
	if !ok {
		return Code{}, errs.Invalid(errs.Field{Field: "qrData", Message: "qrData is no code of ours."})
	}
	return code, nil
}

func (m merchants) Get(_ context.Context, id string) (merchant.Merchant, error) {
	got, ok := m.list[id]
	got.EPCEnabled = m.w.epc
	if !ok {
		return merchant.Merchant{}, errs.NotFound("Merchant")
	}
	return got, nil
}

// Login admits any token that begins with one of the roles.
func (logins) Login(roles ...rights.Role) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			_, token, _ := strings.Cut(c.Request().Header.Get("Authorization"), " ")
			role, id, _ := strings.Cut(token, "-")
			for _, r := range roles {
				if string(r) == role {
					caller.Set(c, caller.Caller{Login: user.Presence{User: user.User{ID: id, Role: r, MerchantID: merchID}}})
					return next(c)
				}
			}
			return errs.New(errs.Unauthenticated, "Log in.")
		}
	}
}

// LoginOrKey also admits any key, which may only write payments.
func (l logins) LoginOrKey(scope rights.Scope, roles ...rights.Role) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			switch {
			case c.Request().Header.Get("X-Api-Key") == "":
				return l.Login(roles...)(next)(c)
			case scope != rights.PaymentsConfirm:
				return errs.New(errs.InsufficientScope, "Scope missing.")
			}
			caller.Set(c, caller.Caller{Key: &apikey.Key{ID: "k1", Livemode: true, Merchant: merchant.Merchant{ID: merchID}}})
			return next(c)
		}
	}
}

func (l logins) CustomerLogin() echo.MiddlewareFunc { return l.Login(rights.RoleCustomer) }

func (reads) GetPaymentStatus(_ context.Context, r *paymentsv1.GetPaymentStatusRequest, _ ...grpc.CallOption) (*paymentsv1.GetPaymentStatusResponse, error) {
	if r.GetReference() != payRef {
		return nil, errs.NotFound("Payment")
	}
	return &paymentsv1.GetPaymentStatusResponse{Reference: payRef, Livemode: true}, nil
}

func (reads) GetCustomerPayment(_ context.Context, r *paymentsv1.GetCustomerPaymentRequest, _ ...grpc.CallOption) (*paymentsv1.GetCustomerPaymentResponse, error) {
	if r.GetReference() != txRef || r.GetCustomerId() != "anna" {
		return nil, errs.NotFound("Payment")
	}
	return &paymentsv1.GetCustomerPaymentResponse{Payment: begun()}, nil
}

// GetPayment returns payRef, an open payment, and txRef, one that its bank accepted.
func (reads) GetPayment(_ context.Context, r *paymentsv1.GetPaymentRequest, _ ...grpc.CallOption) (*paymentsv1.GetPaymentResponse, error) {
	p := begun()
	p.Reference = r.GetReference()
	if r.GetReference() == txRef {
		p.StatusDetail, p.SettlementDeadline = "accepted_by_bank", timestamppb.New(now.Add(time.Hour))
	}
	return &paymentsv1.GetPaymentResponse{Payment: p}, nil
}

func (reads) ListCustomerPayments(_ context.Context, r *paymentsv1.ListCustomerPaymentsRequest, _ ...grpc.CallOption) (*paymentsv1.ListCustomerPaymentsResponse, error) {
	if r.GetCustomerId() != "anna" {
		return &paymentsv1.ListCustomerPaymentsResponse{}, nil
	}
	back := &paymentsv1.Payment{Reference: "REF-20260617-00000000000000BB", Status: "completed", AmountCents: 999, CreatedAt: timestamppb.New(now), CompletedAt: timestamppb.New(now)}
	under := &paymentsv1.Payment{Reference: "REF-20260617-00000000000000CC", Status: "pending_sca", AmountCents: 1000, CreatedAt: timestamppb.New(now), PaymentUrl: "https://bank.example/merchants-own"}
	return &paymentsv1.ListCustomerPaymentsResponse{Total: 1, Payments: []*paymentsv1.GetCustomerPaymentResponse{{Payment: begun(), Refunds: []*paymentsv1.Payment{back, under}}}}, nil
}

func begun() *paymentsv1.Payment {
	return &paymentsv1.Payment{
		Reference: txRef, Status: "pending_sca", AmountCents: 2999, Currency: "EUR", PaymentUrl: "https://bank.example/1", MerchantName: "My Store",
		Description: "Order", GatewayReference: payRef, CreatedAt: timestamppb.New(now), Sequence: 2,
	}
}

func setup(t *testing.T) *world {
	t.Helper()
	t.Parallel()
	w := &world{t: t, doc: apidoctest.New(t), epc: true}
	b := natstest.New(t)
	client, err := command.NewClient(b, "gateway")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	w.serve(b)
	e := web.New(slog.New(slog.DiscardHandler), nil)
	New(Deps{
		Sender: paying.Sender{Commands: gate.NewCommands(client), Deadline: 2 * time.Second}, Payments: reads{}, Logins: logins{}, Limiter: ratelimit.NewMemory(time.Now), Now: func() time.Time { return now },
		Deployment: gate.Deployment{Live: true}, Merchants: merchants{w, map[string]merchant.Merchant{merchID: shop, "poor": {ID: "poor", GatewayEnabled: true, LiveEnabled: true}, "off": {ID: "off", IBAN: shop.IBAN}}},
		Codes: codes{
			"gateway":  {Type: GatewayCode, RequestID: payRef, GatewayReference: payRef, MerchantID: merchID, AmountCents: 2999, Currency: "EUR", ExpiresAt: now.Add(time.Minute)},
			"expired":  {Type: GatewayCode, RequestID: payRef, GatewayReference: payRef, MerchantID: merchID, AmountCents: 2999, ExpiresAt: now},
			"open":     {Type: "merchant_qr", RequestID: "r-1", MerchantID: merchID},
			"labelled": {Type: "merchant_qr", RequestID: "r-2", MerchantID: merchID, Label: "Till 2"},
			"odd":      {Type: GatewayCode, RequestID: "r", MerchantID: merchID, AmountCents: 1},
			"poor":     {Type: "merchant_qr", RequestID: "r-1", MerchantID: "poor"},
			"off":      {Type: "merchant_qr", RequestID: "r-1", MerchantID: "off"},
		},
	}).Register(apidoctest.API(t, e))
	srv := httptest.NewServer(e)
	t.Cleanup(srv.Close)
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	w.url = srv.URL + apidoctest.Base
	return w
}

// serve stands in for the payments service: it records commands and gives the replies that a test sets.
func (w *world) serve(b *bus.Bus) {
	consumer, err := b.JS.CreateOrUpdateConsumer(context.Background(), bus.Commands, jetstream.ConsumerConfig{Durable: "payments", AckPolicy: jetstream.AckExplicitPolicy})
	if err != nil {
		w.t.Fatal(err)
	}
	cc, err := consumer.Consume(func(m jetstream.Msg) {
		var got proto.Message = &paymentsv1.ScanPay{}
		switch m.Subject() {
		case command.ConfirmReceived:
			got = &paymentsv1.ConfirmReceived{}
		case command.ConfirmNotReceived:
			got = &paymentsv1.ConfirmNotReceived{}
		case command.BookLateReceipt:
			got = &paymentsv1.BookLateReceipt{}
		}
		if err := proto.Unmarshal(m.Data(), got); err != nil {
			w.t.Error(err)
		}
		w.mu.Lock()
		w.commands = append(w.commands, got)
		replies := w.replies
		w.mu.Unlock()
		for _, r := range replies {
			data, err := proto.Marshal(r)
			if err == nil {
				err = b.NC.Publish(m.Headers().Get(events.HeaderReply), data)
			}
			if err != nil {
				w.t.Error(err)
			}
		}
		if err := m.Ack(); err != nil {
			w.t.Error(err)
		}
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { cc.Stop(); <-cc.Closed() })
}

func (w *world) answers(r ...*paymentsv1.CommandReply) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.replies = r
}

func (w *world) lastCommand() proto.Message {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.commands) == 0 {
		return nil
	}
	return w.commands[len(w.commands)-1]
}

type reply struct {
	status int
	header http.Header
	json   map[string]any
	text   string
}

func (w *world) call(method, path, token, body string, headers ...string) reply {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	if token == "key" {
		req.Header.Set("X-Api-Key", "pk_live_1")
		req.Header.Set("X-Api-Secret", "s")
	} else {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	described := req.Clone(w.t.Context())
	described.URL.Host, described.URL.Scheme = "", ""
	w.doc.Check(w.t, described, resp)
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	r := reply{status: resp.StatusCode, header: resp.Header, text: string(raw)}
	if err := json.Unmarshal(raw, &r.json); err != nil {
		w.t.Fatalf("%s answers %q", path, raw)
	}
	return r
}

func stage(s paymentsv1.CommandReply_Stage, p *paymentsv1.Payment) *paymentsv1.CommandReply {
	return &paymentsv1.CommandReply{Stage: s, Payment: p}
}

const (
	recorded = paymentsv1.CommandReply_STAGE_RECORDED
	ready    = paymentsv1.CommandReply_STAGE_READY
)
