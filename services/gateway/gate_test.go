package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
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
	"european-pay.eu/eupay/internal/run/events"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/account"
	"european-pay.eu/eupay/services/gateway/internal/gatewaytest"
	"european-pay.eu/eupay/services/gateway/migrations"
)

const (
	gatePayment  = "PAY-20260617-0B25921FB72918ED"
	gateToken    = "a1b2c3d4e5f6a1b2c3d4e5f6a1b2c3d4"
	gateOrder    = "0b8e7f5a-7c1f-4a51-9a35-d0a1c4b8d7e2"
	gatePassword = "correct horse battery staple"
)

// behind stands for the services behind the gateway: what a request finds there is whatever lets money move.
type behind struct {
	paymentsv1.UnimplementedPaymentsServiceServer
	qrv1.UnimplementedQRServiceServer
	qrv1.UnimplementedRenderServiceServer
	qrv1.UnimplementedTableServiceServer
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
	at := timestamppb.Now()
	o := &qrv1.Order{Id: gateOrder, MerchantId: r.GetMerchantId(), Livemode: r.GetLivemode(), Status: "awaiting_payment", TotalCents: 700, Currency: "EUR", CreatedAt: at, UpdatedAt: at}
	return &qrv1.PlaceOrderResponse{Order: o, PaymentWanted: true}, nil
}

func (behind) AbandonOrder(context.Context, *qrv1.AbandonOrderRequest) (*qrv1.AbandonOrderResponse, error) {
	return &qrv1.AbandonOrderResponse{}, nil
}

func (behind) AttachPayment(context.Context, *qrv1.AttachPaymentRequest) (*qrv1.AttachPaymentResponse, error) {
	return &qrv1.AttachPaymentResponse{}, nil
}

// gateWorld is a gateway with one merchant, who has a login and keys, and one customer of the app.
type gateWorld struct {
	t                      *testing.T
	s                      *Service
	api                    string
	merchant               account.Merchant
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
	payments := gatewaytest.ServeAs(t, identity.Payments, func(r grpc.ServiceRegistrar) { paymentsv1.RegisterPaymentsServiceServer(r, services) })
	qr := gatewaytest.ServeAs(t, identity.QR, func(r grpc.ServiceRegistrar) {
		qrv1.RegisterQRServiceServer(r, services)
		qrv1.RegisterRenderServiceServer(r, services)
		qrv1.RegisterTableServiceServer(r, services)
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

// way is one in which money starts to move.
type way struct {
	name string
	// payer: it is not the merchant who asks. code: it has the mode of the deployment, not one of its own.
	payer, code bool
	// picture: the answer itself can be paid with any bank's app, and no command is sent.
	picture bool
	ask     func(w *gateWorld) (int, map[string]any)
}

func byKey(method, path, body string) func(*gateWorld) (int, map[string]any) {
	return func(w *gateWorld) (int, map[string]any) { return w.call(method, path, body, w.keys[w.live]...) }
}

func byLogin(method, path, body string) func(*gateWorld) (int, map[string]any) {
	return func(w *gateWorld) (int, map[string]any) {
		if w.live {
			path := path + map[bool]string{true: "&", false: "?"}[strings.Contains(path, "?")] + "livemode=true"
			return w.call(method, path, body, bearer(w.owner)...)
		}
		return w.call(method, path, body, bearer(w.owner)...)
	}
}

func scanning(code, more string) func(*gateWorld) (int, map[string]any) {
	return func(w *gateWorld) (int, map[string]any) {
		return w.call("POST", "/qr/pay", `{"qrData":"`+code+`","accountId":"main"`+more+`}`, bearer(w.customer)...)
	}
}

func ordering(body string) func(*gateWorld) (int, map[string]any) {
	return func(w *gateWorld) (int, map[string]any) {
		return w.call("POST", "/table-order/menu/"+w.merchant.ID+"/"+gateToken, body)
	}
}

const gateItems = `{"items":[{"productId":"` + gateOrder + `","quantity":2}],`

var ways = []way{
	{name: "payment", ask: byKey("POST", "/gateway/payments", `{"amount":7,"description":"Order"}`)},
	{name: "refund", ask: byKey("POST", "/gateway/payments/"+gatePayment+"/refund", "")},
	{name: "payment, by login", ask: byLogin("POST", "/gateway/payments", `{"amount":7,"description":"Order"}`)},
	{name: "refund, by login", ask: byLogin("POST", "/gateway/payments/"+gatePayment+"/refund", "")},
	{name: "money received, by key", ask: byKey("POST", "/gateway/payments/"+gatePayment+"/confirm-received", "")},
	{name: "money received, by login", ask: byLogin("POST", "/gateway/payments/"+gatePayment+"/confirm-received", "")},
	{name: "late money, by key", ask: byKey("POST", "/gateway/payments/"+gatePayment+"/late-receipt", "")},
	{name: "late money, by login", ask: byLogin("POST", "/gateway/payments/"+gatePayment+"/late-receipt", "")},
	{name: "transfer to a payment", picture: true, ask: byKey("GET", "/gateway/payments/"+gatePayment+"/qr.png?type=epc", "")},
	{name: "transfer to a payment, by login", picture: true, ask: byLogin("GET", "/gateway/payments/"+gatePayment+"/qr.svg?type=epc", "")},
	{name: "scan of a payment's code", payer: true, ask: scanning("payment", "")},
	{name: "scan of a merchant's code", payer: true, code: true, ask: scanning("merchant", `,"amount":7`)},
	{name: "scan of a permanent code", payer: true, code: true, ask: scanning("permanent", `,"amount":7`)},
	{name: "order paid at the table", payer: true, code: true, ask: ordering(gateItems + `"orderType":"dine_in","payNow":true}`)},
	{name: "takeaway", payer: true, code: true, ask: ordering(gateItems + `"orderType":"takeaway"}`)},
}

// moved reports whether money may move after the answer: a command was sent, or a picture that can be paid was drawn.
func (w *gateWorld) moved(in way, status int) bool {
	w.t.Helper()
	if in.picture {
		return status == http.StatusOK
	}
	if err := errors.Join(w.s.core.Bus.NC.Flush(), w.broker.Flush()); err != nil {
		w.t.Fatal(err)
	}
	select {
	case m := <-w.commands:
		return !strings.HasSuffix(m.Subject, ".cancel")
	default:
		return false
	}
}

// TestNoMoneyOfAMerchantWhoMayNotTakeItMovesByAnyWay is the gate's table: every way in which money starts to move, and every
// state of a merchant, in a live deployment.
func TestNoMoneyOfAMerchantWhoMayNotTakeItMovesByAnyWay(t *testing.T) {
	t.Parallel()
	w := gateSetup(t, true)
	w.profile(`{"iban":"FR7630006000011234567890189","epc_enabled":true}`)
	complete := `{"legal_status":"SARL","siren":"552100554"}`
	for _, state := range []struct {
		name     string
		make     func()
		live, ok bool
		// what the merchant is told, and what a payer is
		merchant, payer errs.Code
	}{
		{"never enabled, test mode", func() {}, false, false, errs.APIAccessDisabled, errs.MerchantNotEnabled},
		{"never enabled, live mode", func() {}, true, false, errs.APIAccessDisabled, errs.MerchantNotEnabled},
		{"enabled in test mode only, live mode", func() { w.admins(`{"enabled":true}`) }, true, false, errs.APIAccessDisabled, errs.MerchantNotEnabled},
		{"enabled in test mode only, test mode", func() {}, false, true, "", ""},
		{"enabled, live mode", func() { w.profile(complete); w.admins(`{"enabled":true,"live":true}`) }, true, true, "", ""},
		{"live without data", func() { w.profile(`{"siren":""}`) }, true, false, errs.InvalidState, errs.InvalidState},
		{"live with its data again", func() { w.profile(complete) }, true, true, "", ""},
		{"disabled, live mode", func() { w.admins(`{"enabled":false}`) }, true, false, errs.APIAccessDisabled, errs.MerchantNotEnabled},
		{"disabled, test mode", func() {}, false, false, errs.APIAccessDisabled, errs.MerchantNotEnabled},
		{"enabled again, live mode", func() { w.admins(`{"enabled":true}`) }, true, false, errs.APIAccessDisabled, errs.MerchantNotEnabled},
	} {
		state.make()
		w.newCustomer() // one may only scan so often
		for _, in := range ways {
			if in.code && !state.live {
				continue // in a live deployment these are live
			}
			w.live = state.live
			status, answer := in.ask(w)
			moved := w.moved(in, status)
			if moved != state.ok || moved != (status < 300) {
				t.Errorf("%s, %s: money moves: %t, answer %d %v", state.name, in.name, moved, status, answer)
			}
			want := state.merchant
			if in.payer {
				want = state.payer
			}
			if code, _ := answer["code"].(string); !state.ok && code != string(want) {
				t.Errorf("%s, %s: answer %d %v, want %s", state.name, in.name, status, answer, want)
			}
		}
	}
}

// TestALiveMerchantsCodesAndOrdersNeverBecomeTestPayments tries a deployment that takes no live payments by code.
func TestALiveMerchantsCodesAndOrdersNeverBecomeTestPayments(t *testing.T) {
	t.Parallel()
	w := gateSetup(t, false)
	w.profile(`{"iban":"FR7630006000011234567890189","legal_status":"SARL","siren":"552100554"}`)
	for _, state := range []struct {
		admin string
		code  errs.Code
	}{{`{"enabled":true}`, ""}, {`{"enabled":true,"live":true}`, errs.LiveNotConfigured}, {`{"enabled":true,"live":false}`, ""}} {
		w.admins(state.admin)
		for _, in := range ways {
			if !in.code {
				continue
			}
			status, answer := in.ask(w)
			code, _ := answer["code"].(string)
			if moved := w.moved(in, status); moved != (state.code == "") || code != string(state.code) {
				t.Errorf("%s, %s: money moves: %t, answer %d %v", state.admin, in.name, moved, status, answer)
			}
		}
	}
}

func TestLiveModeIsNotEnabledWithoutTheMerchantsData(t *testing.T) {
	t.Parallel()
	w := gateSetup(t, true)
	path := "/admin/merchants/" + w.merchant.ID + "/gateway"
	status, answer := w.call("POST", path, `{"enabled":true,"live":true}`, bearer(w.admin)...)
	message, _ := answer["message"].(string)
	if status != http.StatusConflict || answer["code"] != "INVALID_STATE" || !strings.Contains(message, "legal_status, siren, iban") {
		t.Errorf("%d %v", status, answer)
	}
	_, after := w.call("GET", "/merchant", "", bearer(w.owner)...)
	if after["gateway_enabled"] != false || after["live_enabled"] != false {
		t.Errorf("a refused change was made: %v", after)
	}
	if status, answer := w.call("POST", path, `{"enabled":false,"live":true}`, bearer(w.admin)...); status != http.StatusBadRequest {
		t.Errorf("%d %v", status, answer)
	}
}

// TestWhoHasOnlyALoginSeesAndRefundsPaymentsByRole follows the table of ADR 15.
func TestWhoHasOnlyALoginSeesAndRefundsPaymentsByRole(t *testing.T) {
	t.Parallel()
	w := gateSetup(t, true)
	w.profile(`{"iban":"FR7630006000011234567890189"}`)
	w.admins(`{"enabled":true}`)
	tokens := map[string]string{"merchant": w.owner, "customer": w.customer, "admin": w.admin}
	for _, role := range []string{"staff", "accountant"} {
		mail := `"email":"` + role + `@example.com","password":"` + gatePassword + `"`
		if status, answer := w.call("POST", "/merchant/team", `{`+mail+`,"name":"X","role":"`+role+`"}`, bearer(w.owner)...); status != http.StatusCreated {
			t.Fatal(answer)
		}
		_, answer := w.call("POST", "/auth/login", `{`+mail+`}`)
		tokens[role], _ = answer["token"].(string)
	}
	payment := "/gateway/payments/" + gatePayment
	for _, c := range []struct {
		method, path string
		allowed      []string
	}{
		{"GET", "/gateway/payments", []string{"merchant", "staff", "accountant"}},
		{"GET", payment, []string{"merchant", "staff", "accountant"}},
		{"GET", payment + "/refunds", []string{"merchant", "staff", "accountant"}},
		{"GET", payment + "/history", []string{"merchant", "staff", "accountant"}},
		{"POST", payment + "/refund", []string{"merchant"}},
		{"POST", payment + "/cancel", []string{"merchant"}},
	} {
		for role, token := range tokens {
			status, answer := w.call(c.method, c.path, "", bearer(token)...)
			if allowed := slices.Contains(c.allowed, role); allowed != (status < 300) || !allowed && status != http.StatusForbidden && status != http.StatusUnauthorized {
				t.Errorf("%s %s by %s: %d %v", c.method, c.path, role, status, answer)
			}
		}
	}
	if status, answer := w.call("GET", "/gateway/payments", ""); answer["code"] != "MISSING_CREDENTIALS" {
		t.Errorf("nobody: %d %v", status, answer)
	}
	if status, answer := w.call("GET", "/gateway/payments?livemode=perhaps", "", bearer(w.owner)...); status != http.StatusBadRequest {
		t.Errorf("a mode that is none: %d %v", status, answer)
	}
	if w.lists[0].GetMerchantId() != w.merchant.ID || w.lists[0].GetLivemode() {
		t.Errorf("listed %v", w.lists[0])
	}
}

// TestEveryRouteThatChangesPaymentsIsAWay fails when somebody adds a route about payments and does not put it into the table,
// or on the list of those that move no money.
func TestEveryRouteThatChangesPaymentsIsAWay(t *testing.T) {
	t.Parallel()
	known := []string{
		"POST /gateway/payments", "POST /gateway/payments/:reference/refund", "POST /gateway/payments/:reference/confirm-received",
		"POST /gateway/payments/:reference/late-receipt", "POST /qr/pay", "POST /table-order/menu/:merchantId/:token",
		// These move no money: cancellations, the word that none came, and what only makes or reads codes.
		"POST /gateway/payments/:reference/cancel", "POST /gateway/payments/:reference/refunds/:refund/cancel",
		"POST /gateway/payments/:reference/confirm-not-received", "POST /qr/generate", "POST /qr/scan",
	}
	for _, r := range open(t).echo.Routes() {
		path := strings.TrimPrefix(r.Path, basePath)
		about := strings.HasPrefix(path, "/gateway/payments") || strings.HasPrefix(path, "/qr/") || strings.HasPrefix(path, "/table-order/menu")
		if about && r.Method == http.MethodPost && !slices.Contains(known, r.Method+" "+path) {
			t.Errorf("%s %s: does money start to move there? Put it into the table of ways", r.Method, path)
		}
	}
}
