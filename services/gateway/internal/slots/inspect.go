package slots

// These methods are for tests: they show who waits, and refuse every caller where none may come.

// Close refuses everybody at once, until open is called.
func (t *Turns) Close() (open func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	free, perLine := t.free, t.perLine
	t.free, t.perLine = 0, 0
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.free, t.perLine = free, perLine
	}
}

// Free is how many slots are free.
func (t *Turns) Free() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.free
}

// Waiting is how many callers wait.
func (t *Turns) Waiting() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.waiting
}

// Ranks are those of the callers of one name who wait, the next one first.
func (t *Turns) Ranks(name string) []int {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.lines[name]
	if l == nil {
		return nil
	}
	ranks := make([]int, len(l.waiters))
	for i, w := range l.waiters {
		ranks[i] = w.rank
	}
	return ranks
}
