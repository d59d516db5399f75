package fair

// standing is what the latest jobs of a key say about it.
type standing int

const (
	// unknown keys have had no job that says something. Keys without jobs are forgotten unless they are late or failing.
	unknown standing = iota
	quick
	// late keys succeed, but hold their workers for long.
	late
	// failing keys hold their workers for nothing.
	failing
)

// seat is the limit that a running job counts towards, beside that of all jobs. What the seats leave of the workers is for quick
// keys, so that these never wait for a slow job of another key to end.
type seat int

const (
	// anyWorker is the seat of quick keys, and of the first job of an unknown one.
	anyWorker seat = iota
	lateSeat
	failingSeat
	seats
)

// perLate is how many jobs of a late key are held in memory for each that may run: a key that needs 10 s for each job still starts
// the last one within 40 s, before its lease ends.
const perLate = 4

// seatOf returns the seat that the next job of k needs.
func seatOf[J any](k *key[J]) seat {
	switch {
	case k.standing == quick, k.standing == unknown && k.running == 0:
		return anyWorker
	case k.standing == failing:
		return failingSeat
	default:
		return lateSeat
	}
}

// vacant reports whether one more job may take a seat of this kind.
func (p *Pool[J]) vacant(s seat) bool {
	switch s {
	case lateSeat:
		return p.taken[s] < p.limits.Late
	case failingSeat:
		return p.taken[s] < p.limits.Failing
	default:
		return true
	}
}

// stand makes k wait for a seat of this kind.
func (p *Pool[J]) stand(k *key[J], s seat) {
	k.inTurns, k.standsFor = true, s
	p.standingBy[s] = append(p.standingBy[s], k)
}

// seatNext returns the key that is to have the next vacant seat of this kind, or nil: the one that has the fewest. Keys that hold
// their seats for longer therefore start less often, and the seats are divided evenly between groups, and within a group between
// its keys.
func (p *Pool[J]) seatNext(s seat) *key[J] {
	if !p.vacant(s) {
		return nil
	}
	best, place, fewest := (*key[J])(nil), 0, 0
	for i, k := range p.standingBy[s] {
		if !k.ready() {
			continue
		}
		seated := 0
		if g := p.groups[p.hooks.Group(k.name)]; g != nil {
			seated = g.seated
		}
		if best == nil || seated < fewest || seated == fewest && k.running < best.running {
			best, place, fewest = k, i, seated
		}
	}
	if best != nil {
		p.unstand(best, place)
	}
	return best
}

func (p *Pool[J]) unstand(k *key[J], place int) {
	list := p.standingBy[k.standsFor]
	copy(list[place:], list[place+1:])
	list[len(list)-1] = nil
	p.standingBy[k.standsFor] = list[:len(list)-1]
	k.inTurns, k.standsFor = false, anyWorker
}

// offer gives keys that wait for a seat their turn if one is vacant.
func (p *Pool[J]) offer() {
	for s := lateSeat; s < seats; s++ {
		if k := p.seatNext(s); k != nil {
			p.enqueue(k)
		}
	}
}

// regrade applies a verdict to the limit and the standing of k. A key that waits for a seat which it no longer needs gets its turn.
func (p *Pool[J]) regrade(k *key[J], v Verdict) {
	switch v {
	case Fast:
		k.limit = min(k.limit+1, p.limits.PerKey)
		if k.fastInRow++; k.standing == unknown || k.fastInRow >= start {
			k.standing = quick
		}
	case Late:
		k.standing, k.fastInRow = late, 0
		if k.limit > p.start() {
			k.limit = max(k.limit/2, p.start())
		} else {
			k.limit = min(k.limit+1, p.start())
		}
	case Slow:
		k.standing, k.fastInRow = failing, 0
		k.limit = max(k.limit/2, 1)
	case Same:
	}
	if k.standsFor == anyWorker || seatOf(k) == k.standsFor {
		return
	}
	for i, other := range p.standingBy[k.standsFor] {
		if other == k {
			p.unstand(k, i)
			return
		}
	}
}
