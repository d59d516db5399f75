package paymentapi

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/kit/natstest"
	"european-pay.eu/eupay/internal/run/command"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/apidoc/apidoctest"
	"european-pay.eu/eupay/services/gateway/internal/apikey"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/gate"
	"european-pay.eu/eupay/services/gateway/internal/merchant"
	"european-pay.eu/eupay/services/gateway/internal/paying"
	"european-pay.eu/eupay/services/gateway/internal/ratelimit"
	"european-pay.eu/eupay/services/gateway/internal/rights"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	createdAt = time.Date(2026, 6, 17, 12, 20, 20, 979_000_000, time.UTC)
	testNow   = func() time.Time { return createdAt }
	quiet     = slog.New(slog.DiscardHandler)
)

// keyring authenticates a fixed set of keys whose secret is "sk_" and the public part.
type keyring map[string]apikey.Key

func (k keyring) Authenticate(_ context.Context, public, secret string, _ netip.Addr) (apikey.Key, error) {
	key, ok := k[public]
	if !ok {
		return apikey.Key{}, errs.New(errs.InvalidAPIKey, "Invalid API key.")
	}
	if secret != "sk_"+public {
		return apikey.Key{}, errs.New(errs.InvalidSecret, "Invalid API secret.")
	}
	return key, nil
}

func keys() keyring {
	shop := merchant.Merchant{ID: "m-shop", Name: "My Store", IBAN: "FR7630006000011234567890189", BIC: "AGRIFRPP", GatewayEnabled: true, LiveEnabled: true, LegalStatus: "SARL", SIREN: "552100554"}
	off := shop
	off.ID, off.GatewayEnabled = "m-off", false
	other := shop
	other.ID = "m-other"
	return keyring{
		"pk_test_a":     {ID: "a", Scopes: rights.AllScopes, PerMinute: 1_000_000, Merchant: shop},
		"pk_live_a":     {ID: "b", Livemode: true, Scopes: rights.AllScopes, PerMinute: 1_000_000, Merchant: shop},
		"pk_test_other": {ID: "c", Scopes: rights.AllScopes, PerMinute: 1_000_000, Merchant: other},
		"pk_test_off":   {ID: "d", Scopes: rights.AllScopes, PerMinute: 1, Merchant: off, AllowedIPs: nowhere},
		"pk_test_ip":    {ID: "e", PerMinute: 1, Merchant: shop, AllowedIPs: nowhere},
		"pk_test_slow":  {ID: "f", PerMinute: 2, Merchant: shop},
		"pk_test_local": {ID: "g", Scopes: rights.AllScopes, PerMinute: 1_000_000, Merchant: shop, AllowedIPs: loopback},
		"pk_test_std":   {ID: "h", Scopes: rights.AllScopes, Merchant: shop},
	}
}

var (
	nowhere  = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}
	loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
)

// world is the REST edge with everything around it.
type world struct {
	t      testing.TB
	url    string
	client *http.Client
	valid  *apidoctest.Validator
	bank   *standIn
	reads  *reads
	qr     *signer
	api    *Payments
	keys   keyring
}

func newWorld(t testing.TB, deadline time.Duration, with ...func(*Payments)) *world {
	t.Helper()
	w := &world{t: t, client: &http.Client{Transport: &http.Transport{}, CheckRedirect: stay}, valid: apidoctest.New(t), reads: newReads(), qr: &signer{}, keys: keys()}
	b := natstest.New(t)
	w.bank = newStandIn(t, b, w.reads)
	commands, err := command.NewClient(b, "gateway")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(commands.Close)
	conn := w.backends()
	limiter := ratelimit.NewMemory(testNow)
	e := web.New(quiet, nil)
	w.api = &Payments{
		Sender: paying.Sender{Commands: gate.NewCommands(commands), Deadline: deadline}, Reads: paymentsv1.NewPaymentsServiceClient(conn),
		Signer: paying.Signer{QR: qrv1.NewQRServiceClient(conn), Log: quiet, Deadline: deadline},
		Access: caller.New(caller.Deps{Keys: w.keys, Limiter: limiter, PerMinute: caller.DefaultPerMinute}), Limiter: limiter, Now: testNow,
	}
	for _, change := range with {
		change(w.api)
	}
	w.api.Register(apidoctest.API(t, e))
	srv := httptest.NewServer(web.Handler(e))
	t.Cleanup(func() { w.client.CloseIdleConnections(); srv.Close() })
	w.url = srv.URL + apidoctest.Base
	return w
}

func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// backends runs the fakes behind a real gRPC server.
func (w *world) backends() *grpc.ClientConn {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		w.t.Fatal(err)
	}
	srv := grpc.NewServer(grpc.UnaryInterceptor(errs.UnaryServer(quiet)))
	paymentsv1.RegisterPaymentsServiceServer(srv, w.reads)
	qrv1.RegisterQRServiceServer(srv, w.qr)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := srv.Serve(l); err != nil {
			w.t.Error(err)
		}
	}()
	conn, err := grpc.NewClient(l.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithChainUnaryInterceptor(errs.UnaryClient()))
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			w.t.Error(err)
		}
		srv.Stop()
		<-done
	})
	return conn
}

// answer is an answer.
type answer struct {
	status int
	header http.Header
	body   []byte
	data   map[string]any
	list   []any
	fail   failure
}

type failure struct {
	Success    bool
	Code       string
	Message    string
	Errors     []errs.Field
	RetryAfter int `json:"retry_after"`
}

// as returns the headers of a key.
func as(public string, more ...string) []string {
	return append([]string{"X-Api-Key", public, "X-Api-Secret", "sk_" + public}, more...)
}

// call sends a request, validates the answer against the API description and decodes it.
func (w *world) call(method, path, body string, headers ...string) answer {
	w.t.Helper()
	r, err := http.NewRequest(method, w.url+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := w.client.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	w.valid.Check(w.t, r, resp)
	return decodeAnswer(w.t, resp)
}

func decodeAnswer(t testing.TB, resp *http.Response) answer {
	t.Helper()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{status: resp.StatusCode, header: resp.Header, body: body}
	var envelope struct{ Data json.RawMessage }
	if err := json.Unmarshal(body, &envelope); err == nil {
		if bytes.HasPrefix(envelope.Data, []byte("[")) {
			err = json.Unmarshal(envelope.Data, &a.list)
		} else if envelope.Data != nil {
			err = json.Unmarshal(envelope.Data, &a.data)
		} else {
			err = json.Unmarshal(body, &a.fail)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return a
}

// want fails the test unless the answer is the error.
func (a answer) want(t testing.TB, status int, code, message string) {
	t.Helper()
	if a.status != status || a.fail.Code != code || (message != "" && a.fail.Message != message) || a.fail.Success {
		t.Errorf("got %d %s\nwant %d %s %q", a.status, a.body, status, code, message)
	}
}

// reads answers reads from a map.
type reads struct {
	paymentsv1.UnimplementedPaymentsServiceServer
	mu       sync.Mutex
	payments map[string]*paymentsv1.Payment
	lists    []*paymentsv1.ListPaymentsRequest
	// pages are the answers of further lists, one after another; none: all payments.
	pages []*paymentsv1.ListPaymentsResponse
	sums  []*paymentsv1.SummarizePaymentsRequest
	sum   *paymentsv1.SummarizePaymentsResponse
	// given are the refunds of every payment.
	given []*paymentsv1.Payment
	calls int
	err   error
}

func newReads() *reads { return &reads{payments: make(map[string]*paymentsv1.Payment)} }

func (r *reads) put(p *paymentsv1.Payment) *paymentsv1.Payment {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.payments[p.GetReference()] = p
	return p
}

func (r *reads) find(ref string, allowed func(*paymentsv1.Payment) bool) (*paymentsv1.Payment, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls++
	if r.err != nil {
		return nil, r.err
	}
	if p := r.payments[ref]; p != nil && allowed(p) {
		return p, nil
	}
	return nil, errs.NotFound("Payment")
}

func owned(merchant string, live bool) func(*paymentsv1.Payment) bool {
	return func(p *paymentsv1.Payment) bool { return p.GetMerchantId() == merchant && p.GetLivemode() == live }
}

func (r *reads) GetPayment(_ context.Context, q *paymentsv1.GetPaymentRequest) (*paymentsv1.GetPaymentResponse, error) {
	p, err := r.find(q.GetReference(), owned(q.GetMerchantId(), q.GetLivemode()))
	return &paymentsv1.GetPaymentResponse{Payment: p}, err
}

func (r *reads) GetPaymentStatus(_ context.Context, q *paymentsv1.GetPaymentStatusRequest) (*paymentsv1.GetPaymentStatusResponse, error) {
	p, err := r.find(q.GetReference(), func(*paymentsv1.Payment) bool { return true })
	return &paymentsv1.GetPaymentStatusResponse{Reference: p.GetReference(), Status: p.GetStatus(), AmountCents: p.GetAmountCents(), Currency: p.GetCurrency()}, err
}

func (r *reads) ListPayments(_ context.Context, q *paymentsv1.ListPaymentsRequest) (*paymentsv1.ListPaymentsResponse, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lists = append(r.lists, proto.Clone(q).(*paymentsv1.ListPaymentsRequest))
	if len(r.pages) > 0 {
		next := r.pages[0]
		if r.pages = r.pages[1:]; next == nil {
			return nil, errs.New(errs.Unavailable, "Later.")
		}
		return next, nil
	}
	resp := &paymentsv1.ListPaymentsResponse{Total: 41}
	for _, p := range r.payments {
		if owned(q.GetMerchantId(), q.GetLivemode())(p) {
			resp.Payments = append(resp.Payments, p)
		}
	}
	return resp, nil
}

func (r *reads) SummarizePayments(_ context.Context, q *paymentsv1.SummarizePaymentsRequest) (*paymentsv1.SummarizePaymentsResponse, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sums = append(r.sums, q)
	return r.sum, r.err
}

func (r *reads) ListHistory(_ context.Context, q *paymentsv1.ListHistoryRequest) (*paymentsv1.ListHistoryResponse, error) {
	_, err := r.find(q.GetReference(), owned(q.GetMerchantId(), q.GetLivemode()))
	return &paymentsv1.ListHistoryResponse{Entries: []*paymentsv1.HistoryEntry{
		{Sequence: 1, ToStatus: "pending", Cause: "api", OccurredAt: timestamppb.New(createdAt)},
		{Sequence: 2, FromStatus: "pending", ToStatus: "failed", FailureCode: "insufficient_funds", StatusDetail: "refused_by_provider", Cause: "provider", ProviderState: "rejected", OccurredAt: timestamppb.New(createdAt)},
	}}, err
}

func (r *reads) ListRefunds(_ context.Context, q *paymentsv1.ListRefundsRequest) (*paymentsv1.ListRefundsResponse, error) {
	_, err := r.find(q.GetReference(), owned(q.GetMerchantId(), q.GetLivemode()))
	return &paymentsv1.ListRefundsResponse{Refunds: r.given}, err
}

// signer signs QR codes by recording the requests.
type signer struct {
	qrv1.UnimplementedQRServiceServer
	mu    sync.Mutex
	calls []*qrv1.SignGatewayPaymentRequest
	fails int
	hang  bool
}

func (s *signer) SignGatewayPayment(ctx context.Context, q *qrv1.SignGatewayPaymentRequest) (*qrv1.SignGatewayPaymentResponse, error) {
	s.mu.Lock()
	s.calls = append(s.calls, q)
	failing, hang := len(s.calls) <= s.fails, s.hang
	s.mu.Unlock()
	if hang {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if failing {
		return nil, errs.New(errs.Unavailable, "Not now.")
	}
	return &qrv1.SignGatewayPaymentResponse{
		QrData: "https://www.european-pay.fr/pay?data=" + q.GetReference() + "&x=1", DeepLinkData: "eupay://pay?data=" + q.GetReference(),
	}, nil
}
