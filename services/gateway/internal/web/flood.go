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
	// promptRefusals of one address in a minute are answered at once: a client that looks at Retry-After gets fewer.
	promptRefusals = 100
	// refusalWait is how long each further one waits. Who repeats without a pause is slowed down to what costs nothing.
	refusalWait = 500 * time.Millisecond
	// maxWaiting are the refusals that wait at once; beyond them they are answered at once, so that a flood of connections
	// holds no memory.
	maxWaiting = 2048
	// maxFlooders bounds the memory for addresses.
	maxFlooders = 10_000
)

// flood slows down who goes on after RATE_LIMIT_EXCEEDED, or with wrong credentials: even a refusal costs, and thousands in a
// second cost others.
type flood struct {
	waiting chan struct{}

	mu    sync.Mutex
	began time.Time
	// refusals of this minute by address.
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

// refused reports whether repeating the same is what a flood does.
func refused(err error) bool {
	return err != nil && slices.ContainsFunc([]errs.Code{
		errs.RateLimitExceeded, errs.Unauthenticated, errs.InvalidAPIKey, errs.InvalidSecret, errs.InvalidLogin,
	}, func(code errs.Code) bool { return errs.Is(err, code) })
}

// count tells how many refusals the address has had in this minute.
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
