// Package fair runs jobs of many keys on a limited number of goroutines so that no key delays the others: the keys take turns,
// each has limits on running and queued jobs, and a key whose jobs fail slowly loses its share until they succeed again. Keys whose
// jobs succeed but take long keep the share of a new key, on workers that they divide among themselves. Keys belong to groups (the
// endpoints of one merchant), which have limits too.
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
	// Late is a success that took long: the key gets the concurrent jobs of a new key, step by step if it has fewer.
	Late
	// Slow is a failure that took long: it halves the concurrent jobs of the key.
	Slow
	// Same changes nothing.
	Same
)

// Limits of a pool.
type Limits struct {
	// Running limits the running jobs, PerKey those of one key, PerGroup those of one group.
	Running, PerKey, PerGroup int
	// Late limits the running jobs of all keys that are not known to be fast, except for the first job of one that is new; Failing those of
	// keys whose latest job was Slow. What they leave of Running is always there for fast and new keys.
	Late, Failing int
	// Held limits the jobs in memory that are not running yet. The last quarter is for new jobs of keys that are not slow.
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

	mu     sync.Mutex
	keys   map[string]*key[J]
	groups map[string]*group[J]
	turns  []*key[J] // the keys that have a job to start, in the order of their turns
	// taken counts the running jobs by seat; standingBy are the keys whose turn came when all seats of that kind were taken.
	taken      [seats]int
	standingBy [seats][]*key[J]
	held       int // jobs reserved or queued
	running    int
	closed     bool
	done       sync.WaitGroup
}

type key[J any] struct {
	name     string
	queue    []J
	reserved int
	running  int
	limit    int
	standing standing
	// fastInRow counts the latest jobs that were fast.
	fastInRow int
	// inTurns is true if the key has a turn, or will get one when its group or a seat has room; standsFor is the kind of seat then.
	inTurns   bool
	standsFor seat
	// parked fires when the gate must be called again.
	parked *time.Timer
	// spilled is true if jobs of this key were refused and wait in the database. New ones must queue behind them.
	spilled bool
}

// group is the shared state of its keys while one of them runs.
type group[J any] struct {
	name    string
	running int
	// seated are those of the running jobs that have a seat.
	seated int
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

// forget drops a key without jobs, unless it must be remembered as slow.
func (p *Pool[J]) forget(k *key[J]) {
	if len(k.queue)+k.reserved+k.running == 0 && !k.spilled && !k.inTurns && k.parked == nil && k.limit >= p.start() && k.standing <= quick {
		delete(p.keys, k.name)
	}
}

// ready reports whether k has a job that it may start.
func (k *key[J]) ready() bool { return len(k.queue) > 0 && k.running < k.limit }

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
		j, ok := p.next()
		if !ok {
			return
		}
		p.running++
		p.done.Add(1)
		go p.work(j)
	}
}

func (p *Pool[J]) enqueue(k *key[J]) {
	if !k.inTurns && k.parked == nil && k.ready() && !p.closed {
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

// running is a job that runs, and what it occupies.
type running[J any] struct {
	key   *key[J]
	group *group[J]
	seat  seat
	job   J
}

// next takes the job whose turn it is.
func (p *Pool[J]) next() (r running[J], ok bool) {
	for {
		k := p.turn()
		if k == nil {
			return r, false
		}
		g, ok := p.join(k)
		if !ok {
			p.offer()
			continue
		}
		if wait := p.hooks.Gate(k.name); wait > 0 {
			p.park(k, wait)
			p.leave(g)
			p.offer()
			continue
		}
		return p.begin(k, g), true
	}
}

// turn returns the key whose turn it is, if its group agrees; nil if there is none.
func (p *Pool[J]) turn() *key[J] {
	for len(p.turns) > 0 {
		k := p.turns[0]
		p.turns[0] = nil
		p.turns = p.turns[1:]
		k.inTurns = false
		if p.closed || !k.ready() {
			p.offer()
			continue
		}
		s := seatOf(k)
		if s == anyWorker {
			return k
		}
		p.stand(k, s)
		if k = p.seatNext(s); k != nil {
			return k
		}
	}
	return nil
}

func (p *Pool[J]) begin(k *key[J], g *group[J]) running[J] {
	var none J
	r := running[J]{key: k, group: g, seat: seatOf(k), job: k.queue[0]}
	k.queue[0] = none
	k.queue = k.queue[1:]
	k.running++
	p.held--
	p.taken[r.seat]++
	p.enqueue(k)
	if r.seat != anyWorker {
		g.seated++
	}
	return r
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
func (p *Pool[J]) work(r running[J]) {
	defer p.done.Done()
	for {
		verdict := p.run(r.key.name, r.job)
		p.mu.Lock()
		p.finish(r, verdict)
		var ok bool
		if r, ok = p.next(); !ok {
			p.running--
			p.mu.Unlock()
			return
		}
		p.spawn()
		p.mu.Unlock()
	}
}

func (p *Pool[J]) finish(r running[J], v Verdict) {
	p.taken[r.seat]--
	if r.seat != anyWorker {
		r.group.seated--
	}
	p.leave(r.group)
	r.key.running--
	p.regrade(r.key, v)
	p.enqueue(r.key)
	p.offer()
	p.forget(r.key)
}

// Closed reports whether Close was called.
func (p *Pool[J]) Closed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closed
}
