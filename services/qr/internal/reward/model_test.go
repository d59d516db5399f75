package reward

import (
	"cmp"
	"slices"
	"time"
)

// point is one point in the slow model of a member.
type point struct {
	lot       int
	reference string
	expires   time.Time // zero: never
	// state is "free", "expired", "gone", or the id of the redemption that holds it.
	state string
}

// model is what the ledger must say of a member: each point on its own, and how many points are owed.
type model struct {
	points []*point
	owed   int64
	lots   int
}

// in returns the points in a state, those that are used first first.
func (m *model) in(state string) []*point {
	var list []*point
	for _, p := range m.points {
		if p.state == state {
			list = append(list, p)
		}
	}
	slices.SortStableFunc(list, func(a, b *point) int {
		return cmp.Or(cmp.Compare(a.last(), b.last()), cmp.Compare(a.lot, b.lot))
	})
	return list
}

// last sorts points that never expire last.
func (p *point) last() int64 {
	if p.expires.IsZero() {
		return 1 << 62
	}
	return p.expires.Unix()
}

func (m *model) expire(now time.Time) {
	for _, p := range m.in("free") {
		if !p.expires.IsZero() && !p.expires.After(now) {
			p.state = "expired"
		}
	}
}

func (m *model) give(n int64, reference string, expires *time.Time) {
	m.lots++
	for range n {
		if m.owed > 0 {
			m.owed--
			continue
		}
		p := &point{lot: m.lots, reference: reference, state: "free"}
		if expires != nil {
			p.expires = *expires
		}
		m.points = append(m.points, p)
	}
}

// takeBack takes a payment's points: those that are left, those that have expired, which are gone already, then others, then what comes.
func (m *model) takeBack(n int64, reference string) {
	take := func(list []*point) {
		for _, p := range list {
			if n > 0 {
				p.state = "gone"
				n--
			}
		}
	}
	own := func(list []*point) []*point {
		return slices.DeleteFunc(slices.Clone(list), func(p *point) bool { return p.reference != reference })
	}
	take(own(m.in("free")))
	take(own(m.in("expired")))
	take(m.in("free"))
	m.owed += n
}

func (m *model) spend(n int64) { m.move("free", "gone", n) }

func (m *model) move(from, to string, n int64) {
	for _, p := range m.in(from)[:n] {
		p.state = to
	}
}

func (m *model) release(id string) {
	held := m.in(id)
	paid := min(m.owed, int64(len(held)))
	m.owed -= paid
	m.move(id, "gone", paid)
	m.move(id, "free", int64(len(held))-paid)
}
