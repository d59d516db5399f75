package main

import (
	"encoding/json"
	"strings"
	"testing"

	"european-pay.eu/eupay/internal/run/bus"
)

func TestDeadLettersAreListedShownAndSentBack(t *testing.T) {
	b := broker(t)
	e := emit(t, b, "payment.completed", "m_1")
	park(t, b, "slow", e)
	park(t, b, "gone", emit(t, b, "payment.failed", "m_1"))
	list := ok(t, "dlq", "list", "--consumer", "slow")
	contains(t, list, e.ID, "payment.completed", "missing")
	if strings.Contains(list, "\x1b") || strings.Contains(list, "gone") {
		t.Errorf("got %q", list)
	}
	contains(t, ok(t, "dlq", "show", "1"), e.ID, "ce-source", "PAY-20260617", "column")
	var shown deadView
	if err := json.Unmarshal([]byte(ok(t, "dlq", "show", "#1", "-o", "json")), &shown); err != nil || shown.ID != e.ID || shown.Payload == nil {
		t.Errorf("%v: %+v", err, shown)
	}
	dry := eupayctl(t, "dlq", "requeue", "--all", "--consumer", "slow")
	contains(t, dry.out, "would go back")
	contains(t, dry.err, "Nothing was moved. To do it, add --run.")
	if dry.code != 0 || messages(t, b, bus.DeadLetter) != 2 || messages(t, b, bus.Replay) != 0 {
		t.Errorf("a plan moved something: %+v", dry)
	}
	real := eupayctl(t, "dlq", "requeue", "1", "2", "--run")
	contains(t, real.out, "went back", "stays: its consumer gone is not there")
	if real.code != exitFailed || messages(t, b, bus.DeadLetter) != 1 || messages(t, b, bus.Replay) != 1 {
		t.Errorf("got %+v", real)
	}
	line := ok(t, "dlq", "list", "-o", "json")
	if err := json.Unmarshal([]byte(line), &shown); err != nil || shown.Consumer != "gone" {
		t.Errorf("%v: %s", err, line)
	}
}
