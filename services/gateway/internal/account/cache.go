package account

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
	// fresh is until when the entry is believed without asking the database.
	fresh    time.Time
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

// inherit keeps the accepted secrets that the database still has, so that bcrypt is paid once and not once a minute.
// What was refused is forgotten.
func (e *entry) inherit(old *entry) {
	for _, a := range old.accepted {
		i := slices.IndexFunc(e.secrets, func(s storedSecret) bool { return s.ID == a.secretID })
		if i >= 0 {
			e.accepted = append(e.accepted, accepted{proof: a.proof, secretID: a.secretID, until: e.secrets[i].end()})
		}
	}
}

func (e *entry) with(p proof, s storedSecret) *entry {
	next := *e
	next.accepted = slices.DeleteFunc(slices.Clone(e.accepted), func(a accepted) bool { return a.secretID == s.ID })
	next.accepted = append(next.accepted, accepted{proof: p, secretID: s.ID, until: s.end()})
	return &next
}

func (e *entry) without(p proof) *entry {
	next := *e
	next.refused = append(slices.Clone(e.refused[max(0, len(e.refused)-maxRefused+1):]), p)
	return &next
}

func (e *entry) concerns(id string) bool {
	return e.exists && (e.key.ID == id || e.key.Merchant.ID == id)
}

// cache holds the entries by public key.
type cache struct {
	entries sync.Map // string → *entry
	unknown atomic.Int64
	// generation changes with every forget: what was read from the database before must not be stored after.
	generation atomic.Uint64
	mu         sync.Mutex // writers
}

func (c *cache) get(public string) *entry {
	e, ok := c.entries.Load(public)
	if !ok {
		return nil
	}
	return e.(*entry)
}

// put stores what was learned since generation, unless something was forgotten meanwhile.
func (c *cache) put(public string, generation uint64, e *entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.generation.Load() != generation || (!e.exists && c.unknown.Load() >= maxUnknown) {
		return
	}
	c.count(public, -1)
	c.entries.Store(public, e)
	c.count(public, 1)
}

// edit replaces the present entry by change of it, so that two requests that learn something at once both keep it.
func (c *cache) edit(public string, generation uint64, change func(*entry) *entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.get(public); e != nil && e.exists && c.generation.Load() == generation {
		c.entries.Store(public, change(e))
	}
}

func (c *cache) count(public string, by int64) {
	if e := c.get(public); e != nil && !e.exists {
		c.unknown.Add(by)
	}
}

// forget drops what concerns the public key or the id of a key or merchant.
func (c *cache) forget(id string) {
	c.drop(func(public string, e *entry) bool { return public == id || e.concerns(id) })
}

func (c *cache) flush() { c.drop(func(string, *entry) bool { return true }) }

// sweep drops entries that nobody has used for a while, and ends what is not fresh any more of those that do not exist.
func (c *cache) sweep(now time.Time) {
	c.drop(func(_ string, e *entry) bool {
		return now.After(e.fresh.Add(keepIdle)) || (!e.exists && now.After(e.fresh))
	})
}

func (c *cache) drop(which func(public string, e *entry) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.generation.Add(1)
	c.entries.Range(func(k, v any) bool {
		public := k.(string)
		if which(public, v.(*entry)) {
			c.count(public, -1)
			c.entries.Delete(public)
		}
		return true
	})
}
