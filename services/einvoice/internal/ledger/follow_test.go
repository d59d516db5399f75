package ledger

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

func (f *fixture) at(id string, code int, after time.Duration) platform.Event {
	return platform.Event{ID: id, Code: code, At: time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC).Add(after), Emitter: "PDPE"}
}

func TestStepsAreRecordedOnceInWhateverOrderTheyCome(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := f.create(business(10_00))
	f.step(r, f.at("e1", 200, time.Second), f.at("e3", 203, 3*time.Second))
	for range 2 {
		f.must(f.Refresh(t.Context(), r.ID))
	}
	f.step(r, f.at("e2", 202, 2*time.Second))
	f.must(f.Refresh(t.Context(), r.ID))
	if got := f.read(r.ID).LifecycleCode; got != 203 {
		t.Fatalf("%d shows, not the newest by the platform's time", got)
	}
	v, err := f.Get(t.Context(), f.who, r.Number)
	f.must(err)
	var codes []string
	for _, s := range v.GetLifecycle() {
		codes = append(codes, fmt.Sprint(s.GetCode(), " ", s.GetLabel()))
	}
	if got := strings.Join(codes, ", "); got != "200 Déposée, 202 Reçue par la plateforme, 203 Mise à disposition" {
		t.Fatal(got)
	}
	types, _ := f.announced(r.ID)
	if n := strings.Count(strings.Join(types, " "), "invoice.status_updated"); n != 3 {
		t.Fatalf("%d events of three steps", n)
	}
}

func TestARejectedInvoiceHasFailed(t *testing.T) {
	t.Parallel()
	for code, reasonCode := range map[int]string{210: "CMD_ERR", 213: "REJ_SEMAN"} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			r := f.create(business(10_00))
			e := f.at("e1", code, time.Second)
			e.ReasonCode = reasonCode
			f.step(r, e)
			f.must(f.Refresh(t.Context(), r.ID))
			r = f.is(r.ID, StatusFailed, SeqinoSubmitted)
			if r.Problem == "" || r.PollAt != nil {
				t.Fatalf("problem %q, asked again at %v", r.Problem, r.PollAt)
			}
			types, events := f.announced(r.ID)
			if got := strings.Join(types[2:], " "); got != "invoice.status_updated invoice.failed" {
				t.Fatal(got)
			}
			if last := events[len(events)-1]; last.GetPreviousStatus() != "pending" || last.GetStep().GetReasonCode() != reasonCode {
				t.Fatalf("%v", last)
			}
		})
	}
}

func TestAPaidInvoiceThatIsRejectedStaysPaid(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := f.create(business(10_00))
	f.pay(r, 10_00)
	f.step(r, f.at("e1", 213, time.Second))
	f.must(f.Refresh(t.Context(), r.ID))
	if f.is(r.ID, StatusPaid, SeqinoSubmitted).Problem == "" {
		t.Fatal("nobody is told")
	}
}

func TestPollsGetRarerUnlessThePlatformIsDown(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := f.create(business(10_00))
	distance := func() time.Duration {
		t.Helper()
		at := f.read(r.ID).PollAt
		if at == nil {
			t.Fatal("it is not asked about any more")
		}
		f.clock.set(*at)
		before := f.clock.now()
		if n, err := f.polls[true].Once(t.Context()); err != nil || n != 1 {
			t.Fatalf("%d are due", n)
		}
		next := f.read(r.ID).PollAt
		if next == nil {
			return 0
		}
		return next.Sub(before)
	}
	for i, want := range pollAfter {
		if got := distance(); got != want {
			t.Fatalf("distance %d is %s, want %s", i, got, want)
		}
	}
	f.step(r, f.at("e1", 203, time.Second))
	if got := distance(); got != pollAfter[0] {
		t.Fatalf("after news it is asked after %s", got)
	}
	f.fake.set(func(p *fake) { p.life = unavailable })
	for range 3 {
		if got := distance(); got != failedRetry {
			t.Fatalf("a platform that is down is asked after %s", got)
		}
	}
	f.fake.set(func(p *fake) { p.life = works })
	if got := distance(); got != pollAfter[1] {
		t.Fatalf("its trouble made questions rarer: %s", got)
	}
	if n, err := f.polls[false].Once(t.Context()); err != nil || n != 0 {
		t.Fatal("asked in the other mode")
	}
	f.clock.advance(pollFor)
	f.must(f.Hint(t.Context(), true, r.PlatformID))
	if got := distance(); got != 0 {
		t.Fatalf("an old document is asked about again after %s", got)
	}
}

// An invoice that waited for its mandate for half a year is followed as long as any other.
func TestADocumentIsFollowedFromItsSubmissionOn(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.mandate(platform.MandatePending)
	r := f.create(business(10_00))
	f.clock.advance(180 * 24 * time.Hour)
	f.mandate(platform.MandateActive)
	_, err := f.Submit(t.Context(), f.who, r.Number)
	f.must(err)
	f.must(f.Refresh(t.Context(), r.ID))
	if f.read(r.ID).PollAt == nil {
		t.Fatal("nobody asks any more")
	}
}

func TestAHintTriggersAnEarlierPoll(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := f.create(business(10_00))
	for range 6 {
		f.must(f.Refresh(t.Context(), r.ID))
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- f.Follow(ctx) }()
	f.step(r, f.at("e1", 205, time.Second))
	f.must(f.Hint(t.Context(), false, r.PlatformID)) // of the other mode: not ours
	if at := f.read(r.ID).PollAt; !at.After(f.clock.now()) {
		t.Fatal("a hint of the other mode moved it")
	}
	f.must(f.Hint(t.Context(), true, r.PlatformID))
	f.eventually("the step is known", func() bool { return f.read(r.ID).LifecycleCode == 205 })
	cancel()
	f.must(<-done)
}

func TestReadersDoNotFloodThePlatform(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := f.create(business(10_00))
	f.step(r, f.at("e1", 203, time.Second))
	get := func() {
		if _, err := f.Get(context.Background(), f.who, r.Number); err != nil {
			t.Error(err)
		}
	}
	together(20, func(int) { get() })
	if f.fake.lifeCalls != 1 || f.read(r.ID).LifecycleCode != 203 {
		t.Fatalf("the platform was asked %d times", f.fake.lifeCalls)
	}
	f.clock.advance(minPollInterval - time.Millisecond)
	get()
	f.clock.advance(time.Millisecond)
	get()
	if f.fake.lifeCalls != 2 {
		t.Fatalf("the platform was asked %d times", f.fake.lifeCalls)
	}
}

func TestReadersDoNotMakeScheduledPollsRarer(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := f.create(business(10_00))
	planned := *f.read(r.ID).PollAt
	for range 10 {
		f.clock.advance(minPollInterval)
		if _, err := f.Get(t.Context(), f.who, r.Number); err != nil {
			t.Fatal(err)
		}
	}
	if got := f.read(r.ID); f.fake.lifeCalls != 10 || got.Polls != 0 || !got.PollAt.Equal(planned) {
		t.Fatalf("asked %d times, next at %v", f.fake.lifeCalls, got.PollAt)
	}
}

// What came of a question is recorded though its time was over: the next one is planned.
func TestAFailedPollIsRepeated(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := f.create(business(10_00))
	f.fake.set(func(p *fake) { p.life = hangs })
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- f.Refresh(ctx, r.ID) }()
	f.eventually("it hangs", func() bool {
		f.fake.mu.Lock()
		defer f.fake.mu.Unlock()
		return f.fake.lifeCalls == 1
	})
	cancel()
	if err := <-done; err == nil {
		t.Fatal("no error")
	}
	if got := f.read(r.ID); got.PollAt.Sub(f.clock.now()) != failedRetry {
		t.Fatalf("next question at %v", got.PollAt)
	}
}

func TestAReaderIsAnsweredWhileThePlatformHangs(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.timeouts.read = 50 * time.Millisecond
	r := f.create(business(10_00))
	f.fake.set(func(p *fake) { p.life, p.file = hangs, hangs })
	v, err := f.Get(t.Context(), f.who, r.Number)
	f.must(err)
	if v.GetSeqinoStatus() != "submitted" {
		t.Fatal(v)
	}
	if _, _, err := f.PDF(t.Context(), f.who, r.Number); err != nil {
		t.Fatal(err)
	}
}
