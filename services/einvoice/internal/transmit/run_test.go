package transmit

import (
	"context"
	"testing"
	"time"
)

func TestRunCompletesAttemptsInProgress(t *testing.T) {
	t.Parallel()
	f := setup(t)
	subject := f.add("m_1")
	began, letGo := f.sender.holding()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- f.Run(ctx) }()
	f.Wake(true)
	<-began
	cancel()
	late := f.add("m_1")
	f.Wake(true)
	letGo <- nil
	if err := <-ended; err != nil {
		t.Error(err)
	}
	f.wants(subject, "sent", 1)
	if s := f.row(late).state; s != "waiting" { // a claim that was under way may have taken it, and has not sent it
		t.Errorf("what came late is %s", s)
	}
}

func TestRunCancelsHangingAttempts(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.Engine = f.engine(Config{Grace: 1})
	subject := f.add("m_1")
	began, _ := f.sender.holding()
	stop := run(t, f.Engine)
	<-began
	stop()
	f.wants(subject, "waiting", 1)
	if f.modes[true].breaker.Open() {
		t.Error("that was not the platform's fault")
	}
}

func TestRunLooksByItself(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.Engine = f.engine(Config{Every: time.Millisecond})
	began, letGo := f.sender.holding()
	stop := run(t, f.Engine)
	f.add("m_1") // nobody wakes the workers
	<-began
	letGo <- nil
	stop()
}
