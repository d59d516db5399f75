// Package fair runs jobs of many keys on a bounded number of goroutines so that no key keeps the others waiting: the
// keys take turns, each has a bounded number of jobs running and in memory, and a key whose jobs are slow loses its
// share until they are fast again. Keys belong to groups (the endpoints of one merchant), which are bounded too.
package fair

import (
	"sync"
	"time"
)

const (
	// start is the number of concurrent jobs of a key that nothing is known of.
	start = 8
	// perKey is the least number of jobs of a key that are held in memory.
	perKey = 8
)

// Verdict is what a finished job tells about its key.
type Verdict int

const (
	// Fast lets the key run one job more at a time.
	Fast Verdict = iota
	// Slow halves the number of jobs that the key runs at a time.
	Slow
	// Same says nothing about the key.
	Same
)

// Limits of a pool.
type Limits struct {
	// Running bounds the jobs that run, PerKey those of one key, PerGroup those of one group.
	Running, PerKey, PerGroup int
	// Held bounds the jobs in memory that do not run yet.
	Held int
}

// Hooks tell the pool about keys. They must be quick and must not call the pool.
type Hooks struct {
	// Gate is asked before each job: 0 lets it start, otherwise the key is asked again after that time.
	Gate func(key string) time.Duration
	// Group is what the key belongs to.
	Group func(key string) string
}

// Pool of jobs of type J.
type Pool[J any] struct {
	run    func(key string, job J) Verdict
	hooks  Hooks
	limits Limits

	mu      sync.Mutex
	keys    map[string]*key[J]
	groups  map[string]*group[J]
	turns   []*key[J] // the keys that have a job to start, in the order of their turns
	held    int       // jobs reserved or queued
	running int
	closed  bool
	done    sync.WaitGroup
}

type key[J any] struct {
	name     string
	queue    []J
	reserved int
	running  int
	limit    int
	inTurns  bool
	// parked ends when the gate is to be asked again.
	parked *time.Timer
	// spilled: jobs of this key were turned away and wait in the database. New ones must line up behind them.
	spilled bool
}

// group is what several keys have together while one of them runs.
type group[J any] struct {
	name    string
	running int
	// waiting are keys whose turn came while the group had as many running as it may.
	waiting []*key[J]
}

// New returns a pool.
func New[J any](limits Limits, hooks Hooks, run func(key string, job J) Verdict) *Pool[J] {
	return &Pool[J]{run: run, hooks: hooks, limits: limits, keys: make(map[string]*key[J]), groups: make(map[string]*group[J])}
}

// start is the limit of a key that nothing is known of.
func (p *Pool[J]) start() int { return min(start, p.limits.PerKey) }

func (p *Pool[J]) key(name string) *key[J] {
	k := p.keys[name]
	if k == nil {
		k = &key[J]{name: name, limit: p.start()}
		p.keys[name] = k
	}
	return k
}

// room is how many more jobs of k may be held: the faster it is the more, so that a slow key fills no memory.
func (p *Pool[J]) room(k *key[J]) int {
	return min(k.most()-len(k.queue)-k.reserved, p.limits.Held-p.held)
}

// forget drops a key of which nothing is left to know. What made it slow is remembered.
func (p *Pool[J]) forget(k *key[J]) {
	if len(k.queue)+k.reserved+k.running == 0 && !k.spilled && !k.inTurns && k.parked == nil && k.limit >= p.start() {
		delete(p.keys, k.name)
	}
}

func (k *key[J]) most() int { return max(perKey, k.limit*k.limit) }

// Reserve asks for room for one job, to be used by Push or given back by Cancel. A key that was refused is refused
// until Rest says that none of its jobs waits elsewhere.
func (p *Pool[J]) Reserve(name string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := p.key(name)
	if p.closed || k.spilled || p.room(k) <= 0 {
		k.spilled = true
		return false
	}
	k.reserved++
	p.held++
	return true
}

// Cancel gives a reservation back.
func (p *Pool[J]) Cancel(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := p.key(name)
	k.reserved--
	p.held--
	p.forget(k)
}

// Push hands over a job for which there is a reservation.
func (p *Pool[J]) Push(name string, job J) {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := p.key(name)
	k.reserved--
	k.queue = append(k.queue, job)
	p.wake(k)
}

// Add hands over a job without reservation. Its caller bounds what it adds.
func (p *Pool[J]) Add(name string, job J) {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := p.key(name)
	p.held++
	k.queue = append(k.queue, job)
	p.wake(k)
}

// Shares returns how many jobs may be added in all, and of each key that is known; 0 while its queue is more than half
// full, so that it is filled in large steps.
func (p *Pool[J]) Shares() (all int, names []string, shares []int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, k := range p.keys {
		share := p.room(k)
		if share <= k.most()/2 {
			share = 0
		}
		names, shares = append(names, k.name), append(shares, share)
	}
	return max(p.limits.Held-p.held, 0), names, shares
}

// Unknown is the share of a key that the pool has never met.
func (p *Pool[J]) Unknown() int { return p.start() * p.start() }

// Rest says whether jobs of the key are left in the database.
func (p *Pool[J]) Rest(name string, left bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := p.key(name)
	k.spilled = left
	p.forget(k)
}

// Hungry reports whether the key has jobs in the database and room for them.
func (p *Pool[J]) Hungry(name string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := p.keys[name]
	return k != nil && k.spilled && p.room(k) > k.most()/2
}

// Held is the number of jobs queued or reserved; Running those that run.
func (p *Pool[J]) Held() (held, running int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.held, p.running
}

// Close lets no further job start and returns those that were queued. Later ones are kept for the next Close.
func (p *Pool[J]) Close() []J {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	var left []J
	for _, k := range p.keys {
		if k.parked != nil {
			k.parked.Stop()
		}
		left = append(left, k.queue...)
		p.held -= len(k.queue)
		k.queue = nil
	}
	return left
}

// Wait returns when no job runs.
func (p *Pool[J]) Wait() { p.done.Wait() }

// wake gives k a turn if it has something to start.
func (p *Pool[J]) wake(k *key[J]) {
	p.enqueue(k)
	p.spawn()
}

// spawn starts goroutines for the turns that nobody takes, as far as there may be more.
func (p *Pool[J]) spawn() {
	for p.running < p.limits.Running {
		k, g, job, ok := p.next()
		if !ok {
			return
		}
		p.running++
		p.done.Add(1)
		go p.work(k, g, job)
	}
}

func (p *Pool[J]) enqueue(k *key[J]) {
	if !k.inTurns && k.parked == nil && len(k.queue) > 0 && k.running < k.limit && !p.closed {
		k.inTurns = true
		p.turns = append(p.turns, k)
	}
}

// join counts a job of k in its group, or makes k wait for the others of its group.
func (p *Pool[J]) join(k *key[J]) (*group[J], bool) {
	name := p.hooks.Group(k.name)
	g := p.groups[name]
	if g == nil {
		g = &group[J]{name: name}
		p.groups[name] = g
	}
	if g.running >= p.limits.PerGroup {
		k.inTurns = true
		g.waiting = append(g.waiting, k)
		return nil, false
	}
	g.running++
	return g, true
}

// leave lets the next key of the group have its turn.
func (p *Pool[J]) leave(g *group[J]) {
	g.running--
	if len(g.waiting) > 0 {
		k := g.waiting[0]
		g.waiting = g.waiting[1:]
		k.inTurns = false
		p.enqueue(k)
	}
	if g.running == 0 && len(g.waiting) == 0 {
		delete(p.groups, g.name)
	}
}

func (p *Pool[J]) next() (*key[J], *group[J], J, bool) {
	var none J
	for len(p.turns) > 0 {
		k := p.turns[0]
		p.turns[0] = nil
		p.turns = p.turns[1:]
		k.inTurns = false
		if p.closed || len(k.queue) == 0 || k.running >= k.limit {
			continue
		}
		g, ok := p.join(k)
		if !ok {
			continue
		}
		if wait := p.hooks.Gate(k.name); wait > 0 {
			p.park(k, wait)
			p.leave(g)
			continue
		}
		job := k.queue[0]
		k.queue[0] = none
		k.queue = k.queue[1:]
		k.running++
		p.held--
		p.enqueue(k)
		return k, g, job, true
	}
	return nil, nil, none, false
}

// park takes the key out of the turns for a while.
func (p *Pool[J]) park(k *key[J], wait time.Duration) {
	k.parked = time.AfterFunc(wait, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		k.parked = nil
		p.wake(k)
	})
}

// work runs jobs as long as there are any; under load a goroutine lives on from job to job.
func (p *Pool[J]) work(k *key[J], g *group[J], job J) {
	defer p.done.Done()
	for {
		verdict := p.run(k.name, job)
		p.mu.Lock()
		p.leave(g)
		p.finish(k, verdict)
		var ok bool
		if k, g, job, ok = p.next(); !ok {
			p.running--
			p.mu.Unlock()
			return
		}
		p.spawn()
		p.mu.Unlock()
	}
}

func (p *Pool[J]) finish(k *key[J], v Verdict) {
	k.running--
	switch v {
	case Fast:
		k.limit = min(k.limit+1, p.limits.PerKey)
	case Slow:
		k.limit = max(k.limit/2, 1)
	case Same:
	}
	p.enqueue(k)
	p.forget(k)
}

// Closed reports whether Close was called.
func (p *Pool[J]) Closed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closed
}
