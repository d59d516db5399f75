package commands

import (
	"context"
	"sync"
)

// keyedMutex serialises the hints about one payment. Hints come in bursts, one for each step at the bank, and the last read
// covers them all.
type keyedMutex struct {
	mu    sync.Mutex
	locks map[string]*keyLock
}

// keyLock is held by one user while the others wait.
type keyLock struct {
	users int
	next  chan struct{}
}

// lock waits for the key and reports whether it was held before, which means that data read earlier may be outdated. Unless lock
// fails, unlock must follow.
func (t *keyedMutex) lock(ctx context.Context, key string) (waited bool, err error) {
	t.mu.Lock()
	one := t.locks[key]
	if one == nil {
		t.locks[key] = &keyLock{users: 1, next: make(chan struct{}, 1)}
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
		t.release(key, one)
		return true, ctx.Err()
	}
}

func (t *keyedMutex) unlock(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	one := t.locks[key]
	if t.release(key, one) {
		one.next <- struct{}{} // never blocks: only the holder sends
	}
}

// release removes one user and reports whether others are left.
func (t *keyedMutex) release(key string, one *keyLock) bool {
	one.users--
	if one.users == 0 {
		delete(t.locks, key)
	}
	return one.users > 0
}

// hasWaiters reports whether anybody waits for the key.
func (t *keyedMutex) hasWaiters(key string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	one := t.locks[key]
	return one != nil && one.users > 1
}
