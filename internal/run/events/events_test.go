package events

import (
	"reflect"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
)

func TestAnEventSurvivesEncoding(t *testing.T) {
	e := Event{
		ID: NewID(), Type: "payment.completed", Source: "payments", Merchant: "m-1", Livemode: true,
		Time: time.Date(2026, 6, 17, 12, 25, 30, 123000, time.UTC), Trace: "00-aa-bb-01", RequestID: "r", Data: []byte("x"),
	}
	if got := e.Subject(); got != "eupay.evt.live.payment.completed.m-1" {
		t.Errorf("subject %s", got)
	}
	for _, subject := range []string{e.Subject(), "eupay.replay.webhooks.live.payment.completed.m-1"} {
		m := e.Message(subject)
		if m.Header.Get(nats.MsgIdHdr) != e.ID {
			t.Error("the broker cannot drop repeats without the message id")
		}
		got, err := Parse(m.Subject, m.Header, m.Data)
		if err != nil || !reflect.DeepEqual(got, e) {
			t.Errorf("on %s: %+v, %v", subject, got, err)
		}
	}
}

func TestATypeOfThreeWordsHasTwoInItsSubject(t *testing.T) {
	t.Parallel()
	e := Event{ID: NewID(), Type: "subscription.occurrence.paid", Merchant: "m", Livemode: true, Time: time.Now()}
	if got := e.Subject(); got != "eupay.evt.live.subscription.occurrence_paid.m" {
		t.Fatal(got)
	}
	m := e.Message(e.Subject())
	back, err := Parse(m.Subject, m.Header, m.Data)
	if err != nil || back.Type != e.Type || back.Merchant != "m" || !back.Livemode {
		t.Errorf("%+v, %v", back, err)
	}
}

func TestAMessageWithoutAnEnvelopeIsRefused(t *testing.T) {
	good := Event{ID: NewID(), Type: "payment.completed", Merchant: "m", Time: time.Now()}
	for _, broken := range []string{HeaderID, HeaderType, HeaderTime} {
		m := good.Message(good.Subject())
		m.Header.Del(broken)
		if _, err := Parse(m.Subject, m.Header, m.Data); err == nil {
			t.Errorf("accepted without %s", broken)
		}
	}
	m := good.Message("eupay.evt.live")
	if _, err := Parse(m.Subject, m.Header, m.Data); err == nil {
		t.Error("accepted a subject without a merchant")
	}
}
