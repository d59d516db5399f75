// Package fair runs jobs of many keys on a limited number of goroutines so that no key delays the others: the keys take turns,
// each has limits on running and queued jobs, and a key whose jobs are slow loses its share until they are fast again. Keys
// belong to groups (the endpoints of one merchant), which have limits too.
package fair

import (
	"sync"
	"time"
)

const (
	// start is the number of concurrent jobs of a new key.
	start = 8
	// perKey is the minimum number of jobs of a key that are held in memory.
	perKey = 8
)

// Verdict is what a finished job means for its key.
type Verdict int

const (
	// Fast allows the key one more concurrent job.
	Fast Verdict = iota
	// Slow halves the concurrent jobs of the key.
	Slow
	// Same changes nothing.
	Same
)

// Limits of a pool.
type Limits struct {
	// Running limits the running jobs, PerKey those of one key, PerGroup those of one group.
	Running, PerKey, PerGroup int
	// Held limits the jobs in memory that are not running yet.
	Held int
}

// Hooks provide data about keys. They must be fast and must not call the pool.
type Hooks struct {
	// Gate is called before each job: 0 lets it start, otherwise the gate is called again after that time.
	Gate func(key string) time.Duration
	// Group returns the group of the key.
	Group func(key string) string
}

// Pool runs jobs of type J.
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
	// parked fires when the gate must be called again.
	parked *time.Timer
	// spilled is true if jobs of this key were refused and wait in the database. New ones must queue behind them.
	spilled bool
}

// group is the shared state of its keys while one of them runs.
type group[J any] struct {
	name    string
	running int
	// waiting are keys whose turn came while the group was at its limit.
	waiting []*key[J]
}

// New returns a pool.
func New[J any](limits Limits, hooks Hooks, run func(key string, job J) Verdict) *Pool[J] {
	return &Pool[J]{run: run, hooks: hooks, limits: limits, keys: make(map[string]*key[J]), groups: make(map[string]*group[J])}
}

// start is the limit of a new key.
func (p *Pool[J]) start() int { return min(start, p.limits.PerKey) }

func (p *Pool[J]) key(name string) *key[J] {
	k := p.keys[name]
	if k == nil {
		k = &key[J]{name: name, limit: p.start()}
		p.keys[name] = k
	}
	return k
}

// room returns how many more jobs of k may be held: more for a fast key, so that a slow one does not fill the memory.
func (p *Pool[J]) room(k *key[J]) int {
	return min(k.most()-len(k.queue)-k.reserved, p.limits.Held-p.held)
}

// forget drops a key without jobs, unless it must be remembered as slow.
func (p *Pool[J]) forget(k *key[J]) {
	if len(k.queue)+k.reserved+k.running == 0 && !k.spilled && !k.inTurns && k.parked == nil && k.limit >= p.start() {
		delete(p.keys, k.name)
	}
}

func (k *key[J]) most() int { return max(perKey, k.limit*k.limit) }

// Reserve reserves room for one job, to be used by Push or released by Cancel. After a refusal, a key is refused until Rest
// reports that none of its jobs waits elsewhere.
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

// Cancel releases a reservation.
func (p *Pool[J]) Cancel(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := p.key(name)
	k.reserved--
	p.held--
	p.forget(k)
}

// Push adds a job for which there is a reservation.
func (p *Pool[J]) Push(name string, job J) {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := p.key(name)
	k.reserved--
	k.queue = append(k.queue, job)
	p.wake(k)
}

// Add adds a job without a reservation. The caller limits what it adds.
func (p *Pool[J]) Add(name string, job J) {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := p.key(name)
	p.held++
	k.queue = append(k.queue, job)
	p.wake(k)
}

// Shares returns how many jobs may be added in total and for each known key: 0 while its queue is more than half full, so that it
// is filled in large steps.
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

// Unknown returns the share of a key that the pool does not know.
func (p *Pool[J]) Unknown() int { return p.start() * p.start() }

// Rest records whether jobs of the key are left in the database.
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

// Held returns the number of jobs queued or reserved, and of those running.
func (p *Pool[J]) Held() (held, running int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.held, p.running
}

// Close prevents further jobs from starting and returns those that were queued. Jobs added later are returned by the next Close.
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

// Wait returns when no job is running.
func (p *Pool[J]) Wait() { p.done.Wait() }

// wake gives k a turn if it has a job to start.
func (p *Pool[J]) wake(k *key[J]) {
	p.enqueue(k)
	p.spawn()
}

// spawn starts goroutines for waiting turns, within the limit.
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

// join counts a job of k in its group, or makes k wait for its group.
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

// leave gives the next key of the group its turn.
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

// park removes the key from the turns for a while.
func (p *Pool[J]) park(k *key[J], wait time.Duration) {
	k.parked = time.AfterFunc(wait, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		k.parked = nil
		p.wake(k)
	})
}

// work runs jobs as long as there are any, so that under load a goroutine is reused.
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
