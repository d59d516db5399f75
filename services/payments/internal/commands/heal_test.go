package commands

import (
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/command"
)

// After the consumer of commands was lost, with its stream or alone, every new payment was answered 503 until a restart.
func TestALostConsumerOfCommandsComesBack(t *testing.T) {
	b := setup(t)
	b.send(command.CreatePayment, order(1))
	if err := b.bus.JS.DeleteConsumer(t.Context(), bus.Commands, durable); err != nil {
		t.Fatal(err)
	}
	b.send(command.CreatePayment, order(2)) // kept by the stream meanwhile
	if err := b.bus.JS.DeleteStream(t.Context(), bus.Commands); err != nil {
		t.Fatal(err)
	}
	b.until("the stream and its consumer are back", func() bool {
		_, err := b.bus.JS.Consumer(t.Context(), bus.Commands, durable)
		return err == nil
	})
	b.send(command.CreatePayment, order(3))
}

// TestAnUnknownCommandIsParked: in the work queue it stayed unnoticed until it was too old.
func TestAnUnknownCommandIsParked(t *testing.T) {
	b := setup(t)
	m := nats.NewMsg("eupay.cmd.refunds.create")
	m.Data = []byte("body")
	m.Header.Set("ce-id", "the id")
	if _, err := b.bus.JS.PublishMsg(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	cons, err := b.bus.JS.CreateOrUpdateConsumer(t.Context(), bus.DeadLetter, jetstream.ConsumerConfig{AckPolicy: jetstream.AckNonePolicy})
	if err != nil {
		t.Fatal(err)
	}
	dead, err := cons.Next(jetstream.FetchMaxWait(10 * time.Second))
	if err != nil {
		t.Fatal(err)
	}
	if dead.Subject() != "eupay.dlq.payments.cmd.refunds.create" || string(dead.Data()) != "body" || dead.Headers().Get("ce-id") != "the id" {
		t.Errorf("parked on %s: %v", dead.Subject(), dead.Headers())
	}
	b.until("the queue is empty", func() bool {
		s, err := b.bus.JS.Stream(t.Context(), bus.Commands)
		return err == nil && s.CachedInfo().State.Msgs == 0
	})
}
