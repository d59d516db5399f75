package account

import (
	"container/list"
	"sync"
	"time"

	"european-pay.eu/eupay/internal/errs"
)

// windowSpan is how long an attempt counts, unless a window says otherwise.
const windowSpan = time.Minute

// maxWindows bounds the memory of a window. Only an attack has more callers than that within a few minutes.
const maxWindows = 100_000

// window is a sliding window in memory: at most limit attempts of one name within its span. When it is full, the name that was
// quiet for longest makes room: a flood of names must not close the door to everybody.
type window struct {
	limit int
	span  time.Duration

	mu       sync.Mutex
	attempts map[string]*list.Element // of *attempts
	// quiet has the names by their latest attempt, the oldest first.
	quiet *list.List
}

type attempts struct {
	name  string
	times []time.Time
}

func newWindow(limit int) *window { return newWindowOver(limit, windowSpan) }

func newWindowOver(limit int, span time.Duration) *window {
	return &window{limit: limit, span: span, attempts: make(map[string]*list.Element), quiet: list.New()}
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
	w.drop(name)
	if len(w.attempts) >= maxWindows {
		w.drop(w.quiet.Front().Value.(*attempts).name)
	}
	w.attempts[name] = w.quiet.PushBack(&attempts{name, append(recent, now)})
	return nil
}

// count is how many attempts of the name are in the window.
func (w *window) count(name string, now time.Time) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.recent(name, now))
}

// giveBack takes the latest attempt of a name back: it was never carried out.
func (w *window) giveBack(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if e := w.attempts[name]; e != nil {
		a := e.Value.(*attempts)
		a.times = a.times[:max(len(a.times)-1, 0)]
	}
}

// reset forgets the attempts of a name that has proven itself.
func (w *window) reset(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.drop(name)
}

func (w *window) drop(name string) {
	if e := w.attempts[name]; e != nil {
		w.quiet.Remove(e)
		delete(w.attempts, name)
	}
}

func (w *window) recent(name string, now time.Time) []time.Time {
	e := w.attempts[name]
	if e == nil {
		return nil
	}
	times := e.Value.(*attempts).times
	for len(times) > 0 && !times[0].After(now.Add(-w.span)) {
		times = times[1:]
	}
	return times
}

func tooMany(wait time.Duration) error {
	e := errs.New(errs.RateLimitExceeded, "Too many attempts. Wait before you try again.")
	e.RetryAfter = wait
	return e
}
