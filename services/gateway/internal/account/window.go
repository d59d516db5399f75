package account

import (
	"sync"
	"time"

	"european-pay.eu/eupay/internal/errs"
)

// maxWindows bounds the memory of a window. Only an attack has more callers than that within a few minutes.
const maxWindows = 100_000

// window is a sliding window in memory: at most limit attempts of one name within span.
type window struct {
	limit int
	span  time.Duration

	mu       sync.Mutex
	attempts map[string][]time.Time
}

func newWindow(limit int, span time.Duration) *window {
	return &window{limit: limit, span: span, attempts: make(map[string][]time.Time)}
}

// take counts one attempt, or returns RATE_LIMIT_EXCEEDED with the time until the next is allowed. A refused attempt
// does not count, so waiting always helps.
func (w *window) take(name string, now time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	recent := w.recent(name, now)
	if len(recent) >= w.limit {
		return tooMany(recent[0].Add(w.span).Sub(now))
	}
	if len(w.attempts) >= maxWindows {
		w.sweep(now)
	}
	if len(w.attempts) >= maxWindows {
		return tooMany(w.span)
	}
	w.attempts[name] = append(recent, now)
	return nil
}

// reset forgets the attempts of a name that has proven itself.
func (w *window) reset(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.attempts, name)
}

func (w *window) recent(name string, now time.Time) []time.Time {
	list := w.attempts[name]
	for len(list) > 0 && !list[0].After(now.Add(-w.span)) {
		list = list[1:]
	}
	return list
}

func (w *window) sweep(now time.Time) {
	for name := range w.attempts {
		if len(w.recent(name, now)) == 0 {
			delete(w.attempts, name)
		}
	}
}

func tooMany(wait time.Duration) error {
	e := errs.New(errs.RateLimitExceeded, "Too many attempts. Wait before you try again.")
	e.RetryAfter = wait
	return e
}
