package webhooks

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/consume"
	"european-pay.eu/eupay/internal/run/events"
	webhooksv1 "european-pay.eu/eupay/proto/eupay/webhooks/v1"
)

func TestAReopenedDeliveryRunsTheWholeScheduleAgain(t *testing.T) {
	t.Parallel()
	f := setup(t)
	s := newSwitched(t, http.StatusInternalServerError)
	f.endpoint(s.URL)
	f.publish(f.completed(1))
	for i := range 5 {
		s.next(t)
		f.idle()
		f.clock.Advance(f.cfg.Schedule[min(i+1, 4)])
		f.engine.Wake()
	}
	d := f.settled("exhausted", 5)
	if n, err := f.engine.Reopen(t.Context(), []string{d.GetId()}); n != 1 || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	s.next(t)
	d = f.settled("pending", 6)
	if due := f.clock.Now().Add(5 * time.Second); !d.GetNextAttemptAt().AsTime().Equal(due) || d.GetAttempts()[5].GetNumber() != 6 {
		t.Errorf("after the resend: %v", d)
	}
	if err := f.engine.DeliverNow(t.Context(), d.GetId()); err != nil {
		t.Fatal(err)
	}
	s.next(t)
	if n, err := f.engine.Reopen(t.Context(), []string{f.settled("pending", 7).GetId()}); n != 0 || err != nil {
		t.Errorf("an open delivery was opened again: %d, %v", n, err)
	}
}

func TestAnOperatorsRedeliveryComesUnderTheSameID(t *testing.T) {
	t.Parallel()
	f := setup(t)
	s := newSwitched(t, http.StatusOK)
	f.endpoint(s.URL)
	e := f.changed("payment.completed", payment())
	f.publish(e)
	first := s.next(t)
	f.settled("delivered", 1)
	for i := range 2 {
		replay := e.Message("eupay.replay.webhooks.test.payment.completed.m_1")
		replay.Header.Set("Nats-Msg-Id", fmt.Sprintf("replay %d", i))
		replay.Header.Set(consume.HeaderRedeliver, "true")
		if _, err := f.bus.JS.PublishMsg(t.Context(), replay); err != nil {
			t.Fatal(err)
		}
		again := s.next(t)
		if again.header.Get("webhook-id") != first.header.Get("webhook-id") || string(again.body) != string(first.body) {
			t.Errorf("sent again as %v %s", again.header, again.body)
		}
		f.settled("delivered", int32(i+2))
	}
	eventually(t, "the replays are done", func() bool {
		stream, err := f.bus.JS.Stream(t.Context(), bus.Replay)
		if err != nil {
			return false
		}
		info, err := stream.Info(t.Context())
		return err == nil && info.State.Msgs == 0
	})
	if len(s.hits) != 0 {
		t.Error("sent more often than asked for")
	}
}

func TestATestEventIsSentOnceWhateverTheHealth(t *testing.T) {
	t.Parallel()
	f := setup(t)
	s := newSwitched(t, http.StatusGone)
	id, secret := f.endpoint(s.URL)
	f.publish(f.completed(1)) // disables it
	eventually(t, "disabled", func() bool {
		resp, err := f.api.GetEndpoint(t.Context(), &webhooksv1.GetEndpointRequest{MerchantId: "m_1", Id: id})
		return err == nil && !resp.GetEndpoint().GetEnabled()
	})
	s.next(t)
	for _, code := range []int32{http.StatusGone, http.StatusOK} {
		s.code.Store(code)
		if _, err := f.engine.Test(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		h := s.next(t)
		if h.header.Get("X-EuPay-Event") != "webhook_endpoint.test" || standard(h, secret, f.clock.Now()) != nil {
			t.Errorf("test event: %v %s", h.header, h.body)
		}
	}
	eventually(t, "one failed, one delivered", func() bool { c := f.counts(); return c["exhausted"] == 2 && c["delivered"] == 1 })
	f.isDisabled(id, "gone")
	if _, err := f.engine.Test(t.Context(), events.NewID()); err == nil {
		t.Error("a test of an unknown endpoint is accepted")
	}
}

func TestOldDeliveriesAreDeleted(t *testing.T) {
	t.Parallel()
	f := setup(t)
	s := newSwitched(t, http.StatusOK)
	f.endpoint(s.URL)
	f.publish(f.completed(1))
	f.settled("delivered", 1)
	if n, err := f.engine.PurgeNow(t.Context()); n != 0 || err != nil {
		t.Fatalf("%d purged, %v", n, err)
	}
	f.clock.Advance(50 * 365 * 24 * time.Hour)
	if n, err := f.engine.PurgeNow(t.Context()); n != 1 || err != nil {
		t.Fatalf("%d purged, %v", n, err)
	}
	var left int
	err := f.core.Pool.QueryRow(t.Context(), `select (select count(*) from attempts) + (select count(*) from deliveries)`).Scan(&left)
	if err != nil || left != 0 {
		t.Errorf("%d rows left, %v", left, err)
	}
}
