package main

import (
	"strings"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/events"
)

// TestAConsumerWithLanesIsFoundByItsName: its durables have other names, and former lanes have left rows that nobody has to lead.
func TestAConsumerWithLanesIsFoundByItsName(t *testing.T) {
	b := broker(t)
	for _, name := range append(events.Durables("webhooks", 2), "webhooks") {
		stream, filter := bus.Events, "eupay.evt.*.payment.>"
		if name == "webhooks" {
			stream, filter = bus.Replay, "eupay.replay.webhooks.>"
		}
		cfg := jetstream.ConsumerConfig{Durable: name, FilterSubject: filter, AckPolicy: jetstream.AckExplicitPolicy}
		if _, err := b.JS.CreateConsumer(t.Context(), stream, cfg); err != nil {
			t.Fatal(err)
		}
	}
	sick(t, `insert into leadership values ('consume webhooks', '2 lanes', 4, now() + interval '4 seconds'),
		('consume webhooks 1/2', 'node-1/7/x', 1, now() + interval '4 seconds'), ('consume webhooks 3/4', 'gone', 1, now() - interval '2 minutes'),
		('consume webhooks asked for', 'gone', 1, now() - interval '2 minutes')`)
	emit(t, b, "payment.completed", "m_1")
	contains(t, ok(t, "replay", "--consumer", "webhooks", "--since", "1h"), "1 ")
	for _, said := range []string{ok(t, "leaders"), eupayctl(t, "doctor").out} {
		for _, wrong := range []string{"3/4", "asked for", "consumer webhooks on EUPAY_EVENTS is missing"} {
			if strings.Contains(said, wrong) {
				t.Errorf("%q is in:\n%s", wrong, said)
			}
		}
	}
	contains(t, ok(t, "leaders"), "consume webhooks 1/2")
}
