package delivery

import (
	"sync"
	"time"
)

// pacer spaces the attempts at endpoints with a rate limit evenly. It counts only those of this process.
type pacer struct {
	mu   sync.Mutex
	next map[string]time.Time
}

func newPacer() *pacer { return &pacer{next: make(map[string]time.Time)} }

// wait takes the turn and returns 0 if an attempt may start; otherwise it returns how long to wait.
func (p *pacer) wait(endpointID string, perSecond int32, now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if perSecond == 0 {
		delete(p.next, endpointID)
		return 0
	}
	if wait := p.next[endpointID].Sub(now); wait > 0 {
		return wait
	}
	p.next[endpointID] = now.Add(time.Second / time.Duration(perSecond))
	return 0
}

// pace is the pool's gate.
func (e *Engine) pace(queue string) time.Duration {
	endpointID := endpointOf(queue)
	return e.pacer.wait(endpointID, e.directory.RateLimit(endpointID), e.now())
}
