package main

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"

	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/events"
)

func TestAReplayIsOnlyCountedWithoutRun(t *testing.T) {
	b := broker(t)
	e := emit(t, b, "payment.completed", "m_1")
	emit(t, b, "payment.failed", "m_2")
	emit(t, b, "merchant.changed", "m_2")
	line := []string{"replay", "--consumer", "slow", "--since", "1h", "--rate", "100000/s"}
	if both := eupayctl(t, append(line, "--run", "--dry-run")...); both.code != 2 || messages(t, b, bus.Replay) != 0 {
		t.Errorf("--run and --dry-run together: exit %d", both.code)
	}
	dry := eupayctl(t, append(line, "--dry-run")...)
	contains(t, dry.out, "2 events would be sent to slow", "payment.failed", "The first:", e.ID, "PAY-20260617")
	contains(t, dry.err, "Nothing was published. To do it, add --run.", "1 more were left out")
	if dry.code != 0 || messages(t, b, bus.Replay) != 0 {
		t.Errorf("it ended with %d, %d messages", dry.code, messages(t, b, bus.Replay))
	}
	real := eupayctl(t, append(line, "--run", "--redeliver", "--merchant", "m_1")...)
	contains(t, real.out, "1 events were sent to slow", "--redeliver")
	if real.code != 0 || messages(t, b, bus.Replay) != 1 {
		t.Errorf("it ended with %d, %d messages", real.code, messages(t, b, bus.Replay))
	}
	var report replayView
	if err := json.Unmarshal([]byte(ok(t, append(line, "--run", "-o", "json")...)), &report); err != nil || !report.Published || report.Events != 2 || report.RunID == "" {
		t.Errorf("%v: %+v", err, report)
	}
	missing := eupayctl(t, "replay", "--consumer", "slow", "--id", events.NewID()+","+e.ID)
	if missing.code != exitFailed || !strings.Contains(missing.err, "not found") || !strings.Contains(missing.out, "1 events would") {
		t.Errorf("%+v", missing)
	}
}

func TestCtrlCInAReplaySaysHowToContinue(t *testing.T) {
	b := broker(t)
	emit(t, b, "payment.completed", "m_1")
	emit(t, b, "payment.completed", "m_1")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	sub, err := b.NC.Subscribe("eupay.replay.slow.>", func(*nats.Msg) { stop() }) // the first was sent
	if err != nil {
		t.Fatal(err)
	}
	defer sub.Unsubscribe()
	if err := b.NC.Flush(); err != nil {
		t.Fatal(err)
	}
	var out, errOut bytes.Buffer
	code := run(ctx, []string{"replay", "--consumer", "slow", "--since", "1h", "--rate", "1/m", "--run"}, &out, &errOut)
	contains(t, errOut.String(), "stopped", "after 1 events", "--from-sequence 2 instead of --since")
	if code != exitFailed || messages(t, b, bus.Replay) != 1 {
		t.Errorf("it ended with %d, %d messages", code, messages(t, b, bus.Replay))
	}
}
