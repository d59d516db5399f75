package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"european-pay.eu/eupay/internal/run/bus"
)

func TestStatusFailsWhenAConsumerLagsTooFar(t *testing.T) {
	b := broker(t)
	consumers(t, b)
	emit(t, b, "payment.completed", "m_1")
	emit(t, b, "payment.failed", "m_2")
	contains(t, ok(t, "streams", "status", "--max-lag", "2"), "EUPAY_DLQ", "90d", "slow", "ACK PENDING")
	got := eupayctl(t, "streams", "status", "--max-lag", "1", "-o", "json")
	if got.code != exitFailed || !strings.Contains(got.err, "slow on EUPAY_EVENTS (2)") {
		t.Errorf("%+v", got)
	}
	seen := 0
	for text := range strings.Lines(got.out) {
		var s streamView
		if err := json.Unmarshal([]byte(text), &s); err != nil {
			t.Fatal(err)
		}
		if s.Stream == bus.Events && (s.Messages != 2 || s.MaxAge != 90*24*3600 || len(s.Consumers) != len(ofEvents)+1 || lagOf(s, "slow") != 2) {
			t.Errorf("got %+v", s)
		}
		seen++
	}
	if seen != 4 {
		t.Errorf("%d streams", seen)
	}
}

func lagOf(s streamView, consumer string) uint64 {
	for _, c := range s.Consumers {
		if c.Consumer == consumer {
			return c.Lag
		}
	}
	return 0
}

// ofEvents are the consumers of events of all services.
var ofEvents = []string{"einvoice", "images", "links", "loyalty", "merchants", "notices", "occurrences", "orders", "settlement", "subscriptions", "webhooks"}

// consumers are those of all services. They have no messages, so that only the test's own lags.
func consumers(t *testing.T, b *bus.Bus) {
	t.Helper()
	for stream, names := range map[string][]string{
		bus.Commands: {"payments"}, bus.Events: ofEvents, bus.Replay: ofEvents,
	} {
		for _, name := range names {
			filter := map[string]string{bus.Commands: "eupay.cmd.>", bus.Events: "eupay.evt.none.>", bus.Replay: "eupay.replay." + name + ".>"}[stream]
			cfg := jetstream.ConsumerConfig{Durable: name, FilterSubject: filter, AckPolicy: jetstream.AckExplicitPolicy}
			if _, err := b.JS.CreateConsumer(t.Context(), stream, cfg); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestStatusReportsMissingStreamsAndConsumers: a missing consumer was simply not in the list.
func TestStatusReportsMissingStreamsAndConsumers(t *testing.T) {
	b := broker(t)
	consumers(t, b)
	ok(t, "streams", "status")
	if err := b.JS.DeleteConsumer(t.Context(), bus.Events, "webhooks"); err != nil {
		t.Fatal(err)
	}
	if got := eupayctl(t, "streams", "status"); got.code != exitFailed || !strings.Contains(got.err, "the consumer webhooks on EUPAY_EVENTS is missing") {
		t.Errorf("%+v", got)
	}
	t.Setenv("EUPAY_EVENT_AGE", "24h")
	if got := eupayctl(t, "streams", "status"); got.code != exitFailed ||
		!strings.Contains(got.err, "the stream EUPAY_EVENTS differs: max age: 2160h0m0s, the settings say 24h0m0s") {
		t.Errorf("%+v", got)
	}
}
