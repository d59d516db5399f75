package web

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
)

// tookToRefuse calls a route that refuses, and returns how long the answer took.
func tookToRefuse(e *echo.Echo, from string) time.Duration {
	start := time.Now()
	r := httptest.NewRequest(http.MethodGet, "/limited", nil)
	r.RemoteAddr = from + ":1"
	e.ServeHTTP(httptest.NewRecorder(), r)
	return time.Since(start)
}

func TestRepeatedRefusalsAreDelayed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := New(quiet, nil)
		codes := []errs.Code{errs.RateLimitExceeded, errs.InvalidSecret, errs.InvalidAPIKey, errs.Unauthenticated, errs.InvalidLogin}
		n := 0
		e.GET("/limited", func(echo.Context) error {
			n++
			return errs.New(codes[n%len(codes)], "Wait.")
		})
		e.GET("/other", func(echo.Context) error { return errs.NotFound("Thing") })
		for i := range promptRefusals {
			if took := tookToRefuse(e, "192.0.2.1"); took != 0 {
				t.Fatalf("refusal %d waits %s", i+1, took)
			}
		}
		for range codes {
			if took := tookToRefuse(e, "192.0.2.1"); took != refusalWait {
				t.Errorf("waits %s", took)
			}
		}
		if took := tookToRefuse(e, "192.0.2.2"); took != 0 {
			t.Errorf("another address waits %s", took)
		}
		start := time.Now()
		r := httptest.NewRequest(http.MethodGet, "/other", nil)
		r.RemoteAddr = "192.0.2.1:1"
		e.ServeHTTP(httptest.NewRecorder(), r)
		if took := time.Since(start); took != 0 {
			t.Errorf("what is not refused waits %s", took)
		}
		time.Sleep(time.Minute)
		if took := tookToRefuse(e, "192.0.2.1"); took != 0 {
			t.Errorf("a minute later it waits %s", took)
		}
	})
}

func TestTheNumberOfDelayedRefusalsIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFlood()
		f.waiting = make(chan struct{}, 1)
		e := echo.New()
		e.IPExtractor = ipExtractor(nil)
		e.GET("/limited", func(echo.Context) error { return errs.New(errs.RateLimitExceeded, "Wait.") }, f.slow)
		for range promptRefusals {
			tookToRefuse(e, "192.0.2.1")
		}
		var first sync.WaitGroup
		first.Go(func() { tookToRefuse(e, "192.0.2.1") })
		synctest.Wait()
		if took := tookToRefuse(e, "192.0.2.1"); took != 0 {
			t.Errorf("the second waits %s", took)
		}
		first.Wait()
	})
}

func TestTheMemoryForFloodersIsBounded(t *testing.T) {
	t.Parallel()
	f := newFlood()
	addr := netip.MustParseAddr("10.0.0.0")
	now := time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC)
	for range 2*maxFlooders + 1 {
		f.count(addr, now)
		addr = addr.Next()
	}
	if n := len(f.refusals); n > maxFlooders {
		t.Errorf("%d addresses", n)
	}
}
