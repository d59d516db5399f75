package ratelimit

import (
	"context"
	"hash/maphash"
	"sync"
	"time"
)

// Limits of the memory limiter: shards reduce lock contention, and the number of keys in each of them keeps a flood of addresses
// from filling the memory (about 60 MB if every key has used a limit of 30).
const (
	shards       = 64
	keysPerShard = 4096
)

// Memory is a Limiter for one process.
type Memory struct {
	now    func() time.Time
	window time.Duration
	seed   maphash.Seed
	shards [shards]shard
}

type shard struct {
	mu      sync.Mutex
	windows map[string]*log
	sweep   time.Time
}

// log has the times of the allowed calls, oldest first. calls[:head] have left the window.
type log struct {
	calls []time.Time
	head  int
}

// NewMemory returns an empty limiter over Window that reads the time from now.
func NewMemory(now func() time.Time) *Memory { return NewMemoryOver(now, Window) }

// NewMemoryOver is NewMemory with the given window.
func NewMemoryOver(now func() time.Time, window time.Duration) *Memory {
	m := &Memory{now: now, window: window, seed: maphash.MakeSeed()}
	for i := range m.shards {
		m.shards[i].windows = make(map[string]*log)
	}
	return m
}

// Allow implements Limiter. It never returns an error.
func (m *Memory) Allow(_ context.Context, key string, limit int) (Decision, error) {
	s := &m.shards[maphash.String(m.seed, key)%shards]
	s.mu.Lock()
	defer s.mu.Unlock()
	now := m.now()
	l := s.window(key, now, m.window)
	l.forget(now.Add(-m.window))
	d := Decision{Limit: limit, Window: m.window}
	live := len(l.calls) - l.head
	switch {
	case limit < 1:
		d.Reset = m.window
	case live >= limit:
		d.Reset = l.calls[len(l.calls)-limit].Add(m.window).Sub(now)
	default:
		l.calls = append(l.calls, now)
		d.Allowed, d.Remaining, d.Reset = true, limit-live-1, l.calls[l.head].Add(m.window).Sub(now)
	}
	return d, nil
}

// Forget implements Limiter. It never returns an error.
func (m *Memory) Forget(_ context.Context, key string) error {
	s := &m.shards[maphash.String(m.seed, key)%shards]
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.windows, key)
	return nil
}

func (s *shard) window(key string, now time.Time, window time.Duration) *log {
	if l := s.windows[key]; l != nil {
		return l
	}
	if !now.Before(s.sweep) {
		s.clean(now, window)
	}
	if len(s.windows) >= keysPerShard {
		s.dropOne()
	}
	l := &log{}
	s.windows[key] = l
	return l
}

// clean deletes keys that were idle for a window. It scans all of them, so it runs rarely.
func (s *shard) clean(now time.Time, window time.Duration) {
	s.sweep = now.Add(window / 4)
	for key, l := range s.windows {
		if n := len(l.calls); n == 0 || !l.calls[n-1].After(now.Add(-window)) {
			delete(s.windows, key)
		}
	}
}

// dropOne deletes any key to make room during a flood of new keys: nearly all of them belong to the flood.
func (s *shard) dropOne() {
	for key := range s.windows {
		delete(s.windows, key)
		return
	}
}

// forget moves the head past the calls at or before the time. It copies the rest down only when half has been passed.
func (l *log) forget(before time.Time) {
	for l.head < len(l.calls) && !l.calls[l.head].After(before) {
		l.head++
	}
	if l.head > len(l.calls)/2 {
		l.calls = l.calls[:copy(l.calls, l.calls[l.head:])]
		l.head = 0
	}
}
