package live

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	eupay "european-pay.eu/eupay/sdk/go"
)

// events is what a merchant's newest event is, and how often it was asked for.
type events struct {
	asked atomic.Int32
	id    atomic.Value
	err   atomic.Value
}

func (e *events) newest(context.Context) (string, error) {
	e.asked.Add(1)
	if err, _ := e.err.Load().(error); err != nil {
		return "", err
	}
	id, _ := e.id.Load().(string)
	return id, nil
}

func told(l *listener) bool {
	select {
	case <-l.changed:
		return true
	default:
		return false
	}
}

func TestPagesOfAMerchantShareOnePoller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, a, b := newHub(), &events{}, &events{}
		join := func(merchant string, live bool, user string, e *events) *listener {
			l, err := h.join(room{merchant, live}, user, e.newest)
			if err != nil {
				t.Fatal(err)
			}
			return l
		}
		first, second := join("m", false, "1", a), join("m", false, "2", a)
		other, live := join("n", false, "3", b), join("m", true, "1", b)
		time.Sleep(10 * pollEvery)
		if n := a.asked.Load(); n < 8 || n > 13 {
			t.Errorf("asked %d times", n)
		}
		if told(first) || told(second) {
			t.Error("told of what was there before")
		}
		a.id.Store("evt_1")
		time.Sleep(2 * pollEvery)
		if !told(first) || !told(second) || told(other) || told(live) {
			t.Error("the merchant's pages of the mode are told, and nobody else")
		}
		time.Sleep(2 * pollEvery)
		if told(first) {
			t.Error("told twice of one event")
		}
		first.leave()
		second.leave()
		other.leave()
		live.leave()
		before := a.asked.Load()
		time.Sleep(10 * pollEvery)
		if n := a.asked.Load(); n > before+1 || len(h.rooms) != 0 || len(h.users) != 0 || h.count != 0 {
			t.Errorf("asked %d times after the last page was closed; %v", n-before, h)
		}
	})
}

func TestAFailureOfTheAPIIsWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, e := newHub(), &events{}
		l, err := h.join(room{"m", false}, "1", e.newest)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(pollEvery * 2)
		e.err.Store(errors.New("away"))
		time.Sleep(pollEvery + pollAgain*3)
		if n := e.asked.Load(); n > 8 {
			t.Errorf("asked %d times", n)
		}
		l.leave()
		time.Sleep(pollAgain)
	})
}

func TestPagesComeBackWhenTheLoginHasEnded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, e := newHub(), &events{}
		l, err := h.join(room{"m", false}, "1", func(context.Context) (string, error) {
			return "", &eupay.Error{Code: eupay.ErrUnauthenticated, Status: 401}
		})
		if err != nil {
			t.Fatal(err)
		}
		<-l.ended
		again, err := h.join(room{"m", false}, "1", e.newest)
		if err != nil {
			t.Fatal(err)
		}
		l.leave() // it must not end the new one
		time.Sleep(pollEvery * 3)
		if e.asked.Load() < 2 {
			t.Error("the new page is not served")
		}
		again.leave()
		time.Sleep(pollEvery * 2)
		if h.count != 0 || len(h.users) != 0 || len(h.rooms) != 0 {
			t.Errorf("left over: %v", h)
		}
	})
}

func TestAUserHasFewStreams(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, e := newHub(), &events{}
		var all []*listener
		for range maxPerUser {
			l, err := h.join(room{"m", false}, "1", e.newest)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, l)
		}
		if _, err := h.join(room{"m", true}, "1", e.newest); !errors.Is(err, errFull) {
			t.Errorf("one more: %v", err)
		}
		for _, l := range all {
			l.leave()
		}
		l, err := h.join(room{"m", true}, "1", e.newest)
		if err != nil {
			t.Fatalf("after they left: %v", err)
		}
		l.leave()
		time.Sleep(pollEvery * 2)
	})
}
