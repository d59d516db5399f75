package backlog_test

import (
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/kit/natstest"
	"european-pay.eu/eupay/internal/run/backlog"
	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/consume"
	"european-pay.eu/eupay/internal/run/events"
	operationsv1 "european-pay.eu/eupay/proto/eupay/operations/v1"
)

// park stores a message as a consumer that gave up does.
func park(t *testing.T, b *bus.Bus, consumer, subject string, header nats.Header) uint64 {
	t.Helper()
	m := nats.NewMsg("eupay.dlq." + consumer + "." + subject[len("eupay."):])
	for name, values := range header {
		m.Header[name] = values
	}
	m.Header.Set(consume.HeaderSubject, subject)
	m.Header.Set(consume.HeaderReason, "apply: no such thing")
	m.Data = []byte("data")
	ack, err := b.JS.PublishMsg(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	return ack.Sequence
}

func header(id string) nats.Header {
	h := nats.Header{}
	h.Set(events.HeaderID, id)
	h.Set(events.HeaderType, "payment.completed")
	h.Set(events.HeaderSource, "payments")
	h.Set(events.HeaderTime, "2026-06-17T12:00:00Z")
	return h
}

const subject = "eupay.evt.test.payment.completed.m"

func TestAServiceGivesBackWhatItsOwnConsumersParked(t *testing.T) {
	b := natstest.New(t)
	for _, stream := range []string{bus.Events, bus.Replay} {
		if _, err := b.JS.CreateConsumer(t.Context(), stream, jetstream.ConsumerConfig{Durable: "orders", AckPolicy: jetstream.AckExplicitPolicy}); err != nil {
			t.Fatal(err)
		}
	}
	mine, others := park(t, b, "orders", subject, header(events.NewID())), park(t, b, "webhooks", subject, header(events.NewID()))
	broken := park(t, b, "orders", subject, nats.Header{})
	command := park(t, b, "orders", "eupay.cmd.payments.create", nats.Header{})
	s := backlog.NewServer(b.JS, backlog.OfEvents("orders"))

	list, err := s.ListDeadLetters(t.Context(), &operationsv1.ListDeadLettersRequest{Limit: 10})
	if err != nil || len(list.GetDeadLetters()) != 3 || list.GetDeadLetters()[0].GetSequence() != mine || list.GetDeadLetters()[0].GetEventType() != "payment.completed" ||
		list.GetDeadLetters()[0].GetReason() != "apply: no such thing" || list.GetDeadLetters()[0].GetRefusal() != "" || list.GetDeadLetters()[1].GetRefusal() == "" {
		t.Fatalf("listed %v, %v", list, err)
	}
	for sequence, want := range map[uint64]errs.Code{others: errs.NotFoundCode, 9999: errs.NotFoundCode, broken: errs.InvalidState, command: errs.InvalidState} {
		if _, err := s.RequeueDeadLetter(t.Context(), &operationsv1.RequeueDeadLetterRequest{Sequence: sequence}); !errs.Is(err, want) {
			t.Errorf("#%d: %v, want %s", sequence, err, want)
		}
	}
	if _, err := s.RequeueDeadLetter(t.Context(), &operationsv1.RequeueDeadLetterRequest{Sequence: mine}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.RequeueDeadLetter(t.Context(), &operationsv1.RequeueDeadLetterRequest{Sequence: mine}); !errs.Is(err, errs.NotFoundCode) {
		t.Errorf("a second time: %v", err)
	}
	consumer, err := b.JS.Consumer(t.Context(), bus.Replay, "orders")
	if err != nil {
		t.Fatal(err)
	}
	m, err := consumer.Next(jetstream.FetchMaxWait(10 * time.Second))
	if err != nil || m.Subject() != "eupay.replay.orders.test.payment.completed.m" || string(m.Data()) != "data" || m.Headers().Get(consume.HeaderReason) != "" {
		t.Fatalf("given back: %v, %v", m, err)
	}
	all, err := s.ListConsumers(t.Context(), &operationsv1.ListConsumersRequest{})
	if err != nil || len(all.GetConsumers()) != 2 || all.GetConsumers()[1].GetUnacknowledged() != 1 {
		t.Errorf("consumers: %v, %v", all, err)
	}
	none, err := backlog.NewServer(b.JS, backlog.OfEvents("images")).ListConsumers(t.Context(), &operationsv1.ListConsumersRequest{})
	if err != nil || !none.GetConsumers()[0].GetMissing() {
		t.Errorf("a consumer that is not there: %v, %v", none, err)
	}
}
