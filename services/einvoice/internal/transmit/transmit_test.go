package transmit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"
)

var errDown = errors.New("connection refused")

func TestADueTransmissionIsSentOnce(t *testing.T) {
	t.Parallel()
	f := setup(t)
	due, later := f.add("m_1"), f.addIn("m_1", true, time.Minute)
	f.pass(f.Engine, true)
	f.wants(due, "sent", 1)
	f.wants(later, "waiting", 0)
	f.clock.Advance(time.Minute)
	f.pass(f.Engine, true)
	f.wants(later, "sent", 1)
	if n := len(f.sender.sent()); n != 2 {
		t.Errorf("sent %d times", n)
	}
}

func TestASecondTransmissionOfASubjectChangesNothing(t *testing.T) {
	t.Parallel()
	f := setup(t)
	subject := f.add("m_1")
	f.pass(f.Engine, true)
	again := Transmission{ID: uuid.New(), Kind: Document, Subject: subject, MerchantID: "m_1", Livemode: true}
	if err := Add(t.Context(), f.pool, again, f.clock.Now(), 0); err != nil {
		t.Fatal(err)
	}
	f.pass(f.Engine, true)
	f.wants(subject, "sent", 1)
}

func TestTwoEnginesNeverSendTheSameAtOnce(t *testing.T) {
	t.Parallel()
	f := setup(t)
	subject := f.add("m_1")
	began, letGo := f.sender.holding()
	stop := run(t, f.Engine)
	<-began
	other := f.engine(Config{})
	f.pass(other, true)
	if tried, err := other.Do(t.Context(), Document, subject, true); tried || err != nil {
		t.Errorf("Do: %v, %v", tried, err)
	}
	letGo <- nil
	stop()
	f.wants(subject, "sent", 1)
}

func TestADeadWorkersTransmissionComesBackAfterTheLease(t *testing.T) {
	t.Parallel()
	f := setup(t)
	subject := f.add("m_1")
	m := f.modes[true]
	dead := uuid.New()
	if due, err := f.claimDue(t.Context(), dead, m, 8); err != nil || len(due) != 1 {
		t.Fatal(due, err)
	}
	f.clock.Advance(f.cfg.Lease - time.Second)
	f.pass(f.Engine, true)
	if len(f.sender.sent()) != 0 {
		t.Fatal("sent within the lease of another")
	}
	f.clock.Advance(time.Second)
	f.pass(f.Engine, true)
	f.wants(subject, "sent", 2)
	// The dead one was only slow: what it says does not count any more.
	late := Transmission{Kind: Document, Subject: subject}
	if err := f.finish(t.Context(), late, dead, f.outcomeOf(late, errDown)); err != nil {
		t.Fatal(err)
	}
	f.wants(subject, "sent", 2)
}

func TestAnAttemptDoesNotBeginAfterItsTime(t *testing.T) {
	t.Parallel()
	f := setup(t)
	subject := f.add("m_1")
	lease := uuid.New()
	due, err := f.claimDue(t.Context(), lease, f.modes[true], 1)
	if err != nil {
		t.Fatal(err)
	}
	late, cancel := context.WithTimeout(t.Context(), 0) // the process was stopped in between
	defer cancel()
	f.attempt(late, leased{due[0], lease, 0})
	f.wants(subject, "waiting", 1)
	if len(f.sender.sent()) != 0 {
		t.Error("it was sent")
	}
}

func TestWaitingCountsNoAttemptAndResumeEndsIt(t *testing.T) {
	t.Parallel()
	f := setup(t)
	subject, other := f.add("m_1"), f.add("m_2")
	f.sender.fails(fmt.Errorf("send: %w", Wait{Reason: "no mandate", RetryAfter: time.Hour}))
	f.pass(f.Engine, true)
	r := f.wants(subject, "waiting", 0)
	if !r.due.Equal(f.clock.Now().Add(time.Hour)) || r.problem != "waiting: no mandate" {
		t.Errorf("%+v", r)
	}
	f.sender.fails(nil)
	if err := Resume(t.Context(), f.pool, "m_1", false, f.clock.Now()); err != nil { // the other mode
		t.Fatal(err)
	}
	f.pass(f.Engine, true)
	f.wants(subject, "waiting", 0)
	if err := Resume(t.Context(), f.pool, "m_1", true, f.clock.Now()); err != nil {
		t.Fatal(err)
	}
	f.pass(f.Engine, true)
	f.wants(subject, "sent", 1)
	f.wants(other, "waiting", 0)
}

func TestResumeReachesAnAttemptInProgress(t *testing.T) {
	t.Parallel()
	f := setup(t)
	subject := f.add("m_1")
	began, letGo := f.sender.holding()
	stop := run(t, f.Engine)
	<-began // it has read that the mandate is not active
	if err := Resume(t.Context(), f.pool, "m_1", true, f.clock.Now()); err != nil {
		t.Fatal(err)
	}
	letGo <- Wait{Reason: "no mandate", RetryAfter: time.Hour}
	if again := <-began; again.Subject != subject {
		t.Errorf("got %+v", again)
	}
	letGo <- Wait{Reason: "no mandate", RetryAfter: time.Hour} // nothing resumed it this time
	stop()
	if r := f.wants(subject, "waiting", 0); !r.due.Equal(f.clock.Now().Add(time.Hour)) {
		t.Errorf("due at %v", r.due)
	}
}

func TestAWaitWithoutADelayDoesNotLoop(t *testing.T) {
	t.Parallel()
	f := setup(t)
	subject := f.add("m_1")
	f.sender.fails(Wait{Reason: "something"})
	f.pass(f.Engine, true)
	if r := f.row(subject); !r.due.After(f.clock.Now()) {
		t.Errorf("due at %v", r.due)
	}
}

func TestAPermanentRefusalStopsTheTransmission(t *testing.T) {
	t.Parallel()
	f := setup(t)
	subject := f.add("m_1")
	f.sender.fails(fmt.Errorf("%w: CALCUL_ERR \x00\xff", ErrStop))
	f.pass(f.Engine, true)
	if r := f.wants(subject, "stopped", 1); r.problem != "permanently refused: CALCUL_ERR \uFFFD" {
		t.Errorf("%q", r.problem)
	}
	f.clock.Advance(48 * time.Hour)
	f.pass(f.Engine, true)
	if f.do(subject) {
		t.Error("Do tried it")
	}
	if ok, err := Restart(t.Context(), f.pool, Document, subject, f.clock.Now()); !ok || err != nil {
		t.Fatal(ok, err)
	}
	f.sender.fails(nil)
	f.pass(f.Engine, true)
	f.wants(subject, "sent", 2)
	if ok, err := Restart(t.Context(), f.pool, Document, subject, f.clock.Now()); ok || err != nil {
		t.Error("what was sent was restarted", err)
	}
}

func TestAPanickingSenderDoesNotBlockOthers(t *testing.T) {
	t.Parallel()
	f := setup(t)
	bad, good := f.add("m_1"), f.add("m_2")
	f.sender.then(func(_ context.Context, t Transmission) error {
		if t.Subject == bad {
			panic("no such font")
		}
		return nil
	})
	f.pass(f.Engine, true)
	f.wants(bad, "waiting", 1)
	f.wants(good, "sent", 1)
}

func TestIntervalsGrowUpToALimit(t *testing.T) {
	t.Parallel()
	for attempts := range 2000 {
		want := maxBackoff
		if attempts < 10 {
			want = min(maxBackoff, firstBackoff<<max(0, attempts-1))
		}
		low, high := maxBackoff, time.Duration(0)
		for range 20 {
			d := backoff(attempts)
			low, high = min(low, d), max(high, d)
		}
		if low < want*3/4 || high > want*5/4 || low == high {
			t.Fatalf("after %d attempts from %v to %v, want around %v", attempts, low, high, want)
		}
	}
}

func TestAFailureIsRetriedLater(t *testing.T) {
	t.Parallel()
	f := setup(t)
	subject := f.add("m_1")
	f.sender.fails(errDown)
	for n, want := range []time.Duration{2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second} {
		f.pass(f.Engine, true)
		r := f.wants(subject, "waiting", n+1)
		if d := r.due.Sub(f.clock.Now()); d < want*3/4 || d > want*5/4 {
			t.Errorf("attempt %d: again after %v", n+1, d)
		}
		f.clock.Advance(r.due.Sub(f.clock.Now()))
	}
	f.sender.fails(nil)
	f.pass(f.Engine, true)
	f.wants(subject, "sent", 5)
}

func TestDoBesideTheWorkers(t *testing.T) {
	t.Parallel()
	f := setup(t)
	held := f.addIn("m_1", true, time.Minute)
	f.pass(f.Engine, true)
	if len(f.sender.sent()) != 0 {
		t.Fatal("the workers took what is held for its caller")
	}
	if !f.do(held) || f.do(held) {
		t.Error("Do must send it once")
	}
	if tried, err := f.Do(t.Context(), Report, uuid.New(), true); tried || err != nil {
		t.Error("there is no such transmission", tried, err)
	}
	f.wants(held, "sent", 1)
}

func TestACallerThatGivesUpDoesNotOpenTheCircuit(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for range 2 * breakAfter {
		subject := f.add("m_1")
		began, _ := f.sender.holding()
		ctx, leave := context.WithCancel(t.Context())
		go func() {
			<-began
			leave()
		}()
		if tried, err := f.Do(ctx, Document, subject, true); !tried || err != nil {
			t.Fatal(tried, err)
		}
		f.wants(subject, "waiting", 1)
	}
	if f.modes[true].breaker.Open() {
		t.Error("callers have opened the breaker")
	}
}

// A caller that finds an attempt in progress waits for its end, and not longer than it wants.
func TestACallerWaitsForTheAttemptInProgress(t *testing.T) {
	t.Parallel()
	f := setup(t)
	subject := f.add("m_1")
	if err := f.Await(t.Context(), Document, subject); err != nil {
		t.Fatal("nothing is in progress", err)
	}
	began, letGo := f.sender.holding()
	go func() { _, _ = f.Do(context.Background(), Document, subject, true) }()
	<-began
	if f.do(subject) {
		t.Fatal("it was sent twice")
	}
	looks := 0
	impatient, leave := context.WithCancel(t.Context())
	looking := New(f.pool, nil, Config{}, func() time.Time {
		if looks++; looks == 3 { // it is still waiting
			leave()
		}
		return f.clock.Now()
	}, slog.New(slog.DiscardHandler))
	if err := looking.Await(impatient, Document, subject); !errors.Is(err, context.Canceled) || looks < 3 {
		t.Fatalf("it waited for %d looks: %v", looks, err)
	}
	other := f.engine(Config{}) // of another replica
	ended := make(chan error)
	go func() { ended <- other.Await(context.Background(), Document, subject) }()
	letGo <- nil
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	f.wants(subject, "sent", 1)
	if err := f.Await(t.Context(), Document, uuid.New()); err != nil {
		t.Fatal("there is none to wait for", err)
	}
}

// What is not needed any more ends without a refusal, is no failure of the platform, and never starts again.
func TestWhatIsNotNeededIsDropped(t *testing.T) {
	t.Parallel()
	f := setup(t)
	subject := f.add("m_1")
	f.sender.fails(fmt.Errorf("the invoice was refused: %w", ErrNotNeeded))
	f.do(subject)
	if r := f.wants(subject, "dropped", 0); r.due != nil || r.problem == "" {
		t.Errorf("%+v", r)
	}
	if again, err := Restart(t.Context(), f.pool, Document, subject, f.clock.Now()); again || err != nil {
		t.Error("it is sent again", err)
	}
}
