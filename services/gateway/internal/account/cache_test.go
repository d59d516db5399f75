package account

import (
	"testing"
	"time"
)

// What was read before a change must not be remembered after it.
func TestLookupFromBeforeAChangeIsNotKept(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m, _ := f.merchant(t, "shop@example.com")
	key, secret := f.key(t, m.ID)
	c := f.notifier.cache
	before := c.generation.Load()
	old := mustAuthenticate(t, f, key, secret)
	if err := f.Keys.Revoke(t.Context(), "user:x", m.ID, key.ID); err != nil {
		t.Fatal(err)
	}
	c.put(key.Public, before, &entry{exists: true, key: old, fresh: f.clock.Now().Add(trust)})
	if c.get(key.Public) != nil {
		t.Fatal("the late answer was stored")
	}
}

func TestUnknownKeysAreBounded(t *testing.T) {
	t.Parallel()
	c := &cache{}
	for range maxUnknown + 5 {
		c.put(newPublic(false), 0, &entry{})
	}
	n := 0
	c.entries.Range(func(any, any) bool { n++; return true })
	if n != maxUnknown {
		t.Fatalf("%d entries", n)
	}
	c.sweep(time.Now())
	if c.unknown.Load() != 0 {
		t.Fatalf("%d counted after the sweep", c.unknown.Load())
	}
}

func TestIdleKeysLeaveTheMemory(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m, _ := f.merchant(t, "shop@example.com")
	key, secret := f.key(t, m.ID)
	mustAuthenticate(t, f, key, secret)
	f.notifier.cache.sweep(f.clock.Now().Add(trust))
	if f.notifier.cache.get(key.Public) == nil {
		t.Fatal("dropped too early")
	}
	f.notifier.cache.sweep(f.clock.Now().Add(trust + keepIdle + 1))
	if f.notifier.cache.get(key.Public) != nil {
		t.Fatal("kept")
	}
}
