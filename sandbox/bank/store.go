package bank

import (
	"slices"
	"sync"
)

// store finds payments by id, numbered without gaps from first, and by reference_id.
type store struct {
	mu      sync.RWMutex
	first   int64
	slots   []*payment
	byRef   map[string][]int64
	refused map[string]bool // references that a magic fault has already hit
}

func newStore(first int64) *store {
	return &store{first: first, byRef: map[string][]int64{}, refused: map[string]bool{}}
}

// add assigns the payment's id and indexes it.
func (s *store) add(r *record) *payment {
	p := &payment{}
	s.mu.Lock()
	defer s.mu.Unlock()
	r.ID = s.first + int64(len(s.slots))
	nameReferences(r)
	p.cur.Store(r)
	s.slots = append(s.slots, p)
	s.index(r)
	return p
}

func (s *store) index(r *record) {
	for _, i := range r.Instructions {
		s.byRef[i.ReferenceID] = append(s.byRef[i.ReferenceID], r.ID)
	}
}

// put restores a payment from the journal, whatever its distance from the last one.
func (s *store) put(r *record) *payment {
	p := &payment{}
	p.cur.Store(r)
	for s.first+int64(len(s.slots)) < r.ID {
		s.slots = append(s.slots, nil)
	}
	s.slots = append(s.slots, p)
	s.index(r)
	return p
}

func (s *store) get(id int64) *payment {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if n := id - s.first; n >= 0 && n < int64(len(s.slots)) {
		return s.slots[n]
	}
	return nil
}

// withReference returns the payments with a reference_id, oldest first.
func (s *store) withReference(ref string) []*payment {
	s.mu.RLock()
	defer s.mu.RUnlock()
	ids := slices.Compact(slices.Clone(s.byRef[ref]))
	found := make([]*payment, 0, len(ids))
	for _, id := range ids {
		found = append(found, s.slots[id-s.first])
	}
	return found
}

// all returns every payment, oldest first. The slice is shared and only appended to; a nil in it is an unused number.
func (s *store) all() []*payment {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.slots[:len(s.slots):len(s.slots)]
}

func (s *store) next() int64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.first + int64(len(s.slots))
}

// clear deletes all payments but does not reuse their numbers.
func (s *store) clear() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.first += int64(len(s.slots))
	s.slots, s.byRef, s.refused = nil, map[string][]int64{}, map[string]bool{}
	return s.first
}

// firstTime reports whether a magic fault has not hit this reference before, and records that it has now.
func (s *store) firstTime(key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refused[key] {
		return false
	}
	s.refused[key] = true
	return true
}
