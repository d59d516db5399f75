package fair

// room returns how many more jobs of k may be held: more for a fast key, so that slow ones do not fill the memory.
func (p *Pool[J]) room(k *key[J]) int {
	free := p.limits.Held - p.held
	if k.standing == late || k.standing == failing {
		free = p.free()
	}
	return min(k.most()-len(k.queue)-k.reserved, free)
}

// free returns how many more jobs may be held without those that are kept for new jobs of keys that are not slow.
func (p *Pool[J]) free() int { return max(p.limits.Held*3/4-p.held, 0) }

// most returns how many jobs of k may be held.
func (k *key[J]) most() int {
	if k.standing == late {
		return max(perKey, perLate*k.limit)
	}
	return max(perKey, k.limit*k.limit)
}

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
	return p.free(), names, shares
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
