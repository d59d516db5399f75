package main

import (
	"encoding/json"
	"strings"
	"testing"

	"european-pay.eu/eupay/internal/bus"
)

func TestStatusFailsWhenAConsumerLagsTooFar(t *testing.T) {
	b := broker(t)
	emit(t, b, "payment.completed", "m_1")
	emit(t, b, "payment.failed", "m_2")
	contains(t, ok(t, "streams", "status", "--max-lag", "2"), "EUPAY_DLQ", "90d", "slow", "ACK PENDING")
	got := eupayctl(t, "streams", "status", "--max-lag", "1", "-o", "json")
	if got.code != exitFailed || !strings.Contains(got.err, "more than 1 messages wait for slow on EUPAY_EVENTS (2)") {
		t.Errorf("%+v", got)
	}
	seen := 0
	for text := range strings.Lines(got.out) {
		var s streamView
		if err := json.Unmarshal([]byte(text), &s); err != nil {
			t.Fatal(err)
		}
		if s.Stream == bus.Events && (s.Messages != 2 || s.MaxAge != 90*24*3600 || len(s.Consumers) != 1 || s.Consumers[0].Lag != 2) {
			t.Errorf("got %+v", s)
		}
		seen++
	}
	if seen != 4 {
		t.Errorf("%d streams", seen)
	}
}
