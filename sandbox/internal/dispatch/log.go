package dispatch

import (
	"slices"
	"sync"
)

// Log keeps the newest attempts, up to Size of them.
type Log[W any] struct {
	Size int

	mu   sync.Mutex
	ring []W
	at   int // index of the oldest, once the ring is full
}

// Add stores an attempt.
func (l *Log[W]) Add(w W) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.ring) < l.Size {
		l.ring = append(l.ring, w)
		return
	}
	l.ring[l.at] = w
	l.at = (l.at + 1) % l.Size
}

// List returns the attempts, oldest first.
func (l *Log[W]) List() []W {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append(slices.Clone(l.ring[l.at:]), l.ring[:l.at]...)
}

// Clear deletes all attempts.
func (l *Log[W]) Clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ring, l.at = nil, 0
}
