package push

import (
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/consume"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
)

func TestAPaymentReachesTheBrowser(t *testing.T) {
	t.Parallel()
	f := setup(t)
	b := newBrowser(t)
	id := f.subscribe("m_1", "u_1", b).GetId()
	f.publish(f.event("payment.completed", payment()))
	h := b.next(t)
	want := `{"type":"payment.completed","title":"Payment received","body":"€9.99 · ORDER-1042","tag":"PAY-20260617-0B25921FB72918ED",` +
		`"reference":"PAY-20260617-0B25921FB72918ED","amount":9.99,"currency":"EUR","url":"/portal/payments/PAY-20260617-0B25921FB72918ED"}`
	if h.text != want {
		t.Errorf("got  %s\nwant %s", h.text, want)
	}
	if h.header.Get("Ttl") != "3600" || h.header.Get("Urgency") != "high" {
		t.Errorf("TTL %q, urgency %q", h.header.Get("Ttl"), h.header.Get("Urgency"))
	}
	f.drained()
	if s := f.subscriptions("m_1", "u_1"); len(s) != 1 || s[0].GetId() != id || !s[0].GetLastDeliveredAt().AsTime().Equal(f.clock.Now()) {
		t.Errorf("subscriptions %v", s)
	}
}

func TestARefundReachesTheBrowser(t *testing.T) {
	t.Parallel()
	f := setup(t)
	b := newBrowser(t)
	f.subscribe("m_1", "u_1", b)
	p := payment()
	p.AmountCents, p.Status, p.MerchantReference = 200_000, "refunded", ""
	f.publish(f.event("payment.refunded", p, func(c *eventsv1.PaymentChanged) {
		c.RefundReference, c.RefundAmountCents = "REF-20260617-1", 123_450
	}))
	want := `{"type":"payment.refunded","title":"Refund sent","body":"€1,234.50 · PAY-20260617-0B25921FB72918ED","tag":"REF-20260617-1",` +
		`"reference":"REF-20260617-1","amount":1234.5,"currency":"EUR","url":"/portal/payments/PAY-20260617-0B25921FB72918ED"}`
	if h := b.next(t); h.text != want {
		t.Errorf("got  %s\nwant %s", h.text, want)
	}
	f.drained()
}

// An observer must not be able to distinguish a large payment from a small one.
func TestMessagesHaveOneLength(t *testing.T) {
	t.Parallel()
	f := setup(t)
	b := newBrowser(t)
	f.subscribe("m_1", "u_1", b)
	long := payment()
	long.AmountCents, long.MerchantReference = 99_999_999_99, strings.Repeat("\x01", 5000) // as long as JSON can make it
	f.publish(f.event("payment.completed", payment()), f.event("payment.completed", long))
	first, second := b.next(t), b.next(t)
	if first.length != second.length || first.length != 4096 || len(first.text) == len(second.text) {
		t.Errorf("%d and %d bytes", first.length, second.length)
	}
	f.drained()
}

func TestEachEventIsPushedOnce(t *testing.T) {
	t.Parallel()
	f := setup(t)
	b := newBrowser(t)
	f.subscribe("m_1", "u_1", b)
	first, second := f.event("payment.completed", payment()), f.event("payment.completed", payment())
	f.publish(first, second)
	b.next(t)
	b.next(t)
	f.drained()
	plain, again := first.Message("eupay.replay.push.evt.test.payment.completed.m_1"), second.Message("eupay.replay.push.evt.test.payment.completed.m_1")
	again.Header.Set(consume.HeaderRedeliver, "1")
	if _, err := f.bus.JS.PublishMsg(t.Context(), plain); err != nil {
		t.Fatal(err)
	}
	if _, err := f.bus.JS.PublishMsg(t.Context(), again); err != nil {
		t.Fatal(err)
	}
	replays, err := f.bus.JS.Stream(t.Context(), bus.Replay)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the replay is done", func() bool {
		info, err := replays.Info(t.Context())
		return err == nil && info.State.Msgs == 0
	})
	f.drained()
	b.silent(t)
}

func TestMerchantsAndModesStayApart(t *testing.T) {
	t.Parallel()
	f := setup(t)
	mine, other, live := newBrowser(t), newBrowser(t), newBrowser(t)
	f.subscribe("m_1", "u_1", mine)
	f.subscribe("m_2", "u_1", other) // the same user name at another merchant
	r := request("m_1", "u_1", live)
	r.Livemode = true
	if _, err := f.Server.Subscribe(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	lived := payment()
	lived.Livemode, lived.MerchantReference = true, "LIVE"
	f.publish(f.event("payment.completed", payment()), f.event("payment.completed", lived))
	if h := mine.next(t); !strings.Contains(h.text, "ORDER-1042") {
		t.Errorf("test mode got %s", h.text)
	}
	if h := live.next(t); !strings.Contains(h.text, "LIVE") {
		t.Errorf("live mode got %s", h.text)
	}
	f.drained()
	for _, b := range []*browser{mine, other, live} {
		b.silent(t)
	}
}

func TestOldAndOtherEventsAreNotPushed(t *testing.T) {
	t.Parallel()
	f := setup(t)
	b := newBrowser(t)
	f.subscribe("m_1", "u_1", b)
	old, other := f.event("payment.completed", payment()), f.event("payment.cancelled", payment())
	f.clock.Advance(time.Hour + time.Second)
	p := payment()
	p.MerchantReference = "NEW"
	f.publish(old, other, f.event("payment.completed", p))
	if h := b.next(t); !strings.Contains(h.text, "NEW") {
		t.Errorf("got %s", h.text)
	}
	f.handled(2) // payment.cancelled is not even read
	f.drained()
	b.silent(t)
}

func TestAnHourIsTheLimit(t *testing.T) {
	t.Parallel()
	f := prepare(t, true)
	f.subscribe("m_1", "u_1", newBrowser(t))
	e := consume.Event{Event: f.event("payment.completed", payment())}
	f.clock.Advance(time.Hour)
	f.handle(e)
	if n := f.messages(); n != 0 {
		t.Errorf("%d messages of an event of an hour ago", n)
	}
	f.clock.Advance(-time.Second)
	f.handle(e)
	if n := f.messages(); n != 1 {
		t.Errorf("%d messages of an event within the hour", n)
	}
}

func TestAnInvalidEventGoesToTheDeadLetters(t *testing.T) {
	t.Parallel()
	f := setup(t)
	b := newBrowser(t)
	f.subscribe("m_2", "u_1", b)
	foreign, garbage := f.event("payment.completed", payment()), f.event("payment.completed", payment())
	foreign.Merchant, garbage.Data = "m_2", []byte("\xff\xff")
	f.publish(foreign, garbage)
	dead, err := f.bus.JS.Stream(t.Context(), bus.DeadLetter)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "two dead letters", func() bool {
		info, err := dead.Info(t.Context(), jetstream.WithSubjectFilter("eupay.dlq.push.>"))
		return err == nil && info.State.Msgs == 2
	})
	b.silent(t)
}
