package enrol

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/einvoice/internal/invoice/invoicetest"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

func TestAnUnavailablePlatformIsCalledLater(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.platform.fails(errDown)
	if e := f.enrols(); e.Status() != platform.MandatePending || e.Ready() || e.ClientID != "" {
		t.Errorf("%+v", e)
	}
	f.wants(creating)
	for n, want := range []time.Duration{enrolHold, 15 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute} {
		if d := f.sweepNext(); d != want {
			t.Errorf("attempt %d after %v, want %v", n, d, want)
		}
	}
	f.platform.fails(nil)
	f.sweepNext()
	f.wants(platform.MandatePending)
}

func TestAnEnrolmentContinuesAfterACrashBetweenClientAndMandate(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.platform.first(func(_ context.Context, call string) error {
		if call == "mandate" {
			return errDown
		}
		return nil
	})
	f.enrols()
	if e := f.wants(creating); e.ClientID != "cli_1" {
		t.Fatalf("%+v", e)
	}
	// The process that asked is dead.
	if q, err := f.claim(t.Context(), claimDueSQL, true, 1); err != nil || len(q) != 0 {
		t.Fatal("due too early", err)
	}
	f.clock.Advance(enrolHold)
	if q, err := f.claim(t.Context(), claimDueSQL, true, 1); err != nil || len(q) != 1 {
		t.Fatal(q, err)
	}
	f.platform.fails(nil)
	if d := f.sweepNext(); d != lease {
		t.Errorf("taken over after %v", d)
	}
	if e := f.wants(platform.MandatePending); e.MandateID != "mdt_2" && e.MandateID != "mdt_1" {
		t.Errorf("%+v", e)
	}
	if f.platform.count("client") != 1 || len(f.platform.mandates) != 1 {
		t.Errorf("calls %v", f.platform.calls)
	}
}

func TestALostAnswerCreatesNoDuplicate(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for _, lost := range []string{"client", "mandate"} {
		f.platform.after = func(call string) error {
			if call == lost {
				return errDown
			}
			return nil
		}
		f.enrols()
		f.clock.Advance(minInterval)
	}
	f.platform.after = func(string) error { return nil }
	f.sweepNext()
	f.wants(platform.MandatePending)
	if len(f.platform.clients) != 1 || len(f.platform.mandates) != 1 {
		t.Errorf("%v %v", f.platform.clients, f.platform.mandates)
	}
}

func TestAPendingMandateIsReadAtGrowingIntervals(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.enrols()
	want := 15 * time.Second
	for range 15 {
		if d := f.sweepNext(); d != want {
			t.Errorf("asked after %v, want %v", d, want)
		}
		want = min(2*want, time.Hour)
	}
}

func TestAnActiveMandateReleasesEverything(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.enrols()
	waiting := f.waiting()
	f.sweepNext()
	if f.isDue(waiting) || f.wokenTimes() != 0 {
		t.Fatal("it goes already")
	}
	f.platform.becomes(platform.MandateActive)
	f.sweepNext()
	if e := f.wants(platform.MandateActive); !e.Ready() || e.Status() != platform.MandateActive {
		t.Errorf("%+v", e)
	}
	if !f.isDue(waiting) || f.wokenTimes() != 1 {
		t.Error("what waited still waits")
	}
	if d := f.sweepNext(); d != 24*time.Hour {
		t.Errorf("asked again after %v", d)
	}
	if d := f.due(); d != 24*time.Hour || f.wokenTimes() != 1 {
		t.Errorf("then after %v, woken %d times", d, f.wokenTimes())
	}
	f.platform.becomes(platform.MandateExpired)
	f.sweepNext()
	if e := f.wants(platform.MandateExpired); e.Ready() {
		t.Error("it is ready")
	}
}

func TestAnActiveMandateStaysActiveWhileThePlatformIsDown(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.platform.becomes(platform.MandateActive)
	f.enrols()
	f.platform.fails(errDown)
	f.sweepNext()
	f.sweepNext()
	f.wants(platform.MandateActive)
}

func TestAnEndedMandateIsRequestedAgainWhenTheMerchantEnrolsAgain(t *testing.T) {
	t.Parallel()
	for _, ended := range []platform.MandateStatus{platform.MandateExpired, platform.MandateFailed} {
		f := setup(t)
		f.platform.becomes(ended)
		f.enrols()
		last := time.Duration(0)
		for range 15 {
			last = f.sweepNext()
		}
		if e := f.wants(ended); e.MandateID != "mdt_1" || last != 24*time.Hour || f.platform.count("mandate") != 1 {
			t.Errorf("%+v after %v, %v", e, last, f.platform.calls)
		}
		f.platform.status = platform.MandateActive
		waiting := f.waiting()
		if e := f.enrols(); e.MandateID != "mdt_2" || !e.Ready() {
			t.Errorf("%+v", e)
		}
		if !f.isDue(waiting) || f.platform.count("client") != 1 {
			t.Error("what waited still waits")
		}
	}
}

func TestARefusedMerchantHasAFailedMandate(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.platform.fails(&platform.Refused{Code: "DEST_INC", Problems: []string{"not in the directory"}})
	if e := f.enrols(); e.Status() != platform.MandateFailed {
		t.Errorf("%+v", e)
	}
	f.platform.fails(nil)
	f.sweepNext() // a daily look, first sooner
	f.wants(platform.MandatePending)
}

func TestAPlatformThatLostItsDataReceivesItAgain(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.platform.becomes(platform.MandateActive)
	f.enrols()
	lost := newFake()
	lost.first(func(_ context.Context, call string) error {
		if call == "mandate" && lost.count("client") == 0 {
			return platform.ErrNotFound // no such client
		}
		return nil
	})
	f.Platforms[true] = lost
	f.sweepNext()
	f.wants(platform.MandateExpired)
	f.enrols()
	f.wants(creating)
	f.sweepNext()
	if e := f.wants(platform.MandatePending); e.ClientID != "cli_1" || lost.count("client") != 1 {
		t.Errorf("%+v", e)
	}
}

func TestInvalidAnswersChangeNothing(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.platform.becomes("wonderful")
	f.enrols()
	f.wants(creating)
	f.platform.becomes(platform.MandateActive)
	f.sweepNext()
	f.platform.becomes("wonderful")
	f.sweepNext()
	f.wants(platform.MandateActive)
}

func TestReadersDoNotPollThePlatformContinuously(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.enrols()
	planned := f.due()
	for range 5 {
		if e, is, err := f.Current(t.Context(), "m_1", true); err != nil || !is || e.Status() != platform.MandatePending {
			t.Fatal(e, err)
		}
	}
	if n := f.platform.count("read"); n != 0 {
		t.Errorf("asked %d times right after enrolling", n)
	}
	for n := 1; n <= 3; n++ {
		f.clock.Advance(minInterval)
		for range 3 {
			if _, _, err := f.Current(t.Context(), "m_1", true); err != nil {
				t.Fatal(err)
			}
		}
		if got := f.platform.count("read"); got != n {
			t.Errorf("asked %d times, want %d", got, n)
		}
	}
	if d := f.due(); d != planned-3*minInterval {
		t.Errorf("readers have moved the sweeper's plan to %v", d)
	}
	f.platform.becomes(platform.MandateActive)
	f.clock.Advance(minInterval)
	waiting := f.waiting()
	if e, _, err := f.Current(t.Context(), "m_1", true); err != nil || !e.Ready() || !f.isDue(waiting) {
		t.Error(e, err)
	}
	f.clock.Advance(time.Minute)
	reads := f.platform.count("read")
	if _, _, err := f.Current(t.Context(), "m_1", true); err != nil || f.platform.count("read") != reads {
		t.Error("an active mandate needs no question", err)
	}
}

func TestReadersGetTheStoredStateWhenThePlatformIsDown(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.enrols()
	f.platform.fails(errDown)
	planned := f.due()
	for range 10 {
		f.clock.Advance(time.Second)
		if e, err := f.Refresh(t.Context(), "m_1", true); err != nil || e.MandateID != "mdt_1" {
			t.Fatal(e, err)
		}
	}
	if d := f.due(); d != planned-10*time.Second {
		t.Errorf("readers have moved the sweeper's plan to %v", d)
	}
}

func TestAReaderDoesNotWaitForAnotherCall(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.enrols()
	began, goOn := make(chan string), make(chan struct{})
	f.platform.first(func(_ context.Context, call string) error {
		began <- call
		<-goOn
		return nil
	})
	done := make(chan struct{})
	go func() {
		defer close(done)
		f.sweepNext()
	}()
	<-began
	f.clock.Advance(minInterval)
	if e, err := f.Refresh(t.Context(), "m_1", true); err != nil || e.Ready() {
		t.Error(e, err)
	}
	close(goOn)
	<-done
	if n := f.platform.count("read"); n != 1 {
		t.Errorf("asked %d times", n)
	}
}

func TestHints(t *testing.T) {
	t.Parallel()
	f := setup(t)
	e := f.enrols()
	for _, unknown := range []string{"", "cli_404"} {
		if err := f.Hint(t.Context(), true, unknown); err != nil {
			t.Error(err)
		}
	}
	if err := f.Hint(t.Context(), false, e.ClientID); err != nil || f.due() <= 0 {
		t.Error("a hint of the other mode", err)
	}
	f.platform.becomes(platform.MandateActive)
	if err := f.Hint(t.Context(), true, e.ClientID); err != nil {
		t.Fatal(err)
	}
	if d := f.sweepNext(); d > 0 {
		t.Errorf("asked after %v", d)
	}
	f.wants(platform.MandateActive)
}

// The platform was read before the news, and what was read is recorded after it.
func TestAHintDuringACallIsNotLost(t *testing.T) {
	t.Parallel()
	f := setup(t)
	e := f.enrols()
	f.platform.mu.Lock()
	f.platform.after = func(string) error {
		if err := f.Hint(context.Background(), true, e.ClientID); err != nil {
			t.Error(err)
		}
		return nil
	}
	f.platform.mu.Unlock()
	f.sweepNext()
	f.wants(platform.MandatePending)
	f.platform.mu.Lock()
	f.platform.after = func(string) error { return nil }
	f.platform.mu.Unlock()
	f.platform.becomes(platform.MandateActive)
	if d := f.sweepNext(); d > 0 {
		t.Errorf("asked after %v", d)
	}
	f.wants(platform.MandateActive)
}

func TestOnboardingLinks(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.platform.fails(errDown)
	f.enrols()
	_, err := f.Link(t.Context(), "m_1", true)
	if e := wantCode(t, err, errs.Unavailable); e.RetryAfter == 0 {
		t.Error("when again?")
	}
	f.platform.fails(nil)
	f.clock.Advance(minInterval)
	link, err := f.Link(t.Context(), "m_1", true) // the client is made for it
	if err != nil || link.URL != "https://kyb.example/cli_1" {
		t.Error(link, err)
	}
	f.platform.fails(errDown)
	_, err = f.Link(t.Context(), "m_1", true)
	wantCode(t, err, errs.Unavailable)
}

func TestRunFollowsMandatesUntilItEnds(t *testing.T) {
	t.Parallel()
	f := setup(t)
	asked := make(chan string, 10)
	f.platform.fails(errDown)
	f.enrols()
	f.platform.first(func(_ context.Context, call string) error {
		asked <- call
		return nil
	})
	f.clock.Advance(enrolHold)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- f.Run(ctx) }()
	f.loops[true].Nudge()
	for _, want := range []string{"client", "mandate"} {
		if got := <-asked; got != want {
			t.Errorf("asked for %s, want %s", got, want)
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	f.wants(platform.MandatePending)
}

func TestRunCancelsCallsAtShutdown(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.enrols()
	asked := make(chan string)
	f.platform.first(func(ctx context.Context, call string) error {
		asked <- call
		<-ctx.Done()
		return ctx.Err()
	})
	f.clock.Advance(15 * time.Second)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- f.Run(ctx) }()
	f.loops[true].Nudge()
	<-asked
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	f.wants(platform.MandatePending)
	if d := f.due(); d != 0 {
		t.Errorf("the next process asks after %v", d)
	}
}

func TestTheModesAreApart(t *testing.T) {
	t.Parallel()
	f := setup(t)
	test := newFake()
	test.becomes(platform.MandateActive)
	f.Platforms[false] = test
	f.Wake = func(livemode bool) {
		if livemode {
			t.Error("the live mode was woken")
		}
	}
	f.enrols()
	e, err := f.Enroll(t.Context(), "m_1", false, invoicetest.Settings(), nil)
	if err != nil || !e.Ready() || e.Code == "" {
		t.Error(e, err)
	}
	f.wantsStatus(platform.MandatePending)
	if test.clients["m_1-test"] == "" {
		t.Errorf("%v", test.clients)
	}
}

func (f *fixture) wantsStatus(status platform.MandateStatus) {
	f.t.Helper()
	if e := f.read(); e.status != status {
		f.t.Errorf("it is %s, want %s", e.status, status)
	}
}

// A reader who comes while the platform is being asked gets the answer to that question, and not the state before it.
func TestAReaderWaitsForTheQuestionInProgress(t *testing.T) {
	t.Parallel()
	f := setup(t)
	var asked atomic.Int64
	f.Now = func() time.Time { asked.Add(1); return f.clock.Now() }
	f.enrols()
	f.platform.becomes(platform.MandateActive)
	began, letGo := make(chan struct{}), make(chan struct{})
	var once sync.Once
	f.platform.first(func(context.Context, string) error {
		once.Do(func() { close(began); <-letGo })
		return nil
	})
	f.clock.Advance(time.Hour)
	swept := make(chan error, 1)
	go func() { _, err := f.loops[true].Once(context.Background()); swept <- err }()
	<-began
	before, answer := asked.Load(), make(chan Enrolment, 1)
	go func() {
		e, _, err := f.Current(context.Background(), "m_1", true)
		if err != nil {
			t.Error(err)
		}
		answer <- e
	}()
	for len(answer) == 0 && asked.Load() < before+5 { // until it is answered, or has looked again and again
		<-time.After(time.Millisecond)
	}
	early := len(answer) > 0
	close(letGo)
	if err := <-swept; err != nil {
		t.Fatal(err)
	}
	if got := <-answer; early || !got.Ready() {
		t.Errorf("it is %s, told before the platform answered: %v", got.Status(), early)
	}
}
