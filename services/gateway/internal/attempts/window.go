package attempts

import (
	"container/list"
	"sync"
	"time"

	"european-pay.eu/eupay/internal/errs"
)

// usualSpan is how long an attempt counts, unless a window says otherwise.
const usualSpan = time.Minute

// maxWindows bounds the memory of a window. Only an attack has more callers than that within a few minutes.
const maxWindows = 100_000

// Window is a sliding window in memory: at most limit attempts of one name within its span. When it is full, the name whose latest
// attempt is the oldest is forgotten: a flood of names must not lock everybody out.
type Window struct {
	limit int
	span  time.Duration

	mu       sync.Mutex
	attempts map[string]*list.Element // of *recent
	// quiet has the names by their latest attempt, the oldest first.
	quiet *list.List
}

type recent struct {
	name  string
	times []time.Time
}

// NewWindow counts over a minute.
func NewWindow(limit int) *Window { return NewWindowOver(limit, usualSpan) }

// NewWindowOver counts over the span.
func NewWindowOver(limit int, span time.Duration) *Window {
	return &Window{limit: limit, span: span, attempts: make(map[string]*list.Element), quiet: list.New()}
}

// Take counts one attempt, or returns RATE_LIMIT_EXCEEDED with the time until the next is allowed. A refused attempt
// does not count, so waiting always helps.
func (w *Window) Take(name string, now time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	times := w.recentOf(name, now)
	if len(times) >= w.limit {
		return tooMany(times[0].Add(w.span).Sub(now))
	}
	w.drop(name)
	if len(w.attempts) >= maxWindows {
		w.drop(w.quiet.Front().Value.(*recent).name)
	}
	w.attempts[name] = w.quiet.PushBack(&recent{name, append(times, now)})
	return nil
}

// Count is how many attempts of the name are in the window.
func (w *Window) Count(name string, now time.Time) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.recentOf(name, now))
}

// GiveBack takes the latest attempt of a name back: it was never carried out.
func (w *Window) GiveBack(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if e := w.attempts[name]; e != nil {
		a := e.Value.(*recent)
		a.times = a.times[:max(len(a.times)-1, 0)]
	}
}

// Reset forgets the attempts of a name that has proven itself.
func (w *Window) Reset(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.drop(name)
}

func (w *Window) drop(name string) {
	if e := w.attempts[name]; e != nil {
		w.quiet.Remove(e)
		delete(w.attempts, name)
	}
}

func (w *Window) recentOf(name string, now time.Time) []time.Time {
	e := w.attempts[name]
	if e == nil {
		return nil
	}
	times := e.Value.(*recent).times
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
