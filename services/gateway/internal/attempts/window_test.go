package attempts

import (
	"strconv"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/gateway/internal/roomtest"
)

func TestWindowSlides(t *testing.T) {
	t.Parallel()
	w, at := NewWindow(2), roomtest.Clock()
	take := func() error { return w.Take("x", at.Now()) }
	if take() != nil {
		t.Fatal("first")
	}
	at.Advance(40 * time.Second)
	if take() != nil {
		t.Fatal("second")
	}
	if e := roomtest.WantCode(t, take(), errs.RateLimitExceeded); e.RetryAfter != 20*time.Second {
		t.Fatalf("retry after %s", e.RetryAfter)
	}
	if err := w.Take("y", at.Now()); err != nil {
		t.Fatal("another name is limited too")
	}
	at.Advance(20 * time.Second)
	if take() != nil {
		t.Fatal("third, after the first has left the window")
	}
	roomtest.WantCode(t, take(), errs.RateLimitExceeded)
	w.Reset("x")
	if take() != nil {
		t.Fatal("after the reset")
	}
}

// A flood of names must not close the door to the names of others.
func TestAFullWindowForgetsTheQuietestName(t *testing.T) {
	t.Parallel()
	w, at := NewWindow(1), roomtest.Clock()
	name := func(i int) string { return strconv.Itoa(i) }
	for i := range maxWindows {
		if err := w.Take(name(i), at.Now()); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Take("one more", at.Now()); err != nil {
		t.Fatalf("refused for what others did: %v", err)
	}
	roomtest.WantCode(t, w.Take("one more", at.Now()), errs.RateLimitExceeded)
	roomtest.WantCode(t, w.Take(name(1), at.Now()), errs.RateLimitExceeded)
	at.Advance(usualSpan)
	if err := w.Take(name(2), at.Now()); err != nil { // and it is the quietest no more
		t.Fatal(err)
	}
	for i := range 2 {
		if err := w.Take("two more "+name(i), at.Now()); err != nil {
			t.Fatal(err)
		}
	}
	roomtest.WantCode(t, w.Take(name(2), at.Now()), errs.RateLimitExceeded)
	if err := w.Take(name(0), at.Now()); err != nil || len(w.attempts) != maxWindows || w.quiet.Len() != maxWindows {
		t.Fatalf("%v, %d and %d names", err, len(w.attempts), w.quiet.Len())
	}
}
