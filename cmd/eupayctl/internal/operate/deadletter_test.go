package operate_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"

	"european-pay.eu/eupay/cmd/eupayctl/internal/operate"
	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/consume"
	"european-pay.eu/eupay/internal/run/events"
)

func (f *fixture) dead(consumer string) (all []operate.Dead) {
	f.Helper()
	err := f.o.DeadLetters(f.Context(), consumer, func(d operate.Dead) (bool, error) {
		all = append(all, d)
		return true, nil
	})
	if err != nil {
		f.Fatal(err)
	}
	return all
}

// requeue carries out the whole of it.
func (f *fixture) requeue(q operate.Requeue) ([]operate.Requeued, int) {
	f.Helper()
	plan, err := f.o.PlanRequeue(f.Context(), q)
	if err != nil {
		f.Fatal(err)
	}
	moved, err := f.o.RequeueDead(f.Context(), plan)
	if err != nil {
		f.Fatal(err)
	}
	return plan, moved
}

func TestAParkedEventGoesBackAloneAndIsApplied(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.consume()
	f.refusing(consume.Poison(errors.New("the column is missing\nline two")))
	one, two := event("payment.completed", "m_1"), event("payment.failed", "m_2")
	f.emit(one, two)
	f.eventually("both are parked", func() bool { return len(f.dead("tester")) == 2 })
	parked := f.dead("")
	if d := parked[0]; d.Consumer != "tester" || d.Subject != one.Subject() || !strings.Contains(d.Reason, "the column is missing line two") ||
		d.Header.Get(consume.HeaderReason) != "" || d.Header.Get(nats.MsgIdHdr) != "" || d.Header.Get(events.HeaderID) != one.ID {
		t.Errorf("got %+v", d)
	}
	f.refusing(nil)

	plan, err := f.o.PlanRequeue(t.Context(), operate.Requeue{Sequences: []uint64{parked[1].Sequence}})
	if err != nil || len(plan) != 1 || plan[0].Refused != "" || len(f.dead("")) != 2 || len(f.effects()) != 0 {
		t.Fatalf("the plan: %+v, %v", plan, err)
	}
	if _, moved := f.requeue(operate.Requeue{Sequences: []uint64{parked[1].Sequence}}); moved != 1 {
		t.Errorf("%d went back", moved)
	}
	f.eventually("it is applied", func() bool { return slices.Equal(f.effects(), []string{two.ID}) })
	if left := f.dead(""); len(left) != 1 || left[0].Sequence != parked[0].Sequence {
		t.Errorf("in the dead-letter stream: %+v", left)
	}
	if _, moved := f.requeue(operate.Requeue{Consumer: "tester"}); moved != 1 {
		t.Errorf("%d went back", moved)
	}
	f.eventually("the other one too", func() bool { return slices.Equal(f.effects(), []string{two.ID, one.ID}) })
	if left := f.dead(""); len(left) != 0 {
		t.Errorf("in the dead-letter stream: %+v", left)
	}
}

// A crash after the event was sent back and before it was removed leaves both.
func TestARequeueThatCrashedInBetweenMayBeRepeated(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.durable("slow", "eupay.evt.*.payment.>")
	e := event("payment.completed", "m_1")
	park := func() {
		m := e.Message("eupay.dlq.slow.replay.slow.test.payment.completed.m_1")
		m.Header.Del(nats.MsgIdHdr)
		m.Header.Set(consume.HeaderSubject, "eupay.replay.slow.test.payment.completed.m_1")
		m.Header.Set(consume.HeaderReason, "x")
		m.Header.Set(consume.HeaderRedeliver, "true")
		if _, err := f.bus.JS.PublishMsg(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	park()
	plan, err := f.o.PlanRequeue(t.Context(), operate.Requeue{Consumer: "slow"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.o.RequeueDead(t.Context(), plan); err != nil {
		t.Fatal(err)
	}
	_, err = f.o.RequeueDead(t.Context(), plan) // the broker stored it before; the parked one is gone
	has(t, err, "to do so again is harmless")
	sent := f.messages(bus.Replay)
	if len(sent) != 1 || sent[0].Subject != "eupay.replay.slow.test.payment.completed.m_1" || sent[0].Header.Get(consume.HeaderRedeliver) != "true" {
		t.Fatalf("got %+v", sent)
	}
	for _, name := range []string{consume.HeaderReason, consume.HeaderSubject} {
		if sent[0].Header.Get(name) != "" {
			t.Errorf("%s went along", name)
		}
	}
	park() // parked again later it is another message
	if _, moved := f.requeue(operate.Requeue{Consumer: "slow"}); moved != 1 || len(f.messages(bus.Replay)) != 2 {
		t.Errorf("%d went back, %d messages", moved, len(f.messages(bus.Replay)))
	}
}

func TestMessagesThatNoConsumerCanApplyStayParked(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.durable("slow", "eupay.evt.*.payment.>")
	good := event("payment.completed", "m_1")
	header := map[string]string{events.HeaderID: good.ID, events.HeaderType: good.Type, events.HeaderTime: "2026-06-17T10:00:00Z"}
	dead(t, f, "eupay.dlq.payments.cmd.payments.create", map[string]string{consume.HeaderSubject: "eupay.cmd.payments.create", consume.HeaderReason: "unreadable"}, []byte{0xff})
	dead(t, f, "eupay.dlq.slow.evt.test.payment.completed.m_1", nil, nil)
	dead(t, f, "eupay.dlq.gone.evt.test.payment.completed.m_1", header, nil)
	dead(t, f, "eupay.dlq.slow.evt.test.payment.completed.m_1", header, nil)
	plan, moved := f.requeue(operate.Requeue{Sequences: []uint64{4, 3, 2, 1, 1}})
	if moved != 1 || len(plan) != 4 {
		t.Fatalf("%d went back of %+v", moved, plan)
	}
	for i, want := range []string{"it is a command", "it is no event", "its consumer gone is not there", ""} {
		if got := plan[i].Refused; plan[i].Sequence != uint64(i+1) || !strings.HasPrefix(got, want) || (got == "") != (want == "") {
			t.Errorf("#%d: %q", plan[i].Sequence, got)
		}
	}
	if left := f.dead(""); len(left) != 3 || len(f.messages(bus.Replay)) != 1 || len(f.messages(bus.Commands)) != 0 {
		t.Errorf("left: %+v", left)
	}
	_, err := f.o.PlanRequeue(t.Context(), operate.Requeue{Sequences: []uint64{1}, Consumer: "slow"})
	has(t, err, "parked by payments")
	_, err = f.o.PlanRequeue(t.Context(), operate.Requeue{Sequences: []uint64{77}})
	has(t, err, "holds no message #77")
	_, err = f.o.PlanRequeue(t.Context(), operate.Requeue{})
	has(t, err, "say which")
}
