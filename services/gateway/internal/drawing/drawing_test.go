package drawing

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/labstack/echo/v4"
	"go.uber.org/goleak"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/kit/testclock"
	"european-pay.eu/eupay/services/gateway/internal/ratelimit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// easel is a route that draws until the test ends the drawing.
type easel struct {
	*Bounds
	handler echo.HandlerFunc
	begun   chan string
	finish  chan struct{}
}

func setup(perMinute int) *easel {
	clock := testclock.New(time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC))
	e := &easel{Bounds: New(ratelimit.NewMemory(clock.Now), perMinute), begun: make(chan string, 100), finish: make(chan struct{})}
	merchant := func(c echo.Context) string { return c.Request().Header.Get("Merchant") }
	e.handler = e.For(merchant)(func(c echo.Context) error {
		e.begun <- merchant(c)
		<-e.finish
		return nil
	})
	return e
}

// draw calls as a merchant or, without one, from an address.
func (e *easel) draw(merchant, from string) error {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Merchant", merchant)
	c := echo.New().NewContext(r, httptest.NewRecorder())
	c.Echo().IPExtractor = func(*http.Request) string { return from }
	return e.handler(c)
}

func wants(t *testing.T, err error, code errs.Code) {
	t.Helper()
	if code == "" && err != nil || code != "" && !errs.Is(err, code) {
		t.Errorf("got %v, want %s", err, code)
	}
}

func TestOneMerchantDrawsFewAtOnceAndOthersDoNotWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := setup(1000)
		var all sync.WaitGroup
		draw := func(who string) {
			all.Go(func() {
				if err := e.draw(who, ""); err != nil {
					t.Error(err)
				}
			})
		}
		for range atOnce + maxLine {
			draw("busy")
		}
		synctest.Wait()
		if n := len(e.begun); n != atOnce {
			t.Errorf("%d are drawn at once", n)
		}
		wants(t, e.draw("busy", ""), errs.RateLimitExceeded)
		draw("other")
		synctest.Wait()
		if n := len(e.begun); n != atOnce+1 {
			t.Error("another merchant waits")
		}
		close(e.finish)
		all.Wait()
		if len(e.lanes) != 0 {
			t.Errorf("%d lanes are left", len(e.lanes))
		}
	})
}

func TestAWaitForADrawingIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := setup(1000)
		var busy sync.WaitGroup
		for range atOnce {
			busy.Go(func() { wants(t, e.draw("busy", ""), "") })
		}
		synctest.Wait()
		start := time.Now()
		wants(t, e.draw("busy", ""), errs.RateLimitExceeded)
		if waited := time.Since(start); waited != maxWait {
			t.Errorf("waited %s", waited)
		}
		close(e.finish)
		busy.Wait()
	})
}

func TestDrawingsPerMinuteAreLimitedByMerchantOrNetwork(t *testing.T) {
	t.Parallel()
	e := setup(2)
	close(e.finish)
	for _, who := range []struct{ merchant, from, neighbour string }{
		{"a", "192.0.2.1", "198.51.100.1"}, {"b", "192.0.2.1", "192.0.2.1"}, {"", "192.0.2.1", "192.0.2.1"}, {"", "2001:db8:1:1::1", "2001:db8:1:1::2"},
	} {
		for range 2 {
			if err := e.draw(who.merchant, who.from); err != nil {
				t.Errorf("%+v: %v", who, err)
			}
		}
		wants(t, e.draw(who.merchant, who.neighbour), errs.RateLimitExceeded)
	}
}
