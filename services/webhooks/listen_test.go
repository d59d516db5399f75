package webhooks

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/grpc"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/identity"
	"european-pay.eu/eupay/internal/kit/identitytest"
	"european-pay.eu/eupay/internal/run/boot"
	"european-pay.eu/eupay/internal/run/bus"
	webhooksv1 "european-pay.eu/eupay/proto/eupay/webhooks/v1"
	"european-pay.eu/eupay/sdk/go/webhook"
)

func (f *fixture) listenClient(t testing.TB) webhooksv1.ListenServiceClient {
	t.Helper()
	conn, err := boot.Dial(identitytest.Load(t, identity.Gateway), identity.Webhooks, f.GRPCAddr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return webhooksv1.NewListenServiceClient(conn)
}

// listener is an open stream.
type listener struct {
	t      testing.TB
	stream grpc.ServerStreamingClient[webhooksv1.ListenResponse]
	leave  func()
	cursor string
}

// openListener opens a stream and returns once it is open.
func openListener(t testing.TB, c webhooksv1.ListenServiceClient, r *webhooksv1.ListenRequest) *listener {
	t.Helper()
	l, err := tryListen(t, c, r)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func tryListen(t testing.TB, c webhooksv1.ListenServiceClient, r *webhooksv1.ListenRequest) (*listener, error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	stream, err := c.Listen(ctx, r)
	if err != nil {
		return nil, err
	}
	md, err := stream.Header()
	if err != nil {
		return nil, err
	}
	if at := md.Get("eupay-cursor"); len(at) == 1 {
		return &listener{t, stream, cancel, at[0]}, nil
	}
	_, err = stream.Recv()
	return nil, err
}

func (l *listener) next() *webhooksv1.ListenResponse {
	l.t.Helper()
	resp, err := l.stream.Recv()
	if err != nil {
		l.t.Fatal(err)
	}
	return resp
}

func header(r *webhooksv1.ListenResponse) http.Header {
	h := make(http.Header)
	for name, value := range r.GetHeaders() {
		h.Set(name, value)
	}
	return h
}

func TestAListenerGetsWhatAnEndpointWouldGet(t *testing.T) {
	f := setup(t)
	hooks := newSink(t, status(http.StatusOK))
	f.endpoint(hooks.URL)
	c := f.listenClient(t)
	made, err := c.GetListenSecret(t.Context(), &webhooksv1.GetListenSecretRequest{MerchantId: "m_1"})
	if err != nil {
		t.Fatal(err)
	}
	l := openListener(t, c, &webhooksv1.ListenRequest{MerchantId: "m_1"})
	e := f.changed("payment.completed", payment())
	f.publish(e)
	got, endpoint := l.next(), hooks.next(t)
	if string(got.GetBody()) != string(endpoint.body) {
		t.Errorf("the listener's body is %s\nthe endpoint's       %s", got.GetBody(), endpoint.body)
	}
	h := header(got)
	for _, name := range []string{"Content-Type", "User-Agent", "X-EuPay-Event", "webhook-id", "webhook-timestamp"} {
		if h.Get(name) == "" || h.Get(name) != endpoint.header.Get(name) {
			t.Errorf("%s is %q, at the endpoint %q", name, h.Get(name), endpoint.header.Get(name))
		}
	}
	if err := errors.Join(webhook.EuPay(made.GetSecret(), got.GetBody(), h.Get("X-EuPay-Signature")),
		webhook.Standard(made.GetSecret(), h.Get("webhook-id"), h.Get("webhook-timestamp"), h.Get("webhook-signature"), got.GetBody(), f.clock.Now(), time.Minute)); err != nil {
		t.Errorf("the signature is wrong: %v", err)
	}
	if got.GetEventId() != e.ID || got.GetEventType() != "payment.completed" || got.GetReference() != payment().GetReference() || got.GetCursor() == 0 {
		t.Errorf("got %v", got)
	}
	if n := len(f.deliveries()); n != 1 {
		t.Errorf("%d deliveries are recorded, want the endpoint's alone", n)
	}
}

func TestListenSecretsAreStableAndOfOneMerchant(t *testing.T) {
	f := setup(t)
	secret := func(merchant string) string {
		r, err := f.listenClient(t).GetListenSecret(t.Context(), &webhooksv1.GetListenSecretRequest{MerchantId: merchant})
		if err != nil {
			t.Fatal(err)
		}
		return r.GetSecret()
	}
	mine, other := secret("m_1"), secret("m_2")
	if key, err := webhook.Key(mine); err != nil || len(key) != 32 || mine == other {
		t.Errorf("%q and %q, %v", mine, other, err)
	}
	f.stop()
	f.start()
	if again := secret("m_1"); again != mine {
		t.Error("the secret changed with a restart")
	}
}

func TestAListenerReceivesOnlyItsOwnTestEvents(t *testing.T) {
	f := setup(t)
	all := openListener(t, f.listenClient(t), &webhooksv1.ListenRequest{MerchantId: "m_1", EventTypes: []string{"*"}})
	usual := openListener(t, f.listenClient(t), &webhooksv1.ListenRequest{MerchantId: "m_1"})
	live, foreign, last := payment(), payment(), payment()
	live.Livemode, foreign.MerchantId, last.Reference = true, "m_2", "PAY-LAST"
	// One whose payload is another merchant's and that calls itself mine.
	forged := f.changed("payment.completed", foreign)
	forged.Merchant = "m_1"
	unknown := f.changed("payment.completed", payment())
	unknown.Type = "merchant.changed"
	created, cancelled := f.changed("payment.created", payment()), f.changed("payment.cancelled", payment())
	f.publish(f.changed("payment.completed", live), f.changed("payment.completed", foreign), forged, unknown, created, cancelled,
		f.changed("payment.completed", last))
	for i, want := range []string{"payment.created", "payment.cancelled", "payment.completed"} {
		if got := all.next(); got.GetEventType() != want {
			t.Errorf("event %d is %v, want %s", i, got, want)
		}
	}
	if got := usual.next(); got.GetEventType() != "payment.failed" || got.GetEventId() != cancelled.ID || !strings.Contains(string(got.GetBody()), `"event":"payment.failed"`) {
		t.Errorf("a cancelled payment is announced as %v", got)
	}
	if got := usual.next(); got.GetReference() != "PAY-LAST" {
		t.Errorf("got %v", got)
	}
}

func TestAListenerContinuesAfterItsCursor(t *testing.T) {
	f := setup(t)
	c := f.listenClient(t)
	before := f.changed("payment.completed", payment())
	f.publish(before)
	l := openListener(t, c, &webhooksv1.ListenRequest{MerchantId: "m_1"})
	first, second := f.changed("payment.completed", payment()), f.changed("payment.refunded", payment())
	f.publish(first)
	got := l.next()
	if got.GetEventId() != first.ID {
		t.Errorf("a new listener begins with %v", got)
	}
	l.leave()
	f.publish(second)
	f.stop()
	f.start()
	again := openListener(t, f.listenClient(t), &webhooksv1.ListenRequest{MerchantId: "m_1", AfterCursor: got.GetCursor()})
	if missed := again.next(); missed.GetEventId() != second.ID {
		t.Errorf("after the cursor comes %v", missed)
	}
	// A cursor that the stream never had, as of another system, is from now on.
	third := f.changed("payment.failed", payment())
	wrong := openListener(t, f.listenClient(t), &webhooksv1.ListenRequest{MerchantId: "m_1", AfterCursor: 1<<64 - 1})
	f.publish(third)
	if fresh := wrong.next(); fresh.GetEventId() != third.ID {
		t.Errorf("after a wrong cursor comes %v", fresh)
	}
}

func TestListenersAreBoundedForEachMerchant(t *testing.T) {
	f := setup(t)
	c := f.listenClient(t)
	var open []*listener
	for range 5 {
		open = append(open, openListener(t, c, &webhooksv1.ListenRequest{MerchantId: "m_1"}))
	}
	if _, err := tryListen(t, c, &webhooksv1.ListenRequest{MerchantId: "m_1"}); !errs.Is(err, errs.RateLimitExceeded) || errs.From(err).RetryAfter <= 0 {
		t.Errorf("the sixth gets %v", err)
	}
	openListener(t, c, &webhooksv1.ListenRequest{MerchantId: "m_2"})
	open[0].leave()
	eventually(t, "a listener's place is free again", func() bool {
		_, err := tryListen(t, c, &webhooksv1.ListenRequest{MerchantId: "m_1"})
		return err == nil
	})
}

func TestListenersThatCannotBeAreRefused(t *testing.T) {
	f := setup(t)
	c := f.listenClient(t)
	for _, merchant := range []string{"", "*", ">", "m.1", "m 1", "m_1\x00", strings.Repeat("m", 101)} {
		if _, err := tryListen(t, c, &webhooksv1.ListenRequest{MerchantId: merchant}); !errs.Is(err, errs.ValidationError) {
			t.Errorf("merchant %q: %v", merchant, err)
		}
		if _, err := c.GetListenSecret(t.Context(), &webhooksv1.GetListenSecretRequest{MerchantId: merchant}); !errs.Is(err, errs.ValidationError) {
			t.Errorf("the secret of %q: %v", merchant, err)
		}
	}
	if _, err := tryListen(t, c, &webhooksv1.ListenRequest{MerchantId: "m_1", EventTypes: []string{"payment.nonsense"}}); !errs.Is(err, errs.ValidationError) {
		t.Errorf("an unknown type: %v", err)
	}
}

func TestTheServiceStopsWithListenersOpen(t *testing.T) {
	f := setup(t)
	f.stop()
	f.cfg.Grace = time.Hour // a stop that waited for the listener would take it
	f.start()
	l := openListener(t, f.listenClient(t), &webhooksv1.ListenRequest{MerchantId: "m_1"})
	f.stop()
	if _, err := l.stream.Recv(); !errs.Is(err, errs.Unavailable) {
		t.Errorf("the listener is told %v", err)
	}
}

func TestAListenerLeavesNoConsumerBehind(t *testing.T) {
	f := setup(t)
	stream, err := f.bus.JS.Stream(t.Context(), bus.Events)
	if err != nil {
		t.Fatal(err)
	}
	// The service's own consumer may not be there yet.
	count := func() (n int) {
		for name := range stream.ConsumerNames(t.Context()).Name() {
			if name != "webhooks" {
				n++
			}
		}
		return n
	}
	l := openListener(t, f.listenClient(t), &webhooksv1.ListenRequest{MerchantId: "m_1"})
	if n := count(); n != 1 {
		t.Errorf("%d consumers with a listener", n)
	}
	l.leave()
	eventually(t, "the consumer is removed", func() bool { return count() == 0 })
}

func TestALostConsumerEndsTheStreamAndLosesNothing(t *testing.T) {
	f := setup(t)
	c := f.listenClient(t)
	l := openListener(t, c, &webhooksv1.ListenRequest{MerchantId: "m_1"})
	first, second := f.changed("payment.completed", payment()), f.changed("payment.refunded", payment())
	f.publish(first)
	cursor := l.next().GetCursor()
	stream, err := f.bus.JS.Stream(t.Context(), bus.Events)
	if err != nil {
		t.Fatal(err)
	}
	for name := range stream.ConsumerNames(t.Context()).Name() {
		if name == "webhooks" {
			continue
		}
		if err := stream.DeleteConsumer(t.Context(), name); err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
			t.Fatal(err)
		}
	}
	f.publish(second)
	if _, err := l.stream.Recv(); !errs.Is(err, errs.Unavailable) || errors.Is(err, io.EOF) {
		t.Errorf("the listener is told %v", err)
	}
	again := openListener(t, c, &webhooksv1.ListenRequest{MerchantId: "m_1", AfterCursor: cursor})
	if got := again.next(); got.GetEventId() != second.ID {
		t.Errorf("then comes %v", got)
	}
}

func TestAListenerCanBeginWithTheLatestEvent(t *testing.T) {
	f := setup(t)
	c := f.listenClient(t)
	older, newest := f.completed(1), f.completed(2)
	failed := payment()
	failed.Status = "failed"
	f.publish(older, newest, f.changed("payment.created", payment())) // the last one is not asked for
	l := openListener(t, c, &webhooksv1.ListenRequest{MerchantId: "m_1", Latest: true})
	if got := l.next(); got.GetEventId() != newest.ID {
		t.Errorf("it begins with %s", got.GetBody())
	}
	next := f.changed("payment.failed", failed)
	f.publish(next)
	if got := l.next(); got.GetEventId() != next.ID {
		t.Errorf("it goes on with %s", got.GetBody())
	}
	quiet := openListener(t, c, &webhooksv1.ListenRequest{MerchantId: "m_1", Latest: true, EventTypes: []string{"order.ready"}})
	if quiet.cursor == "0" {
		t.Error("without such an event it begins with the first of all")
	}
	if _, err := tryListen(t, c, &webhooksv1.ListenRequest{MerchantId: "m_1", Latest: true, AfterCursor: 1}); fields(err) != "latest" {
		t.Errorf("latest and a cursor: %v", err)
	}
}
