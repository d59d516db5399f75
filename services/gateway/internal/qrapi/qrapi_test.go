package qrapi

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
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
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/apidoc/apidoctest"
	"european-pay.eu/eupay/services/gateway/internal/audit"
	"european-pay.eu/eupay/services/gateway/internal/device"
	"european-pay.eu/eupay/services/gateway/internal/directory"
	"european-pay.eu/eupay/services/gateway/internal/gatewaytest"
	"european-pay.eu/eupay/services/gateway/internal/merchant"
	"european-pay.eu/eupay/services/gateway/internal/rights"
	"european-pay.eu/eupay/services/gateway/internal/user"
	"european-pay.eu/eupay/services/gateway/internal/web"
	"european-pay.eu/eupay/services/gateway/migrations"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	password  = "correct horse battery"
	reference = "PAY-20260617-0B25921FB72918ED"
	// tricky has what encoding/json would escape, and JSON.stringify does not.
	tricky = `{"v":1,"type":"powens_qr_payment_request","requestId":"r","merchant":{"id":"m","merchantId":"m","name":"<b>&\u2028","euPayId":"EUP-0123456789AB"},"amount":9.9,"currency":"EUR","expiresAt":null}`
)

var (
	quiet = slog.New(slog.DiscardHandler)
	noon  = time.Date(2026, 6, 17, 12, 0, 0, 500_000_000, time.UTC)
)

// services stands in for the qr and the payments service.
type services struct {
	qrv1.UnimplementedQRServiceServer
	paymentsv1.UnimplementedPaymentsServiceServer

	mu      sync.Mutex
	asked   *qrv1.SignPaymentRequestRequest
	decoded *qrv1.DecodeQRResponse
	refusal error
	status  string // of the payment of a gateway code; empty: there is none
}

func (s *services) SignPaymentRequest(_ context.Context, r *qrv1.SignPaymentRequestRequest) (*qrv1.SignPaymentRequestResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = r
	return &qrv1.SignPaymentRequestResponse{
		QrData: "https://www.european-pay.fr/pay?data=eyJ", DeepLinkData: "eupay://pay?data=eyJ", Payload: strings.ReplaceAll(tricky, `\u2028`, "\u2028"),
	}, s.refusal
}

func (s *services) DecodeQR(_ context.Context, r *qrv1.DecodeQRRequest) (*qrv1.DecodeQRResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.GetQrData() != "https://european-pay.fr/pay?data=eyJ..." {
		return nil, errs.New(errs.QRInvalid, "Not this one.")
	}
	return s.decoded, s.refusal
}

func (s *services) GetPaymentStatus(_ context.Context, r *paymentsv1.GetPaymentStatusRequest) (*paymentsv1.GetPaymentStatusResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.GetReference() != reference || s.status == "" {
		return nil, errs.NotFound("Payment")
	}
	return &paymentsv1.GetPaymentStatusResponse{Reference: reference, Status: s.status, AmountCents: 2999, Currency: "EUR"}, nil
}

// fixture is the API on a real server and database. Every answer is validated against the API description.
type fixture struct {
	services
	accounts *directory.Directory
	merchant merchant.Merchant
	api      gatewaytest.Client
	tokens   map[rights.Role]string
}

func setup(t *testing.T) *fixture {
	t.Helper()
	pool, _ := pgtest.New(t, "gateway", migrations.FS)
	now := func() time.Time { return noon }
	accounts := gatewaytest.Accounts(t, pool, natstest.New(t).NC, now)
	f := &fixture{accounts: accounts, tokens: map[rights.Role]string{}}
	conn := f.serve(t)
	e := web.New(quiet, nil)
	New(Deps{
		QR: qrv1.NewQRServiceClient(conn), Payments: paymentsv1.NewPaymentsServiceClient(conn), Merchants: accounts.Merchants,
		Access: gatewaytest.Access(accounts, now), Now: now,
	}).Register(apidoctest.API(t, e))
	srv := httptest.NewServer(e)
	t.Cleanup(srv.Close)
	f.api = gatewaytest.Client{URL: srv.URL + apidoctest.Base, HTTP: srv.Client(), Doc: apidoctest.New(t)}
	f.people(t)
	return f
}

func (f *fixture) serve(t *testing.T) *grpc.ClientConn {
	t.Helper()
	return gatewaytest.Connect(t, func(r grpc.ServiceRegistrar) {
		qrv1.RegisterQRServiceServer(r, &f.services)
		paymentsv1.RegisterPaymentsServiceServer(r, &f.services)
	})
}

// people returns a login for each role; the first three belong to one merchant.
func (f *fixture) people(t *testing.T) {
	t.Helper()
	ctx, ip := t.Context(), device.Device{IP: netip.MustParseAddr("192.0.2.1")}
	name, iban := "Café Noisette", "FR7630006000011234567890189"
	s, err := f.accounts.Users.Register(ctx, user.Registration{Email: "owner@example.com", Password: password, Profile: merchant.Change{Name: &name, IBAN: &iban}}, ip)
	if err != nil {
		t.Fatal(err)
	}
	f.tokens[rights.RoleMerchant] = s.Token
	if f.merchant, err = f.accounts.Merchants.Get(ctx, s.MerchantID); err != nil {
		t.Fatal(err)
	}
	for _, role := range []rights.Role{rights.RoleStaff, rights.RoleAccountant} {
		email := string(role) + "@example.com"
		if _, err := f.accounts.Users.AddMember(ctx, audit.ByUser("owner"), f.merchant.ID, user.Member{Email: email, Password: password, Role: role}, ip); err != nil {
			t.Fatal(err)
		}
		if s, err = f.accounts.Users.Login(ctx, email, password, user.Portal, ip); err != nil {
			t.Fatal(err)
		}
		f.tokens[role] = s.Token
	}
	if s, err = f.accounts.Users.RegisterCustomer(ctx, "jane@example.com", password, "Jane", ip); err != nil {
		t.Fatal(err)
	}
	f.tokens[rights.RoleCustomer] = s.Token
}

type reply struct {
	status int
	text   string
	json   map[string]any
}

func (f *fixture) post(t *testing.T, who rights.Role, path, body string) reply {
	t.Helper()
	a := f.api.Call(t, http.MethodPost, path, body, gatewaytest.Bearer(f.tokens[who])...)
	if a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%s may be cached", path)
	}
	return reply{a.Status, a.Text, a.JSON}
}

func (f *fixture) refused(t *testing.T, code errs.Code, who rights.Role, path, body string) reply {
	t.Helper()
	r := f.post(t, who, path, body)
	if r.status != code.HTTPStatus() || r.json["code"] != string(code) {
		t.Errorf("%s %s as %q answers %d %s, want %s", path, body, who, r.status, r.text, code)
	}
	return r
}

func TestTheDocumentedCodeIsMade(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for _, role := range []rights.Role{rights.RoleMerchant, rights.RoleStaff} {
		r := f.post(t, role, "/qr/generate", `{"amount":9.99,"label":"Payment to My Shop","expiresInMinutes":30}`)
		if r.status != 200 || r.json["qrData"] != "https://www.european-pay.fr/pay?data=eyJ" || r.json["deepLinkData"] != "eupay://pay?data=eyJ" ||
			r.json["expiresAt"] != "2026-06-17T12:30:00.000Z" {
			t.Fatalf("%d %s", r.status, r.text)
		}
		// The payload is the signed text, so that its signature can be checked.
		if signed := strings.ReplaceAll(tricky, `\u2028`, "\u2028"); !strings.Contains(r.text, `"payload":`+signed+`,`) {
			t.Errorf("the payload is not what was signed: %s", r.text)
		}
		want := &qrv1.SignPaymentRequestRequest{
			MerchantId: f.merchant.ID, MerchantName: "Café Noisette", EuPayId: f.merchant.EuPayID(), AmountCents: 999, Currency: "EUR", Label: "Payment to My Shop",
			ExpiresAt: timestamppb.New(time.Date(2026, 6, 17, 12, 30, 0, 0, time.UTC)),
		}
		if !proto.Equal(f.asked, want) {
			t.Errorf("asked for %v\nwant %v", f.asked, want)
		}
	}
}

func TestWithoutAnIBANNoCodeIsMade(t *testing.T) {
	t.Parallel()
	f := setup(t)
	name := "Not ready"
	s, err := f.accounts.Users.Register(t.Context(), user.Registration{Email: "new@example.com", Password: password, Profile: merchant.Change{Name: &name}},
		device.Device{IP: netip.MustParseAddr("192.0.2.1")})
	if err != nil {
		t.Fatal(err)
	}
	f.tokens["new"] = s.Token
	f.refused(t, errs.InvalidState, "new", "/qr/generate", `{}`)
	if f.asked != nil {
		t.Errorf("signed %v", f.asked)
	}
}

func TestAnEmptyObjectMakesAnOpenPermanentCode(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := f.post(t, rights.RoleMerchant, "/qr/generate", `{}`)
	if expires, there := r.json["expiresAt"]; r.status != 200 || !there || expires != nil {
		t.Fatalf("%d %s", r.status, r.text)
	}
	if f.asked.GetAmountCents() != 0 || f.asked.GetExpiresAt() != nil || f.asked.GetLabel() != "" {
		t.Errorf("asked for %v", f.asked)
	}
}

func TestBadRequestsNameTheFields(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for body, field := range map[string]string{
		`{"amount":0}`: "amount", `{"amount":-1}`: "amount", `{"amount":10000.01}`: "amount", `{"amount":"9.99"}`: "amount", `{"amount":9.999}`: "amount",
		`{"expiresInMinutes":0}`: "expiresInMinutes", `{"expiresInMinutes":1441}`: "expiresInMinutes",
		`{"expiresInMinutes":1.5}`: "expiresInMinutes", `{"label":"` + strings.Repeat("é", 101) + `"}`: "label", `{"label":"a\nb"}`: "label",
		`{"label":"\u202egnp.exe"}`: "label", `{"merchantId":"x"}`: "merchantId", `{"type":"gateway_qr_payment"}`: "type", `[]`: "body",
	} {
		r := f.refused(t, errs.ValidationError, rights.RoleMerchant, "/qr/generate", body)
		list, _ := r.json["errors"].([]any)
		if len(list) != 1 || list[0].(map[string]any)["field"] != field {
			t.Errorf("%s: %s", body, r.text)
		}
	}
	if f.asked != nil {
		t.Errorf("signed %v", f.asked)
	}
	f.refused(t, errs.ValidationError, rights.RoleCustomer, "/qr/scan", `{}`)
	f.refused(t, errs.ValidationError, rights.RoleCustomer, "/qr/scan", `{"qrData":1}`)
	f.refused(t, errs.ValidationError, rights.RoleCustomer, "/qr/scan", `{"qrData":"x","amount":1}`)
}

func TestMerchantsMakeCodesAndCustomersScanThem(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.refused(t, errs.Forbidden, rights.RoleAccountant, "/qr/generate", `{}`)
	for _, who := range []rights.Role{rights.RoleCustomer, ""} {
		f.refused(t, errs.Unauthenticated, who, "/qr/generate", `{}`)
	}
	for _, who := range []rights.Role{rights.RoleMerchant, rights.RoleStaff, rights.RoleAccountant, ""} {
		f.refused(t, errs.Unauthenticated, who, "/qr/scan", scanBody)
	}
}

const scanBody = `{ "qrData": "https://european-pay.fr/pay?data=eyJ..." }`

func TestAMerchantsCodeIsScanned(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.decoded = &qrv1.DecodeQRResponse{
		Type: "powens_qr_payment_request", RequestId: "r", MerchantId: "m", MerchantName: "My <Store>", AmountCents: 990, Currency: "EUR", Label: "Payment to My Shop",
		ExpiresAt: timestamppb.New(time.Date(2026, 6, 17, 12, 30, 0, 0, time.UTC)),
	}
	const fixed = `{"merchantName":"My <Store>","amount":9.9,"fixedAmount":true,"label":"Payment to My Shop","expiresAt":"2026-06-17T12:30:00.000Z","type":"powens_qr_payment_request"}`
	if r := f.post(t, rights.RoleCustomer, "/qr/scan", scanBody); r.status != 200 || strings.TrimSpace(r.text) != fixed {
		t.Errorf("%d %s", r.status, r.text)
	}
	f.decoded = &qrv1.DecodeQRResponse{Type: "powens_qr_payment_request", RequestId: "r", MerchantId: "m", MerchantName: "My Store", Currency: "EUR"}
	const open = `{"merchantName":"My Store","amount":null,"fixedAmount":false,"label":null,"expiresAt":null,"type":"powens_qr_payment_request"}`
	if r := f.post(t, rights.RoleCustomer, "/qr/scan", scanBody); r.status != 200 || strings.TrimSpace(r.text) != open {
		t.Errorf("%d %s", r.status, r.text)
	}
}

func TestACodeEndsWithItsPayment(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.decoded = &qrv1.DecodeQRResponse{
		Type: "gateway_qr_payment", RequestId: reference, GatewayReference: reference, MerchantId: "m", MerchantName: "My Store", AmountCents: 2999, Currency: "EUR",
		ExpiresAt: timestamppb.New(time.Date(2026, 6, 17, 20, 50, 0, 0, time.UTC)),
	}
	for _, status := range []string{"pending", "pending_sca"} {
		f.status = status
		const want = `{"merchantName":"My Store","amount":29.99,"fixedAmount":true,"label":null,"expiresAt":"2026-06-17T20:50:00.000Z","type":"gateway_qr_payment","gatewayReference":"` + reference + `"}`
		if r := f.post(t, rights.RoleCustomer, "/qr/scan", scanBody); r.status != 200 || strings.TrimSpace(r.text) != want {
			t.Errorf("%s: %d %s", status, r.status, r.text)
		}
	}
	for status, advice := range map[string]string{
		"completed": "already paid", "refunded": "already paid", "failed": "new code", "cancelled": "new code", "something new": "new code",
	} {
		f.status = status
		if r := f.refused(t, errs.InvalidState, rights.RoleCustomer, "/qr/scan", scanBody); !strings.Contains(r.text, advice) {
			t.Errorf("%s: %s", status, r.text)
		}
	}
	f.status = ""
	f.refused(t, errs.QRInvalid, rights.RoleCustomer, "/qr/scan", scanBody)
}

func TestRefusalsOfTheServiceReachTheCaller(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.refused(t, errs.QRInvalid, rights.RoleCustomer, "/qr/scan", `{"qrData":"https://evil.example/"}`)
	f.refusal = errs.New(errs.QRExpired, "This code has expired.")
	f.refused(t, errs.QRExpired, rights.RoleCustomer, "/qr/scan", scanBody)
	f.refusal = errs.Invalid(errs.Field{Field: "label", Message: "label is too long."})
	f.refused(t, errs.ValidationError, rights.RoleMerchant, "/qr/generate", `{"label":"x"}`)
	f.refusal = io.ErrUnexpectedEOF
	f.refused(t, errs.Internal, rights.RoleMerchant, "/qr/generate", `{}`)
}

func TestACodeShowsTheMerchantsPublicID(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{"0b8e7f5a-7c1f-4a51-9a35-d0a1c4b8d7e2": "EUP-D0A1C4B8D7E2", "0b8e7f5a-7c1f-4a51-9a35-00a1c4b8d7e3": "EUP-00A1C4B8D7E3", "": "EUP-"} {
		if got := (merchant.Merchant{ID: id}).EuPayID(); got != want {
			t.Errorf("%s: %s, want %s", id, got, want)
		}
	}
}
