package web

import (
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
)

const (
	// promptRefusals is how many refusals per minute an address gets without delay: a client that respects Retry-After gets
	// fewer.
	promptRefusals = 100
	// refusalWait is the delay of each further one. It slows a client that repeats without a pause to a rate that costs nothing.
	refusalWait = 500 * time.Millisecond
	// maxWaiting is the maximum number of concurrently delayed refusals. Beyond it they are answered at once, so that a flood of
	// connections occupies no memory.
	maxWaiting = 2048
	// maxFlooders limits the number of addresses in memory.
	maxFlooders = 10_000
)

// flood slows down callers who continue after RATE_LIMIT_EXCEEDED, or with wrong credentials: even a refusal costs time, and
// thousands per second would harm others.
type flood struct {
	waiting chan struct{}

	mu    sync.Mutex
	began time.Time
	// refusals of the current minute by address.
	refusals map[netip.Addr]int
}

func newFlood() *flood {
	return &flood{waiting: make(chan struct{}, maxWaiting), refusals: make(map[netip.Addr]int)}
}

func (f *flood) slow(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		err := next(c)
		if !refused(err) || f.count(ClientIP(c), time.Now()) <= promptRefusals {
			return err
		}
		select {
		case f.waiting <- struct{}{}:
		default:
			return err
		}
		defer func() { <-f.waiting }()
		timer := time.NewTimer(refusalWait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-c.Request().Context().Done():
		}
		return err
	}
}

// refused reports whether the error is one that a flood repeats.
func refused(err error) bool {
	return err != nil && slices.ContainsFunc([]errs.Code{
		errs.RateLimitExceeded, errs.Unauthenticated, errs.InvalidAPIKey, errs.InvalidSecret, errs.InvalidLogin,
	}, func(code errs.Code) bool { return errs.Is(err, code) })
}

// count returns the number of refusals of the address in this minute.
func (f *flood) count(addr netip.Addr, now time.Time) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now.Sub(f.began) >= time.Minute || len(f.refusals) >= maxFlooders {
		f.began = now
		clear(f.refusals)
	}
	f.refusals[addr]++
	return f.refusals[addr]
}
