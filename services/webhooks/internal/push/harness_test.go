package push

import (
	"bytes"
	"context"
	"encoding/base64"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/kit/natstest"
	"european-pay.eu/eupay/internal/kit/pgtest"
	"european-pay.eu/eupay/internal/kit/testclock"
	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/events"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	webhooksv1 "european-pay.eu/eupay/proto/eupay/webhooks/v1"
	"european-pay.eu/eupay/services/webhooks/internal/egress"
	"european-pay.eu/eupay/services/webhooks/internal/endpoint"
	"european-pay.eu/eupay/services/webhooks/internal/secret"
	"european-pay.eu/eupay/services/webhooks/migrations"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The key pair of the example in RFC 8292 section 2.4 has no published private part; this is the application server's
// of RFC 8291 appendix A.
const (
	private = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
	public  = "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8"
	subject = "mailto:ops@example.com"
)

type fixture struct {
	*Push
	t     *testing.T
	bus   *bus.Bus
	pool  *pgxpool.Pool
	clock *testclock.Clock
	deps  Deps
	logs  *bytes.Buffer
	stop  func()
}

// prepare makes everything but does not run it.
func prepare(t *testing.T, allowLoopback bool) *fixture {
	t.Helper()
	pool, _ := pgtest.New(t, "webhooks", migrations.Files)
	b := natstest.New(t)
	vault, err := secret.NewVault(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	key, err := NewKey(private, subject)
	if err != nil {
		t.Fatal(err)
	}
	guard := egress.NewGuard(allowLoopback)
	f := &fixture{t: t, bus: b, pool: pool, clock: testclock.New(time.Date(2026, 6, 17, 12, 25, 30, 0, time.UTC)), logs: &bytes.Buffer{}}
	f.deps = Deps{
		Pool: pool, Bus: b, Vault: vault, Key: key, Guard: guard, Now: f.clock.Now, Log: slog.New(slog.NewTextHandler(f.logs, nil)),
		Rules: endpoint.Rules{Refused: guard.Refused, RefusedPort: guard.RefusedPort},
	}
	f.Push = New(f.deps)
	t.Cleanup(func() { f.client.Close() })
	return f
}

func setup(t *testing.T) *fixture {
	t.Helper()
	f := prepare(t, true)
	f.run()
	return f
}

// run starts it; stop ends it.
func (f *fixture) run() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	p := f.Push
	go func() { done <- p.Run(ctx) }()
	f.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			f.t.Errorf("run: %v", err)
		}
	})
	f.t.Cleanup(f.stop)
}

// subscribe registers a browser for the merchant's user in test mode.
func (f *fixture) subscribe(merchant, user string, b *browser) *webhooksv1.PushSubscription {
	f.t.Helper()
	resp, err := f.Server.Subscribe(context.Background(), request(merchant, user, b))
	if err != nil {
		f.t.Fatal(err)
	}
	return resp.GetSubscription()
}

func request(merchant, user string, b *browser) *webhooksv1.SubscribeRequest {
	return &webhooksv1.SubscribeRequest{
		MerchantId: merchant, UserId: user, Endpoint: b.endpoint(), P256Dh: b.p256dh(), Auth: b64.EncodeToString(b.auth), Description: "Till",
	}
}

func (f *fixture) subscriptions(merchant, user string) []*webhooksv1.PushSubscription {
	f.t.Helper()
	resp, err := f.Server.ListSubscriptions(context.Background(), &webhooksv1.ListSubscriptionsRequest{MerchantId: merchant, UserId: user})
	if err != nil {
		f.t.Fatal(err)
	}
	return resp.GetSubscriptions()
}

func payment() *paymentsv1.Payment {
	return &paymentsv1.Payment{
		Reference: "PAY-20260617-0B25921FB72918ED", Kind: "payment", MerchantId: "m_1", AmountCents: 999, Currency: "EUR",
		Status: "completed", Sequence: 3, MerchantReference: "ORDER-1042",
	}
}

func (f *fixture) event(eventType string, p *paymentsv1.Payment, change ...func(*eventsv1.PaymentChanged)) events.Event {
	f.t.Helper()
	c := &eventsv1.PaymentChanged{Payment: p, OccurredAt: timestamppb.New(f.clock.Now())}
	for _, apply := range change {
		apply(c)
	}
	data, err := proto.Marshal(c)
	if err != nil {
		f.t.Fatal(err)
	}
	return events.Event{
		ID: events.NewID(), Type: eventType, Source: "payments", Merchant: p.GetMerchantId(), Livemode: p.GetLivemode(),
		Time: f.clock.Now(), Data: data,
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

// handled waits until the consumer has applied so many events.
func (f *fixture) handled(n int) {
	f.t.Helper()
	eventually(f.t, "the events are applied", func() bool { return f.count(`select count(*) from inbox where consumer = 'push'`) == n })
}

func (f *fixture) messages() int { return f.count(`select count(*) from push_messages`) }

func (f *fixture) count(sql string) int {
	f.t.Helper()
	var n int
	if err := f.pool.QueryRow(context.Background(), sql).Scan(&n); err != nil {
		f.t.Fatal(err)
	}
	return n
}

// drained waits until no message is left to send.
func (f *fixture) drained() {
	f.t.Helper()
	eventually(f.t, "no message is left", func() bool { return f.messages() == 0 })
}

func eventually(t *testing.T, what string, ok func() bool) {
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
