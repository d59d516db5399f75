package account

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"european-pay.eu/eupay/internal/errs"
)

func TestGateWaitsForATurnButNotForEver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(1, 2*time.Second)
		if err := g.enter(t.Context()); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		wantCode(t, g.enter(t.Context()), errs.Unavailable)
		if waited := time.Since(start); waited != 2*time.Second {
			t.Fatalf("waited %s", waited)
		}
		time.AfterFunc(time.Second, g.leave)
		if err := g.enter(t.Context()); err != nil {
			t.Fatal(err)
		}
		g.leave()
	})
}

func TestGateBoundsTheQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(1, time.Minute)
		g.queue = 2
		for range 3 { // one inside, two waiting
			go func() {
				if err := g.enter(t.Context()); err != nil {
					t.Error(err)
				}
			}()
		}
		synctest.Wait()
		start := time.Now()
		wantCode(t, g.enter(t.Context()), errs.Unavailable)
		if time.Since(start) != 0 {
			t.Fatal("the third waited")
		}
		g.leave()
		synctest.Wait()
		g.leave()
		synctest.Wait()
	})
}

func TestWindowSlides(t *testing.T) {
	t.Parallel()
	w, at := newWindow(2), newClock()
	take := func() error { return w.take("x", at.Now()) }
	if take() != nil {
		t.Fatal("first")
	}
	at.Advance(40 * time.Second)
	if take() != nil {
		t.Fatal("second")
	}
	if e := wantCode(t, take(), errs.RateLimitExceeded); e.RetryAfter != 20*time.Second {
		t.Fatalf("retry after %s", e.RetryAfter)
	}
	if err := w.take("y", at.Now()); err != nil {
		t.Fatal("another name is limited too")
	}
	at.Advance(20 * time.Second)
	if take() != nil {
		t.Fatal("third, after the first has left the window")
	}
	wantCode(t, take(), errs.RateLimitExceeded)
	w.reset("x")
	if take() != nil {
		t.Fatal("after the reset")
	}
}

// A flood of names must not close the door to the names of others.
func TestAFullWindowForgetsTheQuietestName(t *testing.T) {
	t.Parallel()
	w, at := newWindow(1), newClock()
	name := func(i int) string { return strconv.Itoa(i) }
	for i := range maxWindows {
		if err := w.take(name(i), at.Now()); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.take("one more", at.Now()); err != nil {
		t.Fatalf("refused for what others did: %v", err)
	}
	wantCode(t, w.take("one more", at.Now()), errs.RateLimitExceeded)
	wantCode(t, w.take(name(1), at.Now()), errs.RateLimitExceeded)
	at.Advance(windowSpan)
	if err := w.take(name(2), at.Now()); err != nil { // and it is the quietest no more
		t.Fatal(err)
	}
	for i := range 2 {
		if err := w.take("two more "+name(i), at.Now()); err != nil {
			t.Fatal(err)
		}
	}
	wantCode(t, w.take(name(2), at.Now()), errs.RateLimitExceeded)
	if err := w.take(name(0), at.Now()); err != nil || len(w.attempts) != maxWindows || w.quiet.Len() != maxWindows {
		t.Fatalf("%v, %d and %d names", err, len(w.attempts), w.quiet.Len())
	}
}
