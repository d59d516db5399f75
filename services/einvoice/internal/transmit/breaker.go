package transmit

import (
	"sync"
	"time"
)

// breaker keeps callers from waiting for a platform that does not answer. It opens after some failures in a row and closes with the
// first answer, whoever got it; meanwhile the workers probe, one at a time and now and then.
type breaker struct {
	mu       sync.Mutex
	failures int
	probeAt  time.Time
}

const (
	breakAfter = 5
	probeEvery = 5 * time.Second
)

func (b *breaker) open() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.failures >= breakAfter
}

// probe takes the turn to try a platform whose breaker is open, if it is time.
func (b *breaker) probe(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if now.Before(b.probeAt) {
		return false
	}
	b.probeAt = now.Add(probeEvery)
	return true
}

// untried gives the turn back: the attempt did not get as far as the platform.
func (b *breaker) untried() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.probeAt = time.Time{}
}

func (b *breaker) failed(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failures++
	b.probeAt = now.Add(probeEvery)
}

func (b *breaker) answered() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failures, b.probeAt = 0, time.Time{}
}
