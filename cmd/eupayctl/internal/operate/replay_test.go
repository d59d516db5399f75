package operate_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"european-pay.eu/eupay/cmd/eupayctl/internal/operate"
	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/consume"
	"european-pay.eu/eupay/internal/run/events"
)

// lag is what the consumer has before it on both streams, with what it has not acknowledged.
func (f *fixture) settled() bool {
	f.Helper()
	for _, stream := range []string{bus.Events, bus.Replay} {
		cons, err := f.bus.JS.Consumer(f.Context(), stream, "tester")
		if err != nil {
			f.Fatal(err)
		}
		info, err := cons.Info(f.Context())
		if err != nil {
			f.Fatal(err)
		}
		if info.NumPending > 0 || info.NumAckPending > 0 {
			return false
		}
	}
	return true
}

func TestAReplayHasASecondEffectOnlyOnRequest(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.consume()
	e := event("payment.completed", "m_1")
	f.emit(e)
	f.eventually("the effect", func() bool { return len(f.effects()) == 1 })

	run := func(redeliver bool) {
		t.Helper()
		r := all("tester")
		r.Redeliver = redeliver
		if report, err := f.o.Run(t.Context(), r); err != nil || report.Events != 1 {
			t.Fatalf("%+v, %v", report, err)
		}
		f.eventually("the replay is consumed", f.settled)
	}
	run(false)
	if n := len(f.effects()); n != 1 {
		t.Errorf("%d effects: the replay had one of its own", n)
	}
	if _, err := f.pool.Exec(t.Context(), `delete from inbox where event_id = $1`, e.ID); err != nil {
		t.Fatal(err)
	}
	run(false)
	if n := len(f.effects()); n != 2 {
		t.Errorf("%d effects: the consumer had forgotten the event, so the replay is its first", n)
	}
	run(true)
	if n := len(f.effects()); n != 3 {
		t.Errorf("%d effects: a second one was asked for", n)
	}
}

func TestAReplayKeepsTheOrderOfTheStream(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.consume()
	var want []events.Event
	for range 1000 {
		want = append(want, event("payment.completed", "m_1"))
	}
	f.emit(want...)
	f.eventually("the effects", func() bool { return len(f.effects()) == len(want) })
	if _, err := f.pool.Exec(t.Context(), `truncate inbox, effects`); err != nil {
		t.Fatal(err)
	}
	if report, err := f.o.Run(t.Context(), all("tester")); err != nil || report.Events != 1000 || report.Next != 1001 {
		t.Fatalf("%+v, %v", report, err)
	}
	f.eventually("the effects again", func() bool { return len(f.effects()) == len(want) })
	if !slices.Equal(f.effects(), ids(want)) {
		t.Error("the order has changed")
	}
}

func TestAReplayedEventIsTheSameButForItsSubjectAndMessageID(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.durable("slow", "eupay.evt.*.payment.>")
	e := event("payment.completed", "m_1")
	f.emit(e)
	r := all("slow")
	for range 2 { // the broker drops what comes twice in one run
		if _, err := f.o.Run(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	original, replayed := f.messages(bus.Events)[0], f.messages(bus.Replay)
	if len(replayed) != 1 || replayed[0].Subject != "eupay.replay.slow.test.payment.completed.m_1" || string(replayed[0].Data) != string(original.Data) {
		t.Fatalf("got %+v", replayed)
	}
	want := original.Header
	want.Set(nats.MsgIdHdr, r.RunID+":"+e.ID)
	for name := range want {
		if !slices.Equal(replayed[0].Header[name], want[name]) {
			t.Errorf("%s is %v, want %v", name, replayed[0].Header[name], want[name])
		}
	}
	if len(replayed[0].Header) != len(want) {
		t.Errorf("more headers: %v", replayed[0].Header)
	}
	r.RunID, r.Redeliver = events.NewID(), true
	if _, err := f.o.Run(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if again := f.messages(bus.Replay); len(again) != 2 || again[1].Header.Get(consume.HeaderRedeliver) != "true" {
		t.Errorf("another run: %v", again)
	}
}

func TestAPlanPublishesNothing(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.durable("slow", "eupay.evt.*.payment.>")
	for range 7 {
		f.emit(event("payment.completed", "m_1"))
	}
	f.emit(event("payment.failed", "m_1"), event("merchant.changed", "m_1"))
	stranger := nats.NewMsg("eupay.evt.test.payment.failed.m_1")
	if _, err := f.bus.JS.PublishMsg(t.Context(), stranger); err != nil {
		t.Fatal(err)
	}
	report, err := f.o.Plan(t.Context(), all("slow"))
	if err != nil || report.Events != 8 || report.ByType["payment.completed"] != 7 || report.ByType["payment.failed"] != 1 {
		t.Errorf("%+v, %v", report, err)
	}
	if report.NotConsumed != 1 || report.Unreadable != 1 || len(report.First) != 5 || report.First[0].Summary().Reference != "PAY-1" {
		t.Errorf("%+v", report)
	}
	if n := len(f.messages(bus.Replay)); n != 0 {
		t.Errorf("%d messages were published", n)
	}
}

func TestEachEventWaitsForItsTurn(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.durable("slow", "eupay.evt.*.payment.>")
	f.emit(event("payment.completed", "m_1"), event("payment.completed", "m_1"), event("payment.completed", "m_1"))
	r := all("slow")
	var published []int // before each turn
	r.Wait = func(context.Context) error {
		published = append(published, len(f.messages(bus.Replay)))
		return nil
	}
	if _, err := f.o.Run(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(published, []int{0, 1, 2}) {
		t.Errorf("published before each turn: %v", published)
	}
}

func TestAStoppedReplaySaysWhereToContinue(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.durable("slow", "eupay.evt.*.payment.>")
	var want []events.Event
	for range 5 {
		want = append(want, event("payment.completed", "m_1"))
	}
	f.emit(want...)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	r := all("slow")
	turns := 0
	r.Wait = func(ctx context.Context) error {
		if turns++; turns == 3 {
			stop() // Ctrl-C
		}
		return ctx.Err()
	}
	report, err := f.o.Run(ctx, r)
	if !errors.Is(err, operate.ErrStopped) || report.Events != 2 || report.Next != 3 {
		t.Fatalf("%+v, %v", report, err)
	}
	rest := all("slow")
	rest.Window.From = report.Next
	if _, err := f.o.Run(t.Context(), rest); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range f.messages(bus.Replay) {
		got = append(got, m.Header.Get(events.HeaderID))
	}
	if !slices.Equal(got, ids(want)) {
		t.Errorf("got %v, want %v", got, ids(want))
	}
}

func TestEventsThatArriveMeanwhileAreNotReplayed(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.durable("slow", "eupay.evt.*.payment.>")
	const n = 501 // more than are fetched at a time
	for range n {
		f.emit(event("payment.completed", "m_1"))
	}
	r := all("slow")
	meanwhile := sync.OnceFunc(func() { f.emit(event("payment.completed", "m_1")) })
	r.Wait = func(context.Context) error {
		meanwhile()
		return nil
	}
	if report, err := f.o.Run(t.Context(), r); err != nil || report.Events != n || len(f.messages(bus.Replay)) != n {
		t.Errorf("%+v, %v", report, err)
	}
}

func TestSingleEventsAreReplayedByID(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.durable("slow", "eupay.evt.*.payment.>")
	one, two := event("payment.completed", "m_1"), event("payment.failed", "m_2")
	f.emit(event("payment.created", "m_1"), one, two, event("payment.created", "m_2"))
	r := all("slow")
	absent := events.NewID()
	r.Window, r.Filter.IDs = operate.Window{}, []string{two.ID, absent, one.ID}
	report, err := f.o.Run(t.Context(), r)
	if err != nil || report.Events != 2 || !slices.Equal(report.Missing, []string{absent}) {
		t.Errorf("%+v, %v", report, err)
	}
}

func TestAnInvalidReplayIsRefused(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.durable("slow", "eupay.evt.*.payment.>")
	f.emit(event("payment.completed", "m_1"))
	for want, change := range map[string]func(*operate.Replay){
		"Those that do: slow": func(r *operate.Replay) { r.Consumer = "webhook" },
		"say where to begin":  func(r *operate.Replay) { r.Window = operate.Window{} },
		"until is before": func(r *operate.Replay) {
			r.Window = operate.Window{Since: time.Now(), Until: time.Now().Add(-time.Hour)}
		},
		"no consumer's name": func(r *operate.Replay) { r.Consumer = "slow.>" },
		"no type of event":   func(r *operate.Replay) { r.Filter.Types = []string{"payments"} },
	} {
		r := all("slow")
		change(&r)
		_, err := f.o.Run(t.Context(), r)
		has(t, err, want)
		if invalid := operate.Invalid(""); !errors.As(err, &invalid) {
			t.Errorf("%v is not the operator's mistake", err)
		}
	}
	if n := len(f.messages(bus.Replay)); n != 0 {
		t.Errorf("%d messages were published", n)
	}
}
