package listen

import (
	"sync"
	"time"

	"european-pay.eu/eupay/internal/errs"
)

const (
	maxStreams            = 100
	maxStreamsPerMerchant = 5
	// slotRetryAfter is the retry delay for a client over the limit.
	slotRetryAfter = 10 * time.Second
)

// slots limits the open streams in this process.
type slots struct {
	mu   sync.Mutex
	all  int
	each map[string]int
}

// take occupies a slot until release is called, or returns RATE_LIMIT_EXCEEDED.
func (s *slots) take(merchant string) (release func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.each[merchant] >= maxStreamsPerMerchant:
		return nil, errTooMany("Your account already has %d listeners. Stop one first.", maxStreamsPerMerchant)
	case s.all >= maxStreams:
		return nil, errTooMany("Too many listeners are connected. Try again in a moment.")
	}
	s.all++
	s.each[merchant]++
	return func() { s.free(merchant) }, nil
}

func (s *slots) free(merchant string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all--
	if s.each[merchant]--; s.each[merchant] == 0 {
		delete(s.each, merchant)
	}
}

func errTooMany(format string, args ...any) error {
	e := errs.New(errs.RateLimitExceeded, format, args...)
	e.RetryAfter = slotRetryAfter
	return e
}
