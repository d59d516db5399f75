package account

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"golang.org/x/crypto/bcrypt"

	"european-pay.eu/eupay/internal/bus"
	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/natstest"
)

func TestAuthenticateTellsWhatIsWrong(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m, _ := f.merchant(t, "shop@example.com")
	key, secret := f.key(t, m.ID)
	other, otherSecret := f.key(t, m.ID)
	cases := map[string]struct {
		public, secret string
		want           errs.Code
	}{
		"right":                       {key.Public, secret, ""},
		"unknown key":                 {"pk_test_" + strings.Repeat("a", 24), secret, errs.InvalidAPIKey},
		"not a key":                   {"hello", secret, errs.InvalidAPIKey},
		"a secret as key":             {secret, secret, errs.InvalidAPIKey},
		"zero byte":                   {key.Public + "\x00", secret, errs.InvalidAPIKey},
		"empty":                       {"", "", errs.InvalidAPIKey},
		"wrong secret":                {key.Public, "sk_test_" + strings.Repeat("a", 43), errs.InvalidSecret},
		"another key's secret":        {key.Public, otherSecret, errs.InvalidSecret},
		"another key's secret, again": {other.Public, secret, errs.InvalidSecret},
		"no secret":                   {key.Public, "", errs.InvalidSecret},
		"live prefix":                 {key.Public, strings.Replace(secret, "test", "live", 1), errs.InvalidSecret},
		"longer than bcrypt looks":    {key.Public, secret + strings.Repeat("a", 72), errs.InvalidSecret},
	}
	for name, c := range cases {
		for _, attempt := range []string{"cold", "remembered"} {
			got, err := f.Keys.Authenticate(t.Context(), c.public, c.secret)
			if c.want != "" {
				if !errs.Is(err, c.want) {
					t.Errorf("%s (%s): got %v, want %s", name, attempt, err, c.want)
				}
				continue
			}
			if err != nil || got.ID != key.ID || got.Merchant.ID != m.ID || got.Merchant.IBAN != testIBAN || len(got.Scopes) != len(AllScopes) {
				t.Errorf("%s (%s): got %+v, %v", name, attempt, got, err)
			}
		}
	}
}

func TestSecretsAreStoredAsBcryptOnly(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m, _ := f.merchant(t, "shop@example.com")
	_, secret := f.key(t, m.ID)
	hashes := f.strings(t, `select hash from api_key_secrets`)
	if len(hashes) != 1 || bcrypt.CompareHashAndPassword([]byte(hashes[0]), []byte(secret)) != nil {
		t.Fatalf("stored %q", hashes)
	}
	if len(secret) > maxBcrypt || !strings.HasPrefix(secret, "sk_test_") {
		t.Fatalf("a secret of %d bytes", len(secret))
	}
}

// A verified pair costs no bcrypt any more, not even when the row is read again after a minute.
func TestVerifiedPairIsRemembered(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m, _ := f.merchant(t, "shop@example.com")
	key, secret := f.key(t, m.ID)
	mustAuthenticate(t, f, key, secret)
	fill(f.Keys.hasher.gate) // from here on a comparison would only end with SERVICE_UNAVAILABLE
	mustAuthenticate(t, f, key, secret)
	f.clock.advance(trust)
	mustAuthenticate(t, f, key, secret)
	if used := f.strings(t, `select last_used_at::text from api_keys where id = $1`, key.ID); !strings.HasPrefix(used[0], "2026-06-17 12:01:00") {
		t.Fatalf("last used at %s", used)
	}
}

func fill(g *gate) {
	for range cap(g.slots) {
		g.slots <- struct{}{}
	}
	g.queue = 0
}

func TestTooManyComparisonsAreRefused(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m, _ := f.merchant(t, "shop@example.com")
	key, secret := f.key(t, m.ID)
	fill(f.Keys.hasher.gate)
	_, err := f.Keys.Authenticate(t.Context(), key.Public, secret)
	if e := wantCode(t, err, errs.Unavailable); e.RetryAfter != time.Second {
		t.Fatalf("retry after %s", e.RetryAfter)
	}
}

func TestWrongSecretsOfOneKeyAreLimited(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m, _ := f.merchant(t, "shop@example.com")
	key, secret := f.key(t, m.ID)
	mustAuthenticate(t, f, key, secret)
	for i := range wrongPerMinute + 1 {
		_, err := f.Keys.Authenticate(t.Context(), key.Public, "sk_test_"+randomText(secretLength))
		if want := map[bool]errs.Code{true: errs.InvalidSecret, false: errs.RateLimitExceeded}[i < wrongPerMinute]; !errs.Is(err, want) {
			t.Fatalf("attempt %d: got %v, want %s", i, err, want)
		}
	}
	mustAuthenticate(t, f, key, secret) // who has proven the secret is not locked out by a guesser
	f.clock.advance(trust)
	mustAuthenticate(t, f, key, secret)
}

func TestSamePairAtOnceIsComparedOnce(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m, _ := f.merchant(t, "shop@example.com")
	key, secret := f.key(t, m.ID)
	f.Keys.wrong = newWindow(1, time.Minute) // room for one comparison
	f.Keys.hasher.gate.slots <- struct{}{}
	var started, done sync.WaitGroup
	failures := make(chan error, 100)
	started.Add(100)
	for range 100 {
		done.Go(func() {
			started.Done()
			if _, err := f.Keys.Authenticate(t.Context(), key.Public, secret); err != nil {
				failures <- err
			}
		})
	}
	started.Wait()
	<-f.Keys.hasher.gate.slots
	done.Wait()
	close(failures)
	for err := range failures {
		t.Fatal(err)
	}
}

func mustAuthenticate(t testing.TB, f *fixture, key Key, secret string) Key {
	t.Helper()
	got, err := f.Keys.Authenticate(t.Context(), key.Public, secret)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func authenticates(t testing.TB, f *fixture, key Key, secret string) func() bool {
	return func() bool {
		_, err := f.Keys.Authenticate(t.Context(), key.Public, secret)
		if err != nil && !errs.Is(err, errs.InvalidAPIKey) && !errs.Is(err, errs.InvalidSecret) {
			t.Fatal(err)
		}
		return err == nil
	}
}

// The clocks stand still, so only the broadcast can make the other replica forget.
func TestChangesAreSeenAtOnceByOtherReplicas(t *testing.T) {
	t.Parallel()
	a := setup(t)
	b := a.replica(t)
	m, _ := a.merchant(t, "shop@example.com")
	key, secret := a.key(t, m.ID)
	mustAuthenticate(t, a, key, secret)
	mustAuthenticate(t, b, key, secret)

	if _, err := a.Merchants.Enable(t.Context(), "user:admin", m.ID, true); err != nil {
		t.Fatal(err)
	}
	if !mustAuthenticate(t, a, key, secret).Merchant.GatewayEnabled {
		t.Fatal("this replica still has the gateway disabled")
	}
	eventually(t, "other replica sees the gateway enabled", func() bool { return mustAuthenticate(t, b, key, secret).Merchant.GatewayEnabled })

	if _, err := a.Keys.Update(t.Context(), "user:x", m.ID, key.ID, KeyChange{Scopes: &[]Scope{PaymentsRead}}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "other replica sees the scopes", func() bool { return !mustAuthenticate(t, b, key, secret).Has(PaymentsWrite) })

	_, renewed, err := a.Keys.Rotate(t.Context(), "user:x", m.ID, key.ID, 0)
	if err != nil {
		t.Fatal(err)
	}
	if authenticates(t, a, key, secret)() {
		t.Fatal("the old secret still works here")
	}
	eventually(t, "other replica refuses the old secret", func() bool { return !authenticates(t, b, key, secret)() })
	mustAuthenticate(t, b, key, renewed)

	if err := a.Keys.Revoke(t.Context(), "user:x", m.ID, key.ID); err != nil {
		t.Fatal(err)
	}
	if authenticates(t, a, key, renewed)() {
		t.Fatal("the revoked key still works here")
	}
	eventually(t, "other replica refuses the revoked key", func() bool { return !authenticates(t, b, key, renewed)() })
}

// A replica that was cut off must not go on with what it knew before.
func TestReconnectForgetsEverything(t *testing.T) {
	t.Parallel()
	f := setup(t)
	nc, err := nats.Connect(natstest.Server(t).URL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	cut := &fixture{pool: f.pool, bus: &bus.Bus{NC: nc}, clock: f.clock}
	cut.Accounts = open(t, cut) // on another broker: it hears nothing of what f does
	m, _ := f.merchant(t, "shop@example.com")
	key, secret := f.key(t, m.ID)
	mustAuthenticate(t, cut, key, secret)
	if err := f.Keys.Revoke(t.Context(), "user:x", m.ID, key.ID); err != nil {
		t.Fatal(err)
	}
	if !authenticates(t, cut, key, secret)() {
		t.Fatal("the test proves nothing: the replica heard of the change")
	}
	if err := cut.bus.NC.ForceReconnect(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "replica forgets on reconnect", func() bool { return !authenticates(t, cut, key, secret)() })
	eventually(t, "replica hears again", func() bool { return !cut.notifier.deaf.Load() })
}

func TestKeyIsTrustedOnlyBrieflyWhileDeaf(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m, _ := f.merchant(t, "shop@example.com")
	key, secret := f.key(t, m.ID)
	f.notifier.deaf.Store(true)
	mustAuthenticate(t, f, key, secret)
	if _, err := f.pool.Exec(t.Context(), `update api_keys set revoked_at = now()`); err != nil {
		t.Fatal(err)
	}
	if !authenticates(t, f, key, secret)() {
		t.Fatal("not remembered at all")
	}
	f.clock.advance(trustDeaf)
	if authenticates(t, f, key, secret)() {
		t.Fatal("still trusted")
	}
}

func TestLostBroadcastIsMadeGoodWithinAMinute(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m, _ := f.merchant(t, "shop@example.com")
	key, secret := f.key(t, m.ID)
	mustAuthenticate(t, f, key, secret)
	if _, err := f.pool.Exec(t.Context(), `delete from api_key_secrets`); err != nil {
		t.Fatal(err)
	}
	f.clock.advance(trust - time.Second)
	mustAuthenticate(t, f, key, secret)
	f.clock.advance(time.Second)
	if authenticates(t, f, key, secret)() {
		t.Fatal("a secret that is gone still works")
	}
}

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
	c.put(key.Public, before, &entry{exists: true, key: old, fresh: f.clock.now().Add(trust)})
	if c.get(key.Public) != nil {
		t.Fatal("the late answer was stored")
	}
}

func TestExpiredKeyEndsOnTime(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m, _ := f.merchant(t, "shop@example.com")
	key, secret, err := f.Keys.Create(t.Context(), "user:x", m.ID, NewKey{Name: "Short", ExpiresAt: ptr(f.clock.now().Add(30 * time.Second))})
	if err != nil {
		t.Fatal(err)
	}
	mustAuthenticate(t, f, key, secret)
	f.clock.advance(30 * time.Second)
	if authenticates(t, f, key, secret)() {
		t.Fatal("still valid")
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
	c.sweep(time.Now(), keepIdle)
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
	f.notifier.cache.sweep(f.clock.now().Add(trust), keepIdle)
	if f.notifier.cache.get(key.Public) == nil {
		t.Fatal("dropped too early")
	}
	f.notifier.cache.sweep(f.clock.now().Add(trust+keepIdle+1), keepIdle)
	if f.notifier.cache.get(key.Public) != nil {
		t.Fatal("kept")
	}
}

func TestDatabaseAwayIsUnavailableNotInvalid(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.pool.Close()
	_, err := f.Keys.Authenticate(t.Context(), newPublic(false), newSecret(false))
	wantCode(t, err, errs.Unavailable)
	var e *errs.Error
	if errors.As(err, &e); strings.Contains(e.Message, "pool") {
		t.Fatalf("the message shows %q", e.Message)
	}
}

func TestCallerThatHangsUpDoesNotSpoilTheLookup(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m, _ := f.merchant(t, "shop@example.com")
	key, secret := f.key(t, m.ID)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.Keys.Authenticate(ctx, key.Public, secret); err != nil {
		wantCode(t, err, errs.Unavailable)
	}
	eventually(t, "the look-up finishes", func() bool {
		e := f.notifier.cache.get(key.Public)
		return e != nil && len(e.accepted) == 1
	})
}

func BenchmarkAuthenticate(b *testing.B) {
	f := setup(b)
	m, _ := f.merchant(b, "shop@example.com")
	key, secret := f.key(b, m.ID)
	b.ReportAllocs()
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			if _, err := f.Keys.Authenticate(b.Context(), key.Public, secret); err != nil {
				b.Fatal(err)
			}
		}
	})
}
