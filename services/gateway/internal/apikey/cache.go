package apikey

import (
	"crypto/subtle"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// proof is the keyed hash of a public key with a secret: what the memory keeps instead of the secret.
type proof [32]byte

// accepted is a secret that was once compared with its bcrypt hash and found right.
type accepted struct {
	proof    proof
	secretID string
	// until is when the secret ends; the zero time for the current one.
	until time.Time
}

// entry is what is known about one public key. It never changes: a new state is a new entry, so that readers need no
// lock.
type entry struct {
	// exists is false for a public key that is not in use, or not any more.
	exists  bool
	key     Key
	secrets []storedSecret
	// fresh is until when the entry is used without asking the database, unless it is stale: the key or its merchant has changed.
	fresh time.Time
	stale bool
	// reading is the number of the look at the database that made the entry.
	reading  uint64
	accepted []accepted
	// refused are the latest wrong secrets: a client with a wrong setting repeats the same one.
	refused []proof
}

const (
	maxRefused = 16
	// maxUnknown bounds the memory for public keys that do not exist.
	maxUnknown = 10_000
)

type verdict int

const (
	unsure verdict = iota
	right
	wrong
)

// believed reports whether the entry exists and may be used without asking the database.
func (e *entry) believed(now time.Time) bool { return e != nil && !e.stale && now.Before(e.fresh) }

// judge compares in constant time.
func (e *entry) judge(p proof, now time.Time) verdict {
	for i := range e.accepted {
		a := &e.accepted[i]
		if subtle.ConstantTimeCompare(a.proof[:], p[:]) == 1 && (a.until.IsZero() || now.Before(a.until)) {
			return right
		}
	}
	for i := range e.refused {
		if subtle.ConstantTimeCompare(e.refused[i][:], p[:]) == 1 {
			return wrong
		}
	}
	return unsure
}

// inherit keeps the accepted secrets that the database still has, so that bcrypt runs once and not once a minute.
// Refused secrets are forgotten.
func (e *entry) inherit(old *entry) {
	for _, a := range old.accepted {
		i := slices.IndexFunc(e.secrets, func(s storedSecret) bool { return s.ID == a.secretID })
		if i >= 0 {
			e.accepted = append(e.accepted, accepted{proof: a.proof, secretID: a.secretID, until: e.secrets[i].end()})
		}
	}
}

// with is e with a secret that was found right; e itself when the key has that secret no more.
func (e *entry) with(p proof, s storedSecret) *entry {
	if !slices.ContainsFunc(e.secrets, func(o storedSecret) bool { return o.ID == s.ID }) {
		return e
	}
	next := *e
	next.accepted = slices.DeleteFunc(slices.Clone(e.accepted), func(a accepted) bool { return a.secretID == s.ID })
	next.accepted = append(next.accepted, accepted{proof: p, secretID: s.ID, until: s.end()})
	return &next
}

// without is e with a secret that was found wrong at that reading; e itself when it was read again since.
func (e *entry) without(p proof, reading uint64) *entry {
	if e.reading != reading {
		return e
	}
	next := *e
	next.refused = append(slices.Clone(e.refused[max(0, len(e.refused)-maxRefused+1):]), p)
	return &next
}

func (e *entry) concerns(id string) bool {
	return e.exists && (e.key.ID == id || e.key.Merchant.ID == id)
}

// cache holds the entries by public key. A change makes only the entries stale that it concerns, and those that are being read
// meanwhile: the keys of other merchants stay in memory. So do secrets that were found right; once the key is read again, those
// of them count that it still has.
type cache struct {
	entries sync.Map // string → *entry
	unknown atomic.Int64

	mu       sync.Mutex // writers
	readings uint64
	// open are the readings under way.
	open map[*reading]bool
}

// reading is a look at the database, and what changed since it began.
type reading struct {
	number uint64
	// changed are the ids that were forgotten since, all: everything was.
	changed map[string]bool
	all     bool
}

// begin opens a reading, which end closes.
func (c *cache) begin() *reading {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.readings++
	r := &reading{number: c.readings}
	if c.open == nil {
		c.open = make(map[*reading]bool)
	}
	c.open[r] = true
	return r
}

func (c *cache) end(r *reading) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.open, r)
}

// outdated reports whether what was read of the public key may be from before a change.
func (c *cache) outdated(r *reading, public string, e *entry) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return r.missed(public, e)
}

func (r *reading) missed(public string, e *entry) bool {
	return r.all || r.changed[public] || e != nil && (r.changed[e.key.ID] || r.changed[e.key.Merchant.ID])
}

func (c *cache) get(public string) *entry {
	e, ok := c.entries.Load(public)
	if !ok {
		return nil
	}
	return e.(*entry)
}

// put stores what the reading found, unless that changed meanwhile.
func (c *cache) put(public string, r *reading, e *entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.missed(public, e) || (!e.exists && c.unknown.Load() >= maxUnknown) {
		return
	}
	e.reading = r.number
	c.count(public, -1)
	c.entries.Store(public, e)
	c.count(public, 1)
}

// edit replaces the present entry by change of it, so that two requests that learn something at once both keep it.
func (c *cache) edit(public string, change func(*entry) *entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.get(public); e != nil && e.exists {
		c.entries.Store(public, change(e))
	}
}

func (c *cache) count(public string, by int64) {
	if e := c.get(public); e != nil && !e.exists {
		c.unknown.Add(by)
	}
}

// forget makes stale what concerns the public key or the id of a key or merchant.
func (c *cache) forget(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for r := range c.open {
		if r.changed == nil {
			r.changed = make(map[string]bool)
		}
		r.changed[id] = true
	}
	c.each(func(public string, e *entry) {
		if public == id || e.concerns(id) {
			c.spoil(public, e)
		}
	})
}

// flush makes everything stale.
func (c *cache) flush() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for r := range c.open {
		r.all = true
	}
	c.each(c.spoil)
}

// sweep drops entries that nobody has used for a while, and ends what is not fresh any more of those that do not exist.
func (c *cache) sweep(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.each(func(public string, e *entry) {
		if now.After(e.fresh.Add(keepIdle)) || (!e.exists && now.After(e.fresh)) {
			c.drop(public)
		}
	})
}

func (c *cache) each(do func(public string, e *entry)) {
	c.entries.Range(func(k, v any) bool {
		do(k.(string), v.(*entry))
		return true
	})
}

func (c *cache) spoil(public string, e *entry) {
	if !e.exists {
		c.drop(public)
		return
	}
	next := *e
	next.stale = true
	c.entries.Store(public, &next)
}

func (c *cache) drop(public string) {
	c.count(public, -1)
	c.entries.Delete(public)
}
