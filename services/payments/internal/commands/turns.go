package commands

import (
	"context"
	"sync"
)

// turns lets the hints about one payment pass one after the other. Hints come in bursts, one for each step at the bank,
// and whoever reads the payment last sees them all.
type turns struct {
	mu sync.Mutex
	of map[string]*turn
}

// turn is held by one and waited for by the others.
type turn struct {
	users int
	next  chan struct{}
}

// enter waits for the key's turn and reports whether somebody had it before, so that what was known may be out of date.
// Unless enter fails, leave must follow.
func (t *turns) enter(ctx context.Context, key string) (waited bool, err error) {
	t.mu.Lock()
	one := t.of[key]
	if one == nil {
		t.of[key] = &turn{users: 1, next: make(chan struct{}, 1)}
		t.mu.Unlock()
		return false, nil
	}
	one.users++
	t.mu.Unlock()
	select {
	case <-one.next:
		return true, nil
	case <-ctx.Done():
		t.mu.Lock()
		defer t.mu.Unlock()
		t.forget(key, one)
		return true, ctx.Err()
	}
}

func (t *turns) leave(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	one := t.of[key]
	if t.forget(key, one) {
		one.next <- struct{}{} // empty: only who holds the turn fills it
	}
}

// forget takes one user off and reports whether others are left.
func (t *turns) forget(key string, one *turn) bool {
	one.users--
	if one.users == 0 {
		delete(t.of, key)
	}
	return one.users > 0
}

// awaited reports whether somebody waits for the key's turn already.
func (t *turns) awaited(key string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	one := t.of[key]
	return one != nil && one.users > 1
}
