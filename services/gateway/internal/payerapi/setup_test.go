package payerapi

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

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/kit/natstest"
	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/command"
	"european-pay.eu/eupay/internal/run/events"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/apidoc/apidoctest"
	"european-pay.eu/eupay/services/gateway/internal/gate"
	"european-pay.eu/eupay/services/gateway/internal/merchant"
	"european-pay.eu/eupay/services/gateway/internal/paying"
	"european-pay.eu/eupay/services/gateway/internal/ratelimit"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

const (
	ref     = "PAY-20260617-0B25921FB72918ED"
	madeRef = "PAY-20260617-00000000000000AA"
	key     = "0123456789abcdef"
	bankURL = "https://bank.example/1"
	bankID  = "5a0d0b01-0005-5b0c-8000-000000000005"
)

var (
	now  = time.Date(2026, 6, 17, 12, 20, 0, 0, time.UTC)
	shop = merchant.Merchant{ID: "m-1", Name: "My Store", IBAN: "FR7630006000011234567890189", LegalStatus: "SARL", SIREN: "552100554", GatewayEnabled: true, LiveEnabled: true}
)

// world is the API with stand-ins of everything behind it.
type world struct {
	t   *testing.T
	url string
	doc *apidoctest.Validator

	mu       sync.Mutex
	payment  *paymentsv1.Payment // of ref; nil: there is none
	commands []*paymentsv1.CreatePayment
	reply    *paymentsv1.CommandReply
	listed   []*paymentsv1.ListBanksRequest
}

type (
	qr struct {
		qrv1.QRServiceClient
	}
	reads struct {
		paymentsv1.PaymentsServiceClient
		w *world
	}
	merchants map[string]merchant.Merchant
	banks     struct{ w *world }
)

const own = "powens_qr_payment_request"

var codes = map[string]*qrv1.DecodeQRResponse{
	"payment": {Type: "gateway_qr_payment", RequestId: ref, GatewayReference: ref, MerchantId: "m-1", MerchantName: "My Store", AmountCents: 2999, ExpiresAt: timestamppb.New(now.Add(time.Minute))},
	// The signed merchant is not the payment's.
	"another's": {Type: "gateway_qr_payment", RequestId: ref, GatewayReference: ref, MerchantId: "m-2", MerchantName: "Thief", AmountCents: 2999, ExpiresAt: timestamppb.New(now.Add(time.Minute))},
	"open":      {Type: own, RequestId: "r-1", MerchantId: "m-1", MerchantName: "My Store"},
	"open 2":    {Type: own, RequestId: "r-2", MerchantId: "m-1", MerchantName: "My Store"},
	"fixed":     {Type: own, RequestId: "r-3", MerchantId: "m-1", MerchantName: "My Store", AmountCents: 990, Label: "Till 2"},
	"off":       {Type: own, RequestId: "r-4", MerchantId: "off", MerchantName: "Off"},
	"poor":      {Type: own, RequestId: "r-5", MerchantId: "poor", MerchantName: "Poor"},
	"gone":      {Type: own, RequestId: "r-6", MerchantId: "gone", MerchantName: "Gone"},
}

func (qr) DecodeQR(_ context.Context, r *qrv1.DecodeQRRequest, _ ...grpc.CallOption) (*qrv1.DecodeQRResponse, error) {
	if r.GetQrData() == "expired" {
		return nil, errs.New(errs.QRExpired, "This code has expired. Ask the merchant for a new one.")
	}
	code, ok := codes[r.GetQrData()]
	if !ok {
		return nil, errs.New(errs.QRInvalid, "This is no code of EU Pay.")
	}
	return code, nil
}

func (r reads) GetPaymentStatus(_ context.Context, req *paymentsv1.GetPaymentStatusRequest, _ ...grpc.CallOption) (*paymentsv1.GetPaymentStatusResponse, error) {
	r.w.mu.Lock()
	defer r.w.mu.Unlock()
	p := r.w.payment
	if p == nil || req.GetReference() != ref {
		return nil, errs.NotFound("Payment")
	}
	return &paymentsv1.GetPaymentStatusResponse{Reference: ref, Status: p.GetStatus(), Livemode: p.GetLivemode(), MerchantId: p.GetMerchantId()}, nil
}

func (r reads) GetPayment(_ context.Context, req *paymentsv1.GetPaymentRequest, _ ...grpc.CallOption) (*paymentsv1.GetPaymentResponse, error) {
	r.w.mu.Lock()
	defer r.w.mu.Unlock()
	p := r.w.payment
	if p == nil || req.GetMerchantId() != p.GetMerchantId() || req.GetLivemode() != p.GetLivemode() {
		return nil, errs.NotFound("Payment")
	}
	return &paymentsv1.GetPaymentResponse{Payment: p}, nil
}

func (b banks) ListBanks(_ context.Context, r *paymentsv1.ListBanksRequest, _ ...grpc.CallOption) (*paymentsv1.ListBanksResponse, error) {
	b.w.mu.Lock()
	defer b.w.mu.Unlock()
	b.w.listed = append(b.w.listed, r)
	return &paymentsv1.ListBanksResponse{Banks: []*paymentsv1.Bank{{
		Id: bankID, Name: "Snail", LogoUrl: "https://bank.example/logo", Countries: []string{"FR"}, Incompatible: "Snail makes no instant transfers.",
	}}, Total: 1}, nil
}

func (m merchants) Get(_ context.Context, id string) (merchant.Merchant, error) {
	got, ok := m[id]
	if !ok {
		return merchant.Merchant{}, errs.NotFound("Merchant")
	}
	return got, nil
}

// stored is the payment of ref.
func stored(status string) *paymentsv1.Payment {
	return &paymentsv1.Payment{
		Reference: ref, Kind: "payment", MerchantId: "m-1", MerchantName: "My Store", Livemode: true, Status: status, AmountCents: 2999, Currency: "EUR",
		Description: "For Mrs Dupont", CustomerId: "anna", PaymentUrl: bankURL, CreatedAt: timestamppb.New(now),
	}
}

func setup(t *testing.T, live bool) *world {
	t.Helper()
	t.Parallel()
	w := &world{t: t, doc: apidoctest.New(t), payment: stored("pending_sca")}
	b := natstest.New(t)
	client, err := command.NewClient(b, "gateway")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	w.serve(b)
	e := web.New(slog.New(slog.DiscardHandler), nil)
	New(Deps{
		QR: qr{}, Payments: reads{w: w}, Banks: banks{w}, Merchants: merchants{"m-1": shop, "off": {ID: "off", IBAN: shop.IBAN}, "poor": {ID: "poor", GatewayEnabled: true, LiveEnabled: true}},
		Sender: paying.Sender{Commands: gate.NewCommands(client), Deadline: 2 * time.Second}, Limiter: ratelimit.NewMemory(func() time.Time { return now }),
		Now: func() time.Time { return now }, Deployment: gate.Deployment{Live: live},
	}).Register(apidoctest.API(t, e))
	srv := httptest.NewServer(e)
	t.Cleanup(srv.Close)
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	w.url = srv.URL + apidoctest.Base
	return w
}

// serve stands in for the payments service: it keeps commands and gives the reply that a test set, or a new payment.
func (w *world) serve(b *bus.Bus) {
	consumer, err := b.JS.CreateOrUpdateConsumer(context.Background(), bus.Commands, jetstream.ConsumerConfig{Durable: "payments", AckPolicy: jetstream.AckExplicitPolicy})
	if err != nil {
		w.t.Fatal(err)
	}
	cc, err := consumer.Consume(func(m jetstream.Msg) {
		got := &paymentsv1.CreatePayment{}
		if err := proto.Unmarshal(m.Data(), got); err != nil {
			w.t.Error(err)
		}
		w.mu.Lock()
		w.commands = append(w.commands, got)
		reply := w.reply
		w.mu.Unlock()
		if reply == nil {
			reply = &paymentsv1.CommandReply{Stage: paymentsv1.CommandReply_STAGE_READY, Payment: &paymentsv1.Payment{
				Reference: madeRef, Status: "pending_sca", AmountCents: got.GetAmountCents(), Currency: "EUR", Livemode: got.GetLivemode(), PaymentUrl: bankURL,
			}}
		}
		data, err := proto.Marshal(reply)
		if err == nil {
			err = b.NC.Publish(m.Headers().Get(events.HeaderReply), data)
		}
		if err == nil {
			err = m.Ack()
		}
		if err != nil {
			w.t.Error(err)
		}
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { cc.Stop(); <-cc.Closed() })
}

func (w *world) sent() []*paymentsv1.CreatePayment {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.commands
}

type reply struct {
	status int
	header http.Header
	json   map[string]any
	text   string
}

func (w *world) call(method, path, body string, headers ...string) reply {
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

func (w *world) preview(data string) reply {
	w.t.Helper()
	return w.call("POST", "/qr/preview", `{"qrData":"`+data+`"}`)
}

func (w *world) checkout(data, amount, idempotency string) reply {
	w.t.Helper()
	body := `{"qrData":"` + data + `"}`
	if amount != "" {
		body = `{"qrData":"` + data + `","amount":` + amount + `}`
	}
	return w.call("POST", "/qr/checkout", body, "Idempotency-Key", idempotency)
}
