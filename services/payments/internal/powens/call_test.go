package powens

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestReadsAreRepeated(t *testing.T) {
	t.Parallel()
	for name, h := range map[string]http.HandlerFunc{
		"internal": answering(500, ``), "maintenance": answering(503, ``), "hang up": hangUp, "cut": cut, "too many": answering(429, ``),
	} {
		synctest.Test(t, func(t *testing.T) {
			p := &provider{handle: inTurn(h, h, answering(200, created))}
			c, end := inMemory(p, config(sandbox))
			defer end()
			if _, err := c.GetPayment(t.Context(), "42"); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if _, calls := p.counts(); calls != 3 {
				t.Errorf("%s: %d calls", name, calls)
			}
		})
	}
}

func TestRefusedReadsAreNotRepeated(t *testing.T) {
	t.Parallel()
	for _, status := range []int{302, 400, 403, 404, 409} {
		p := &provider{handle: answering(status, ``)}
		if _, err := connect(t, p).GetPayment(t.Context(), "42"); err == nil {
			t.Errorf("%d: no error", status)
		}
		if _, calls := p.counts(); calls != 1 {
			t.Errorf("%d: %d calls", status, calls)
		}
	}
}

func TestRetriesAreLimited(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &provider{handle: answering(503, ``)}
		c, end := inMemory(p, config(sandbox))
		defer end()
		_, err := c.PaymentURL(t.Context(), "42", "")
		if !IsAmbiguous(err) {
			t.Errorf("got %v", err)
		}
		if _, calls := p.counts(); calls != maxAttempts {
			t.Errorf("%d calls", calls)
		}
	})
}

func TestARateLimitIsWaitedOutOrReported(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		header string
		ok     bool
	}{{"4", true}, {"60", false}} {
		synctest.Test(t, func(t *testing.T) {
			limited := func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Retry-After", tt.header)
				answering(429, ``)(w, r)
			}
			c, end := inMemory(&provider{handle: inTurn(limited, answering(200, created))}, config(sandbox))
			defer end()
			start := time.Now()
			_, err := c.GetPayment(t.Context(), "42")
			took := time.Since(start)
			if tt.ok && (err != nil || took < 4*time.Second) {
				t.Errorf("waited %s: %v", took, err)
			}
			var e *Error
			if !tt.ok && (took > 0 || !errors.As(err, &e) || e.RetryAfter != time.Minute) {
				t.Errorf("waited %s for nothing: %v", took, err)
			}
		})
	}
}

func TestASilentProviderIsAmbiguousAfterTheTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		silent := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
		cfg := config(sandbox)
		cfg.CallTimeout = 3 * time.Second
		c, end := inMemory(&provider{handle: silent}, cfg)
		defer end()
		start := time.Now()
		_, err := c.CreatePayment(t.Context(), order())
		if !IsAmbiguous(err) || !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 3*time.Second {
			t.Errorf("after %s: %v", time.Since(start), err)
		}
	})
}

func TestParallelCallsAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int32
		slow := func(w http.ResponseWriter, r *http.Request) {
			n := now.Add(1)
			defer now.Add(-1)
			if n > most.Load() {
				most.Store(n)
			}
			time.Sleep(time.Second) // the bubble's clock
			answering(200, created)(w, r)
		}
		cfg := config(sandbox)
		cfg.MaxInFlight, cfg.CallTimeout = 3, 2500*time.Millisecond
		c, end := inMemory(&provider{handle: slow}, cfg)
		defer end()
		var (
			wg     sync.WaitGroup
			failed atomic.Int32
		)
		for range 9 { // three rounds of one second, of which only two fit into the time
			wg.Go(func() {
				if _, err := c.CreatePayment(t.Context(), order()); err != nil {
					failed.Add(1)
				}
			})
		}
		wg.Wait()
		if most.Load() != 3 || failed.Load() != 3 {
			t.Errorf("at most %d in parallel, %d failed", most.Load(), failed.Load())
		}
	})
}

func TestACallThatNeverGotASlotIsNotAmbiguous(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		silent := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
		cfg := config(sandbox)
		cfg.MaxInFlight, cfg.CallTimeout = 1, 20*time.Second
		c, end := inMemory(&provider{handle: silent}, cfg)
		defer end()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() {
			_, err := c.CreatePayment(ctx, order())
			done <- err
		}()
		synctest.Wait()
		short, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		if _, err := c.CreatePayment(short, order()); !errors.Is(err, context.DeadlineExceeded) || IsAmbiguous(err) {
			t.Errorf("the one that waited: %v", err)
		}
		cancel()
		if err := <-done; !IsAmbiguous(err) || !errors.Is(err, context.Canceled) {
			t.Errorf("the one that was sent: %v", err)
		}
	})
}

func TestAFailingProviderOpensTheCircuit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var well atomic.Bool
		p := &provider{handle: func(w http.ResponseWriter, r *http.Request) {
			if well.Load() {
				answering(200, created)(w, r)
				return
			}
			answering(503, ``)(w, r)
		}}
		c, end := inMemory(p, config(sandbox))
		defer end()
		for range 2 * breakerConfig.TripAfter {
			c.CreatePayment(t.Context(), order())
		}
		if _, calls := p.counts(); calls != breakerConfig.TripAfter {
			t.Fatalf("%d calls reached the provider", calls)
		}
		_, err := c.CreatePayment(t.Context(), order())
		var e *Error
		if !errors.As(err, &e) || e.Ambiguous || e.RetryAfter <= 0 || IsRefused(err) {
			t.Errorf("got %v", err)
		}
		well.Store(true)
		time.Sleep(breakerConfig.First) // the bubble's clock
		for range 5 {
			if _, err := c.CreatePayment(t.Context(), order()); err != nil {
				t.Errorf("after the cool-down: %v", err)
			}
		}
	})
}
