package grpcapi

import (
	"context"
	"errors"
	"testing"
	"time"

	"european-pay.eu/eupay/services/payments/internal/store"
)

// counting is a store whose counts the test ends.
type counting struct {
	begun chan struct{}
	end   chan error
	n     int64
	now   time.Time
}

func (c *counting) count(context.Context, store.Period) (store.Summary, error) {
	c.begun <- struct{}{}
	err := <-c.end
	c.n++
	return store.Summary{Statuses: []store.StatusTotal{{Count: c.n}}}, err
}

func TestAPeriodIsCountedOnceForAllWhoAsk(t *testing.T) {
	t.Parallel()
	c := &counting{begun: make(chan struct{}), end: make(chan error), now: time.Unix(1, 0)}
	s := newSummaries(c.count, func() time.Time { return c.now })
	ask := func(p store.Period) chan int64 {
		out := make(chan int64, 1)
		go func() {
			got, err := s.get(context.Background(), p)
			if err != nil {
				out <- -1
				return
			}
			out <- got.Statuses[0].Count
		}()
		return out
	}
	period := store.Period{MerchantID: "m"}
	first := ask(period)
	<-c.begun
	second := ask(period)
	c.end <- nil
	if a, b := <-first, <-second; a != 1 || b != 1 {
		t.Errorf("counted as %d and %d", a, b)
	}
	if got := <-ask(period); got != 1 {
		t.Errorf("a moment later: %d", got)
	}
	// Another merchant does not get it.
	other := ask(store.Period{MerchantID: "n"})
	<-c.begun
	c.end <- nil
	if got := <-other; got != 2 {
		t.Errorf("another merchant: %d", got)
	}
	// When it is old one counts, and the others get what there is.
	c.now = c.now.Add(summaryAge)
	third := ask(period)
	<-c.begun
	if got := <-ask(period); got != 1 {
		t.Errorf("while it is counted anew: %d", got)
	}
	c.end <- nil
	if got := <-third; got != 3 {
		t.Errorf("whoever counts gets %d", got)
	}
}

func TestACountThatFailsIsNotKept(t *testing.T) {
	t.Parallel()
	c := &counting{begun: make(chan struct{}, 9), end: make(chan error, 9), now: time.Unix(1, 0)}
	s := newSummaries(c.count, func() time.Time { return c.now })
	failure := errors.New("away")
	c.end <- failure
	if _, err := s.get(t.Context(), store.Period{}); !errors.Is(err, failure) {
		t.Errorf("%v", err)
	}
	c.end <- nil
	if got, err := s.get(t.Context(), store.Period{}); err != nil || got.Statuses[0].Count != 2 {
		t.Errorf("%v, %v", got, err)
	}
	// A later failure leaves the answer before it, but not for ever.
	c.now = c.now.Add(summaryAge)
	c.end <- failure
	if got, err := s.get(t.Context(), store.Period{}); err != nil || got.Statuses[0].Count != 2 {
		t.Errorf("%v, %v", got, err)
	}
	c.now = c.now.Add(summaryEnd)
	c.end <- failure
	if _, err := s.get(t.Context(), store.Period{}); !errors.Is(err, failure) {
		t.Errorf("%v", err)
	}
}
