package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"
	"golang.org/x/crypto/bcrypt"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/identity"
	"european-pay.eu/eupay/internal/kit/identitytest"
	"european-pay.eu/eupay/internal/kit/natstest"
	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/run/boot"
	"european-pay.eu/eupay/internal/run/command"
	"european-pay.eu/eupay/internal/run/events"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/gatewaytest"
	"european-pay.eu/eupay/services/gateway/internal/merchant"
	"european-pay.eu/eupay/services/gateway/migrations"
)

const (
	gatePayment  = "PAY-20260617-0B25921FB72918ED"
	gateToken    = "a1b2c3d4e5f6a1b2c3d4e5f6a1b2c3d4"
	gateSub      = "SUB-20260617-5D1A0C77E2B94F30"
	gateLink     = "plink_5d1a0c77e2b94f305d1a0c77"
	gateOrder    = "0b8e7f5a-7c1f-4a51-9a35-d0a1c4b8d7e2"
	gatePassword = "correct horse battery staple"
)

// behind stands for the services behind the gateway: what a request finds there is whatever lets money move.
type behind struct {
	paymentsv1.UnimplementedPaymentsServiceServer
	paymentsv1.UnimplementedBanksServiceServer
	paymentsv1.UnimplementedSubscriptionsServiceServer
	paymentsv1.UnimplementedLinksServiceServer
	paymentsv1.UnimplementedSettlementServiceServer
	qrv1.UnimplementedQRServiceServer
	qrv1.UnimplementedRenderServiceServer
	qrv1.UnimplementedTableServiceServer
	qrv1.UnimplementedTillServiceServer
	qrv1.UnimplementedRewardsServiceServer
	w *gateWorld
}

func (b behind) payment() *paymentsv1.Payment {
	return &paymentsv1.Payment{
		Reference: gatePayment, Kind: "payment", MerchantId: b.w.merchant.ID, Livemode: b.w.live, AmountCents: 700, Currency: "EUR", Status: "pending_sca",
		Origin: "api", CreatedAt: timestamppb.Now(),
	}
}

func (b behind) GetPayment(context.Context, *paymentsv1.GetPaymentRequest) (*paymentsv1.GetPaymentResponse, error) {
	return &paymentsv1.GetPaymentResponse{Payment: b.payment()}, nil
}

func (b behind) GetPaymentStatus(context.Context, *paymentsv1.GetPaymentStatusRequest) (*paymentsv1.GetPaymentStatusResponse, error) {
	return &paymentsv1.GetPaymentStatusResponse{Reference: gatePayment, Status: "pending_sca", Livemode: b.w.live, MerchantId: b.w.merchant.ID}, nil
}

func (b behind) ListPayments(_ context.Context, r *paymentsv1.ListPaymentsRequest) (*paymentsv1.ListPaymentsResponse, error) {
	b.w.lists = append(b.w.lists, r)
	return &paymentsv1.ListPaymentsResponse{}, nil
}

func (behind) ListBanks(context.Context, *paymentsv1.ListBanksRequest) (*paymentsv1.ListBanksResponse, error) {
	return &paymentsv1.ListBanksResponse{Banks: []*paymentsv1.Bank{{
		Id: "5a0d0b01-0001-5b0c-8000-000000000001", Name: "Bank", LogoUrl: "https://bank.example/logo", Countries: []string{"FR"},
		Transfers: []*paymentsv1.Transfer{{ExecutionType: "instant", Tracked: true}, {ExecutionType: "deferred", EarliestDays: 1, MinimumCents: 100}},
	}}, Total: 1}, nil
}

func (b behind) subscription() *paymentsv1.Subscription {
	at := timestamppb.Now()
	return &paymentsv1.Subscription{
		Id: gateSub, MerchantId: b.w.merchant.ID, Livemode: b.w.live, AmountCents: 700, Currency: "EUR", Frequency: "monthly", StartDate: "2027-01-31",
		EndDate: "2027-12-31", Count: 12, Collect: "bank", Status: "pending_sca", Description: "Gym", AuthorisationUrl: "https://bank.example/1", Sequence: 2,
		CreatedAt: at, UpdatedAt: at,
	}
}

func occurred() *paymentsv1.Occurrence {
	return &paymentsv1.Occurrence{SubscriptionId: gateSub, Number: 1, Date: "2027-01-31", ExecutionDate: "2027-02-01", AmountCents: 700, Status: "expected"}
}

func (b behind) CreateSubscription(context.Context, *paymentsv1.CreateSubscriptionRequest) (*paymentsv1.CreateSubscriptionResponse, error) {
	b.w.commands <- &nats.Msg{Subject: "a subscription"} // from now on money may move
	return &paymentsv1.CreateSubscriptionResponse{Subscription: b.subscription()}, nil
}

func (b behind) GetSubscription(context.Context, *paymentsv1.GetSubscriptionRequest) (*paymentsv1.GetSubscriptionResponse, error) {
	return &paymentsv1.GetSubscriptionResponse{Subscription: b.subscription(), Next: occurred()}, nil
}

func (b behind) ListSubscriptions(context.Context, *paymentsv1.ListSubscriptionsRequest) (*paymentsv1.ListSubscriptionsResponse, error) {
	return &paymentsv1.ListSubscriptionsResponse{Subscriptions: []*paymentsv1.Subscription{b.subscription()}, Total: 1}, nil
}

func (b behind) CancelSubscription(context.Context, *paymentsv1.CancelSubscriptionRequest) (*paymentsv1.CancelSubscriptionResponse, error) {
	return &paymentsv1.CancelSubscriptionResponse{Subscription: b.subscription()}, nil
}

func (behind) ListOccurrences(context.Context, *paymentsv1.ListOccurrencesRequest) (*paymentsv1.ListOccurrencesResponse, error) {
	return &paymentsv1.ListOccurrencesResponse{Occurrences: []*paymentsv1.Occurrence{occurred()}, Total: 1}, nil
}

func (behind) DecideOccurrence(context.Context, *paymentsv1.DecideOccurrenceRequest) (*paymentsv1.DecideOccurrenceResponse, error) {
	return &paymentsv1.DecideOccurrenceResponse{Occurrence: occurred()}, nil
}

func (behind) GetSubscriptionHistory(context.Context, *paymentsv1.GetSubscriptionHistoryRequest) (*paymentsv1.GetSubscriptionHistoryResponse, error) {
	return &paymentsv1.GetSubscriptionHistoryResponse{Changes: []*paymentsv1.SubscriptionChange{
		{Sequence: 1, ToStatus: "pending", Cause: "api", OccurredAt: timestamppb.Now()},
	}}, nil
}

func (b behind) link() *paymentsv1.PaymentLink {
	at := timestamppb.Now()
	return &paymentsv1.PaymentLink{
		Id: gateLink, MerchantId: b.w.merchant.ID, Livemode: b.w.live, Slug: "7Fq2mXc9Tb", Host: "eupay", Url: "https://pay.example/l/7Fq2mXc9Tb", Status: "active",
		AmountCents: 700, Currency: "EUR", UsesMax: 1, Description: "Order", Sequence: 1, CreatedAt: at, UpdatedAt: at,
	}
}

func (b behind) CreateLink(context.Context, *paymentsv1.CreateLinkRequest) (*paymentsv1.CreateLinkResponse, error) {
	return &paymentsv1.CreateLinkResponse{Link: b.link()}, nil
}

func (b behind) GetLink(context.Context, *paymentsv1.GetLinkRequest) (*paymentsv1.GetLinkResponse, error) {
	return &paymentsv1.GetLinkResponse{Link: b.link()}, nil
}

func (b behind) ListLinks(context.Context, *paymentsv1.ListLinksRequest) (*paymentsv1.ListLinksResponse, error) {
	return &paymentsv1.ListLinksResponse{Links: []*paymentsv1.PaymentLink{b.link()}, Total: 1}, nil
}

func (b behind) UpdateLink(context.Context, *paymentsv1.UpdateLinkRequest) (*paymentsv1.UpdateLinkResponse, error) {
	return &paymentsv1.UpdateLinkResponse{Link: b.link()}, nil
}

func (b behind) RevokeLink(context.Context, *paymentsv1.RevokeLinkRequest) (*paymentsv1.RevokeLinkResponse, error) {
	return &paymentsv1.RevokeLinkResponse{Link: b.link()}, nil
}

func (b behind) ListLinkPayments(context.Context, *paymentsv1.ListLinkPaymentsRequest) (*paymentsv1.ListLinkPaymentsResponse, error) {
	return &paymentsv1.ListLinkPaymentsResponse{Payments: []*paymentsv1.Payment{b.payment()}, Total: 1}, nil
}

func (b behind) OpenLink(context.Context, *paymentsv1.OpenLinkRequest) (*paymentsv1.OpenLinkResponse, error) {
	return &paymentsv1.OpenLinkResponse{Link: b.link()}, nil
}

func (behind) SummarizePayments(context.Context, *paymentsv1.SummarizePaymentsRequest) (*paymentsv1.SummarizePaymentsResponse, error) {
	return &paymentsv1.SummarizePaymentsResponse{}, nil
}

func (behind) ListRefunds(context.Context, *paymentsv1.ListRefundsRequest) (*paymentsv1.ListRefundsResponse, error) {
	return &paymentsv1.ListRefundsResponse{}, nil
}

func (behind) ListHistory(context.Context, *paymentsv1.ListHistoryRequest) (*paymentsv1.ListHistoryResponse, error) {
	return &paymentsv1.ListHistoryResponse{}, nil
}

// DecodeQR reads the code that is named by its text.
func (b behind) DecodeQR(_ context.Context, r *qrv1.DecodeQRRequest) (*qrv1.DecodeQRResponse, error) {
	code := &qrv1.DecodeQRResponse{Type: "powens_qr_payment_request", RequestId: r.GetQrData(), MerchantId: b.w.merchant.ID, Currency: "EUR"}
	if r.GetQrData() == "payment" {
		code.Type, code.GatewayReference, code.AmountCents = "gateway_qr_payment", gatePayment, 700
	}
	return code, nil
}

func (behind) RenderEPC(context.Context, *qrv1.RenderEPCRequest) (*qrv1.RenderEPCResponse, error) {
	return &qrv1.RenderEPCResponse{Image: []byte("picture")}, nil
}

func (b behind) PlaceOrder(_ context.Context, r *qrv1.PlaceOrderRequest) (*qrv1.PlaceOrderResponse, error) {
	if !r.GetPayable() {
		return nil, errs.New(errs.MerchantNotEnabled, "This merchant takes no payments here.")
	}
	b.w.commands <- &nats.Msg{Subject: command.CreateOrder} // as the qr service does
	at := timestamppb.Now()
	o := &qrv1.Order{PaymentReference: gatePayment, PaymentUrl: "https://bank.example/pay", PaymentCreatedAt: at, Id: gateOrder, MerchantId: r.GetMerchantId(), Livemode: r.GetLivemode(), Status: "awaiting_payment", TotalCents: 700, Currency: "EUR", CreatedAt: at, UpdatedAt: at}
	return &qrv1.PlaceOrderResponse{Order: o, PaymentWanted: true}, nil
}

// gateWorld is a gateway with one merchant, who has a login and keys, and one customer of the app.
type gateWorld struct {
	t                      *testing.T
	s                      *Service
	api                    string
	merchant               merchant.Merchant
	live                   bool
	owner, customer, admin string
	keys                   map[bool][]string
	broker                 *nats.Conn // of an operator, who may do what the payments service does
	commands               chan *nats.Msg
	calls                  int
	lists                  []*paymentsv1.ListPaymentsRequest
	seen                   func(*http.Response) // of each call, when it is set
}

// gateSetup runs a gateway of a live deployment or of another.
func gateSetup(t *testing.T, live bool, changes ...func(*Config)) *gateWorld {
	t.Helper()
	w := &gateWorld{t: t, commands: make(chan *nats.Msg, 100)}
	services := behind{w: w}
	payments := gatewaytest.ServeAs(t, identity.Payments, func(r grpc.ServiceRegistrar) {
		paymentsv1.RegisterPaymentsServiceServer(r, services)
		paymentsv1.RegisterBanksServiceServer(r, services)
		paymentsv1.RegisterSubscriptionsServiceServer(r, services)
		paymentsv1.RegisterLinksServiceServer(r, services)
		paymentsv1.RegisterSettlementServiceServer(r, services)
	})
	qr := gatewaytest.ServeAs(t, identity.QR, func(r grpc.ServiceRegistrar) {
		qrv1.RegisterQRServiceServer(r, services)
		qrv1.RegisterRenderServiceServer(r, services)
		qrv1.RegisterTableServiceServer(r, services)
		qrv1.RegisterTillServiceServer(r, services)
		qrv1.RegisterRewardsServiceServer(r, services)
	})
	srv := natstest.Server(t)
	cfg := Config{
		Base:     boot.Base{Plain: boot.Plain{DatabaseURL: pgtest.Database(t, "gateway", migrations.FS), DatabaseConns: 8}, NATSURL: srv.URL(), TLS: identitytest.Files(t, identity.Gateway)},
		HTTPAddr: "127.0.0.1:0", PublicURL: "http://127.0.0.1", JWTSecret: strings.Repeat("j", 32), BcryptCost: bcrypt.MinCost,
		PaymentsAddr: payments, WebhooksAddr: payments, QRAddr: qr, EInvoiceAddr: payments, OrdersLive: live, RateLimit: 10_000,
	}
	for _, change := range changes {
		change(&cfg)
	}
	s, err := New(t.Context(), cfg, boot.Deps{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	w.s, w.api = s, "http://"+s.HTTPAddr()+"/api/v1"
	t.Cleanup(run(t, s))
	w.broker = natstest.Connect(t, srv.URL()).NC
	sub, err := w.broker.Subscribe("eupay.cmd.payments.>", w.take)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sub.Unsubscribe() })
	w.people()
	return w
}

// take answers every command as carried out.
func (w *gateWorld) take(m *nats.Msg) {
	w.commands <- m
	reply := &paymentsv1.CommandReply{Stage: paymentsv1.CommandReply_STAGE_READY, Payment: behind{w: w}.payment()}
	reply.Payment.OrderId = gateOrder
	if data, err := proto.Marshal(reply); err == nil && m.Header.Get(events.HeaderReply) != "" {
		w.broker.Publish(m.Header.Get(events.HeaderReply), data)
	}
}

func (w *gateWorld) people() {
	w.t.Helper()
	_, err := w.s.Seed(w.t.Context(), Demo{
		Merchant: Merchant{Name: "Platform", Email: "platform@example.com", IBAN: "FR7630006000011234567890189"}, MerchantPassword: gatePassword,
		AdminEmail: "admin@example.com", AdminPassword: gatePassword,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	login := func(path, body string) string {
		_, answer := w.call("POST", path, body)
		token, _ := answer["token"].(string)
		if token == "" {
			w.t.Fatalf("%s: %v", path, answer)
		}
		return token
	}
	w.admin = login("/auth/login", `{"email":"admin@example.com","password":"`+gatePassword+`"}`)
	w.owner = login("/auth/register", `{"email":"owner@example.com","password":"`+gatePassword+`","name":"My Store"}`)
	w.newCustomer()
	_, profile := w.call("GET", "/merchant", "", bearer(w.owner)...)
	w.merchant.ID, _ = profile["id"].(string)
	w.keys = make(map[bool][]string)
	for _, live := range []bool{false, true} {
		_, key := w.call("POST", "/merchant/api-keys", `{"name":"shop","per_minute":10000,"livemode":`+map[bool]string{true: "true", false: "false"}[live]+`}`, bearer(w.owner)...)
		public, _ := key["api_key"].(string)
		secret, _ := key["api_secret"].(string)
		w.keys[live] = []string{"X-Api-Key", public, "X-Api-Secret", secret}
	}
}

func (w *gateWorld) newCustomer() {
	w.t.Helper()
	_, answer := w.call("POST", "/customer/auth/register", `{"email":"`+events.NewID()+`@example.com","password":"`+gatePassword+`"}`)
	w.customer, _ = answer["token"].(string)
	if w.customer == "" {
		w.t.Fatalf("no customer: %v", answer)
	}
}

func bearer(token string) []string { return []string{"Authorization", "Bearer " + token} }

// call answers with the status and the JSON of the answer, if it is JSON.
func (w *gateWorld) call(method, path, body string, headers ...string) (int, map[string]any) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.api+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	if w.seen != nil {
		w.seen(resp)
	}
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	answer := map[string]any{}
	if bytes.HasPrefix(raw, []byte("{")) {
		if err := json.Unmarshal(raw, &answer); err != nil {
			w.t.Fatal(err)
		}
	}
	return resp.StatusCode, answer
}

// elsewhere adds an address of its own to the headers of a call, for a gateway that trusts 127.0.0.1: who is refused all the time
// from one address is slowed down.
func (w *gateWorld) elsewhere(headers []string) []string {
	w.calls++
	return append(slices.Clone(headers), "X-Forwarded-For", fmt.Sprintf("10.%d.%d.%d", w.calls>>16, w.calls>>8&255, w.calls&255))
}

func (w *gateWorld) admins(body string) {
	w.t.Helper()
	if status, answer := w.call("POST", "/admin/merchants/"+w.merchant.ID+"/gateway", body, bearer(w.admin)...); status != http.StatusOK {
		w.t.Fatalf("%s: %d %v", body, status, answer)
	}
}

func (w *gateWorld) profile(body string) {
	w.t.Helper()
	if status, answer := w.call("PATCH", "/merchant", body, bearer(w.owner)...); status != http.StatusOK {
		w.t.Fatalf("%s: %d %v", body, status, answer)
	}
}
