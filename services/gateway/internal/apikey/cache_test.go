package apikey

import (
	"testing"
	"time"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/gateway/internal/merchant"
	"european-pay.eu/eupay/services/gateway/internal/roomtest"
)

// What was read before a change must not be remembered after it.
func TestLookupFromBeforeAChangeIsNotKept(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m := f.merchant(t, "shop@example.com")
	key, secret := f.key(t, m.ID)
	c := f.Keys.cache
	before := c.begin()
	defer c.end(before)
	old := mustAuthenticate(t, f, key, secret)
	if err := f.Keys.Revoke(t.Context(), "user:x", m.ID, key.ID); err != nil {
		t.Fatal(err)
	}
	late := &entry{exists: true, key: old, fresh: f.Clock.Now().Add(trust)}
	if c.put(key.Public, before, late); c.get(key.Public).believed(f.Clock.Now()) || !c.outdated(before, key.Public, late) {
		t.Fatal("the late answer was stored")
	}
}

// What one merchant does must not cost the others the memory of their keys, neither what is in it nor what is being read.
func TestAChangeConcernsOnlyItsOwnKeys(t *testing.T) {
	t.Parallel()
	f := setup(t)
	busy := f.merchant(t, "busy@example.com")
	changing, changingSecret := f.key(t, busy.ID)
	m := f.merchant(t, "shop@example.com")
	key, secret := f.key(t, m.ID)
	c := f.Keys.cache
	got, _ := mustAuthenticate(t, f, key, secret), mustAuthenticate(t, f, changing, changingSecret)
	during := c.begin()
	defer c.end(during)
	if _, err := f.Merchants.Update(t.Context(), "user:x", busy.ID, merchant.Change{Name: ptr("New name")}, roomtest.Home); err != nil {
		t.Fatal(err)
	}
	if c.get(changing.Public).believed(f.Clock.Now()) || !c.get(key.Public).believed(f.Clock.Now()) {
		t.Error("the wrong key was forgotten")
	}
	e := &entry{exists: true, key: got, fresh: f.Clock.Now().Add(trust)}
	if c.put(key.Public, during, e); c.get(key.Public) != e {
		t.Error("what was read of another's key meanwhile was thrown away")
	}
	if renamed := mustAuthenticate(t, f, changing, changingSecret); renamed.Merchant.Name != "New name" {
		t.Errorf("its own key still says %q", renamed.Merchant.Name)
	}
}

func TestWhatChangesNothingIsNotForgotten(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m := f.merchant(t, "shop@example.com")
	key, secret := f.key(t, m.ID)
	got := mustAuthenticate(t, f, key, secret)
	if _, err := f.Merchants.Update(t.Context(), "user:x", m.ID, merchant.Change{Name: &m.Name}, roomtest.Home); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Keys.Update(t.Context(), "user:x", m.ID, key.ID, Change{Name: &got.Name, Scopes: &got.Scopes, AllowedIPs: &got.AllowedIPs, PerMinute: &got.PerMinute}); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Keys.Update(t.Context(), "user:x", m.ID, key.ID, Change{Name: ptr("")}); err == nil {
		t.Fatal("a key without a name")
	}
	if !f.Keys.cache.get(key.Public).believed(f.Clock.Now()) {
		t.Error("forgotten")
	}
	if actions := f.Audited(t, key.ID); len(actions) != 1 {
		t.Errorf("audited %v", actions)
	}
}

// A secret that was proven once is read again after a change, but not compared again.
func TestAChangeCostsNoBcrypt(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m := f.merchant(t, "shop@example.com")
	key, secret := f.key(t, m.ID)
	mustAuthenticate(t, f, key, secret)
	f.Keys.hasher.Turns.Close()
	if _, err := f.Merchants.Update(t.Context(), "user:x", m.ID, merchant.Change{Name: ptr("New name")}, roomtest.Home); err != nil {
		t.Fatal(err)
	}
	if got := mustAuthenticate(t, f, key, secret); got.Merchant.Name != "New name" {
		t.Errorf("still %q", got.Merchant.Name)
	}
	f.Keys.cache.flush()
	mustAuthenticate(t, f, key, secret)
}

// A look-up that others join after a change may have asked before it: they ask again.
func TestWhoJoinsALookupFromBeforeAChangeAsksAgain(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m := f.merchant(t, "shop@example.com")
	key, secret := f.key(t, m.ID)
	leave := take(t, f.Keys.hasher.Turns)
	first, second := make(chan error, 1), make(chan error, 1)
	ask := func(to chan<- error) {
		_, err := f.Keys.Authenticate(t.Context(), key.Public, secret, roomtest.Home.IP)
		to <- err
	}
	go ask(first)
	roomtest.Eventually(t, "the look-up has read the key", func() bool { return f.Keys.hasher.Turns.Waiting() == 1 })
	if err := f.Keys.Revoke(t.Context(), "user:x", m.ID, key.ID); err != nil {
		t.Fatal(err)
	}
	go ask(second)
	leave()
	roomtest.WantCode(t, <-first, errs.InvalidAPIKey)
	roomtest.WantCode(t, <-second, errs.InvalidAPIKey)
}

func TestUnknownKeysAreBounded(t *testing.T) {
	t.Parallel()
	c := &cache{}
	for range maxUnknown + 5 {
		c.put(newPublic(false), &reading{}, &entry{})
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
	m := f.merchant(t, "shop@example.com")
	key, secret := f.key(t, m.ID)
	mustAuthenticate(t, f, key, secret)
	f.Keys.cache.sweep(f.Clock.Now().Add(trust))
	if f.Keys.cache.get(key.Public) == nil {
		t.Fatal("dropped too early")
	}
	f.Keys.cache.sweep(f.Clock.Now().Add(trust + keepIdle + 1))
	if f.Keys.cache.get(key.Public) != nil {
		t.Fatal("kept")
	}
}
