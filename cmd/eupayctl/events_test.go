package main

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"

	"european-pay.eu/eupay/internal/run/events"
)

func TestEventsAreListedAndShown(t *testing.T) {
	b := broker(t)
	e := emit(t, b, "payment.completed", "m_1")
	emit(t, b, "payment.failed", "m_2")
	table := ok(t, "events", "tail", "--merchant", "m_1")
	contains(t, table, "REFERENCE", e.ID, "payment.completed", "test", "PAY-20260617-00000000000000AA", "completed", "#1")
	if strings.Contains(table, "m_2") || strings.Count(table, "\n") != 2 {
		t.Errorf("got:\n%s", table)
	}
	lines := strings.Split(strings.TrimSpace(ok(t, "events", "tail", "--since", "7d", "--type", "payment.*", "--mode", "test", "-o", "json")), "\n")
	var first eventView
	if err := json.Unmarshal([]byte(lines[0]), &first); err != nil || len(lines) != 2 || first.ID != e.ID || first.Sequence != 3 || first.Stream != 1 || first.Mode != "test" {
		t.Errorf("%v: %+v", err, first)
	}
	for _, name := range []string{e.ID, strings.ToUpper(e.ID), "#1"} {
		shown := ok(t, "events", "show", name)
		contains(t, shown, e.ID, "ce-source", "payments", "eupay.evt.test.payment.completed.m_1", `"sequence": "3"`)
		if strings.ContainsAny(shown, "\x1b\u009b") {
			t.Errorf("a merchant's text controls the terminal: %q", shown)
		}
	}
	var one eventView
	if err := json.Unmarshal([]byte(ok(t, "events", "show", e.ID, "-o", "json")), &one); err != nil || !bytes.Contains(one.Payload, []byte(`red\u009b`)) {
		t.Errorf("%v: %s", err, one.Payload)
	}
	if got := eupayctl(t, "events", "show", events.NewID()); got.code != exitFailed || !strings.Contains(got.err, "--since") {
		t.Errorf("%d %s", got.code, got.err)
	}
}

func TestCtrlCIsTheRegularEndOfFollowing(t *testing.T) {
	b := broker(t)
	e := emit(t, b, "payment.completed", "m_1")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var errOut bytes.Buffer
	if code := run(ctx, []string{"events", "tail", "-f", "-o", "json"}, stopAt{e.ID, stop}, &errOut); code != 0 || errOut.Len() > 0 {
		t.Errorf("it ended with %d: %s", code, errOut.String())
	}
}

// stopAt is an output that stops the tool once a word was written.
type stopAt struct {
	word string
	stop func()
}

func (s stopAt) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(s.word)) {
		s.stop()
	}
	return len(p), nil
}
