package webhooks

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/identity"
	"european-pay.eu/eupay/internal/kit/identitytest"
	"european-pay.eu/eupay/internal/kit/natstest"
	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/kit/rounds"
	"european-pay.eu/eupay/internal/kit/testclock"
	"european-pay.eu/eupay/internal/run/boot"
	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/events"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	webhooksv1 "european-pay.eu/eupay/proto/eupay/webhooks/v1"
	"european-pay.eu/eupay/services/webhooks/migrations"
)

// init lets properties be checked with fewer draws than usual, unless -rapid.checks says how many.
// A scenario starts services and servers: it takes as long as hundreds of other checks.
func init() {
	rounds.Draws(40)
}

func TestMain(m *testing.M) {
	runAsService()
	goleak.VerifyTestMain(m)
}

func newClock() *testclock.Clock {
	return testclock.New(time.Date(2026, 6, 17, 12, 25, 30, 0, time.UTC))
}

// hit is a request that a merchant's server received.
type hit struct {
	path   string
	header http.Header
	body   []byte
}

// sink is a merchant's server.
type sink struct {
	*httptest.Server
	hits chan hit
}

// newSink answers as answer says after it has put the request into hits.
func newSink(t testing.TB, answer http.HandlerFunc) *sink {
	t.Helper()
	s := &sink{hits: make(chan hit, 10_000)}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		s.hits <- hit{path: r.URL.Path, header: r.Header, body: body}
		r.Body = io.NopCloser(bytes.NewReader(body))
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

func (s *sink) next(t testing.TB) hit {
	t.Helper()
	select {
	case h := <-s.hits:
		return h
	case <-time.After(time.Minute):
		t.Fatal("no webhook arrived")
		return hit{}
	}
}

// fixture is a running service with its surroundings.
type fixture struct {
	*Service
	t     testing.TB
	bus   *bus.Bus
	clock *testclock.Clock
	cfg   Config
	api   webhooksv1.WebhooksServiceClient
	conn  *boot.Conn
	stop  func()
	// realTime leaves the clock aside.
	realTime bool
}

func config(t testing.TB, databaseURL, natsURL string) Config {
	t.Helper()
	return Config{
		Base: boot.Base{
			Plain:   boot.Plain{DatabaseURL: databaseURL, DatabaseConns: 8, Grace: 5 * time.Second},
			NATSURL: natsURL, GRPCAddr: "127.0.0.1:0",
			TLS: identitytest.Files(t, identity.Webhooks),
		},
		MasterKey: base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32)), AllowLoopback: true,
		Schedule: []time.Duration{0, 5 * time.Second, 30 * time.Second, 5 * time.Minute, 30 * time.Minute},
		Timeout:  10 * time.Second, Workers: 512, PerEndpoint: 32,
		BreakerFailures: 10, DisableAfter: 120 * time.Hour, Retention: 2160 * time.Hour,
	}
}

// setup starts a service on a new database and broker.
func setup(t testing.TB) *fixture {
	t.Helper()
	b := natstest.New(t)
	f := &fixture{t: t, bus: b, clock: newClock(), cfg: config(t, pgtest.Database(t, "webhooks", migrations.Files), b.NC.ConnectedUrl())}
	f.start()
	return f
}

// start opens and runs the service, as it is started again after a stop.
func (f *fixture) start() {
	f.t.Helper()
	f.open()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	svc := f.Service
	go func() { done <- svc.Run(ctx) }()
	conn, err := boot.Dial(identitytest.Load(f.t, identity.Gateway), identity.Webhooks, f.GRPCAddr())
	if err != nil {
		f.t.Fatal(err)
	}
	f.conn, f.api = conn, webhooksv1.NewWebhooksServiceClient(conn)
	f.stop = sync.OnceFunc(func() {
		conn.Close()
		cancel()
		if err := <-done; err != nil {
			f.t.Errorf("run: %v", err)
		}
		svc.Close()
	})
	f.t.Cleanup(f.stop)
}

func (f *fixture) open() {
	f.t.Helper()
	now := f.clock.Now
	if f.realTime {
		now = time.Now
	}
	svc, err := New(context.Background(), f.cfg, boot.Deps{Log: testLog(), Now: now})
	if err != nil {
		f.t.Fatal(err)
	}
	f.Service = svc
}

// endpoint adds an endpoint of merchant m_1 in test mode.
func (f *fixture) endpoint(url string, types ...string) (id, secret string) {
	f.t.Helper()
	return f.endpointOf("m_1", url, types...)
}

func (f *fixture) endpointOf(merchant, url string, types ...string) (id, secret string) {
	f.t.Helper()
	resp, err := f.api.CreateEndpoint(context.Background(), &webhooksv1.CreateEndpointRequest{MerchantId: merchant, Url: url, EventTypes: types})
	if err != nil {
		f.t.Fatal(err)
	}
	return resp.GetEndpoint().GetId(), resp.GetSecret()
}

// payment is the example of the documents.
func payment() *paymentsv1.Payment {
	return &paymentsv1.Payment{
		Reference: "PAY-20260617-0B25921FB72918ED", Kind: "payment", MerchantId: "m_1", AmountCents: 2999, Currency: "EUR",
		Status: "completed", Sequence: 3, MerchantReference: "ORDER-1042",
	}
}

func (f *fixture) changed(eventType string, p *paymentsv1.Payment) events.Event {
	return f.event(eventType, &eventsv1.PaymentChanged{Payment: p, OccurredAt: timestamppb.New(f.clock.Now())})
}

func (f *fixture) event(eventType string, c *eventsv1.PaymentChanged) events.Event {
	f.t.Helper()
	data, err := proto.Marshal(c)
	if err != nil {
		f.t.Fatal(err)
	}
	return events.Event{
		ID: events.NewID(), Type: eventType, Source: "payments", Merchant: c.GetPayment().GetMerchantId(),
		Livemode: c.GetPayment().GetLivemode(), Time: f.clock.Now(), Data: data,
	}
}

func (f *fixture) publish(list ...events.Event) {
	f.t.Helper()
	for _, e := range list {
		if _, err := f.bus.JS.PublishMsg(context.Background(), e.Message(e.Subject())); err != nil {
			f.t.Fatal(err)
		}
	}
}

// eventually asks again and again until ok.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(time.Minute)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-deadline:
			t.Fatalf("never happened: %s", what)
		case <-tick.C:
		}
	}
}

func (f *fixture) deliveries() []*webhooksv1.Delivery {
	f.t.Helper()
	resp, err := f.api.ListDeliveries(context.Background(), &webhooksv1.ListDeliveriesRequest{MerchantId: "m_1", Limit: 100})
	if err != nil {
		f.t.Fatal(err)
	}
	return resp.GetDeliveries()
}

// settled waits until the only delivery has the status after n attempts, and returns it with its attempts.
func (f *fixture) settled(status string, n int32) *webhooksv1.Delivery {
	f.t.Helper()
	var d *webhooksv1.Delivery
	eventually(f.t, fmt.Sprintf("%s after %d attempts", status, n), func() bool {
		list := f.deliveries()
		if len(list) == 0 {
			return false
		}
		d = list[0]
		return d.GetStatus() == status && d.GetAttemptCount() == n
	})
	resp, err := f.api.GetDelivery(context.Background(), &webhooksv1.GetDeliveryRequest{MerchantId: "m_1", Id: d.GetId()})
	if err != nil {
		f.t.Fatal(err)
	}
	return resp.GetDelivery()
}

func (f *fixture) rotate(id string, overlap int64) (secret string) {
	f.t.Helper()
	resp, err := f.api.RotateSecret(context.Background(), &webhooksv1.RotateSecretRequest{MerchantId: "m_1", Id: id, OverlapSeconds: overlap})
	if err != nil {
		f.t.Fatal(err)
	}
	return resp.GetSecret()
}

// testLog is silent unless EUPAY_TEST_LOG is set.
func testLog() *slog.Logger {
	if os.Getenv("EUPAY_TEST_LOG") == "" {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
}
