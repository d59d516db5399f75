package slots

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"european-pay.eu/eupay/services/gateway/internal/patience"
)

const (
	// MaxLine bounds how many callers of one name wait.
	MaxLine = 16
	// maxWaiting bounds how many callers of all names wait.
	maxWaiting = 256
)

// Turn is who asks for a slot, and why.
type Turn struct {
	// Name is the account, key or merchant that the computation is for. Names take turns.
	Name string
	// Rank orders those of one name who wait, the lowest first: how often the caller was wrong before.
	Rank int
}

// Turns is a gate that is fair between names: each has its own bounded line and at most half of the slots, and the lines are
// served in turn. So a flood of one name waits behind itself, and the others wait for one computation.
type Turns struct {
	patience time.Duration
	perLine  int
	perName  int

	mu      sync.Mutex
	free    int
	waiting int
	lines   map[string]*line
	// order has the lines in which somebody waits, the next one first.
	order []*line
}

// line is one name: how many of it have a slot, and who waits, the next one first.
type line struct {
	name    string
	inside  int
	waiters []*waiter
}

type waiter struct {
	rank int
	// settled says once whether the waiter has got a slot (true) or is refused.
	settled chan bool
}

// NewTurns returns turns at that many slots, at least one. Patience is how long a caller waits for one.
func NewTurns(slots int, patience time.Duration) *Turns {
	slots = max(slots, 1)
	return &Turns{patience: patience, perLine: MaxLine, perName: max(slots/2, 1), free: slots, lines: make(map[string]*line)}
}

// Enter waits for a slot, which Leave gives back. SERVICE_UNAVAILABLE: there is none, now or after the wait.
func (t *Turns) Enter(ctx context.Context, who Turn) error {
	w := t.join(who)
	timer := time.NewTimer(patience.Of(ctx, t.patience))
	defer timer.Stop()
	select {
	case in := <-w.settled:
		return admitted(in)
	case <-timer.C:
	case <-ctx.Done():
	}
	t.withdraw(who.Name, w)
	return admitted(<-w.settled)
}

func admitted(in bool) error {
	if in {
		return nil
	}
	return ErrBusy()
}

// join puts a caller into its line. When the line or the whole room is full, the last of the line is refused.
func (t *Turns) join(who Turn) *waiter {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.lines[who.Name]
	if l == nil {
		l = &line{name: who.Name}
		t.lines[who.Name] = l
	}
	w := &waiter{rank: who.Rank, settled: make(chan bool, 1)}
	if len(l.waiters) == 0 {
		t.order = append(t.order, l)
	}
	at, _ := slices.BinarySearchFunc(l.waiters, w.rank+1, func(o *waiter, rank int) int { return cmp.Compare(o.rank, rank) })
	l.waiters = slices.Insert(l.waiters, at, w)
	t.waiting++
	t.admit()
	if len(l.waiters) > t.perLine {
		t.drop(l, len(l.waiters)-1)
	}
	if t.waiting > maxWaiting {
		longest := slices.MaxFunc(t.order, func(a, b *line) int { return cmp.Compare(len(a.waiters), len(b.waiters)) })
		t.drop(longest, len(longest.waiters)-1)
	}
	return w
}

// admit gives free slots to the lines in turn.
func (t *Turns) admit() {
	for t.free > 0 {
		i := slices.IndexFunc(t.order, func(l *line) bool { return l.inside < t.perName })
		if i < 0 {
			return
		}
		l := t.order[i]
		w := l.waiters[0]
		t.remove(l, 0)
		if len(l.waiters) > 0 { // to the end of the order
			t.order = append(slices.Delete(t.order, i, i+1), l)
		}
		l.inside++
		t.free--
		w.settled <- true
	}
}

func (t *Turns) drop(l *line, i int) {
	w := l.waiters[i]
	t.remove(l, i)
	t.forget(l)
	w.settled <- false
}

// remove takes a waiter out of its line, and an empty line out of the order.
func (t *Turns) remove(l *line, i int) {
	l.waiters = slices.Delete(l.waiters, i, i+1)
	t.waiting--
	if len(l.waiters) == 0 {
		t.order = slices.DeleteFunc(t.order, func(o *line) bool { return o == l })
	}
}

func (t *Turns) forget(l *line) {
	if l.inside == 0 && len(l.waiters) == 0 {
		delete(t.lines, l.name)
	}
}

// withdraw refuses the waiter, unless it is settled already.
func (t *Turns) withdraw(name string, w *waiter) {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.lines[name]
	if l == nil {
		return
	}
	if i := slices.Index(l.waiters, w); i >= 0 {
		t.drop(l, i)
	}
}

// Leave gives the slot back.
func (t *Turns) Leave(who Turn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.lines[who.Name]
	l.inside--
	t.free++
	t.admit()
	t.forget(l)
}
