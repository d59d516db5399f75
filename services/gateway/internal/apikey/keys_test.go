package apikey

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/gateway/internal/attempts"
	"european-pay.eu/eupay/services/gateway/internal/hashing"
	"european-pay.eu/eupay/services/gateway/internal/rights"
	"european-pay.eu/eupay/services/gateway/internal/roomtest"
	"european-pay.eu/eupay/services/gateway/internal/slots"
)

func TestAuthenticateTellsWhatIsWrong(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m := f.merchant(t, "shop@example.com")
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
			got, err := f.Keys.Authenticate(t.Context(), c.public, c.secret, roomtest.Home.IP)
			if c.want != "" {
				if !errs.Is(err, c.want) {
					t.Errorf("%s (%s): got %v, want %s", name, attempt, err, c.want)
				}
				continue
			}
			if err != nil || got.ID != key.ID || got.Merchant.ID != m.ID || got.Merchant.IBAN != roomtest.IBAN || len(got.Scopes) != len(rights.AllScopes) {
				t.Errorf("%s (%s): got %+v, %v", name, attempt, got, err)
			}
		}
	}
}

func TestSecretsAreStoredAsBcryptOnly(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m := f.merchant(t, "shop@example.com")
	_, secret := f.key(t, m.ID)
	hashes := f.Strings(t, `select hash from api_key_secrets`)
	if len(hashes) != 1 || bcrypt.CompareHashAndPassword([]byte(hashes[0]), []byte(secret)) != nil {
		t.Fatalf("stored %q", hashes)
	}
	if len(secret) > hashing.MaxBytes || !strings.HasPrefix(secret, "sk_test_") {
		t.Fatalf("a secret of %d bytes", len(secret))
	}
}

// A verified pair costs no bcrypt any more, not even when the row is read again after a minute.
func TestVerifiedPairIsRemembered(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m := f.merchant(t, "shop@example.com")
	key, secret := f.key(t, m.ID)
	mustAuthenticate(t, f, key, secret)
	f.Keys.hasher.Turns.Close() // from here on a comparison would only end with SERVICE_UNAVAILABLE
	mustAuthenticate(t, f, key, secret)
	f.Clock.Advance(trust)
	mustAuthenticate(t, f, key, secret)
	if used := f.Strings(t, `select last_used_at::text || ' ' || host(last_used_ip) from api_keys where id = $1`, key.ID); !strings.HasPrefix(used[0], "2026-06-17 12:01:00") ||
		!strings.HasSuffix(used[0], " "+roomtest.Home.IP.String()) {
		t.Fatalf("last used at %s", used)
	}
}

func TestTooManyComparisonsAreRefused(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m := f.merchant(t, "shop@example.com")
	key, secret := f.key(t, m.ID)
	f.Keys.hasher.Turns.Close()
	_, err := f.Keys.Authenticate(t.Context(), key.Public, secret, roomtest.Home.IP)
	if e := roomtest.WantCode(t, err, errs.Unavailable); e.RetryAfter != time.Second {
		t.Fatalf("retry after %s", e.RetryAfter)
	}
}

// take fills all slots under names of its own until they are left.
func take(t testing.TB, g *slots.Turns) (leave func()) {
	t.Helper()
	var inside []slots.Turn
	for g.Free() > 0 {
		who := slots.Turn{Name: "filler " + hashing.Text(8)}
		if err := g.Enter(t.Context(), who); err != nil {
			t.Fatal(err)
		}
		inside = append(inside, who)
	}
	return func() {
		for _, who := range inside {
			g.Leave(who)
		}
	}
}

// guess tries a wrong secret of the key.
func guess(t testing.TB, f *fixture, key Key, from string) error {
	t.Helper()
	_, err := f.Keys.Authenticate(t.Context(), key.Public, "sk_test_"+hashing.Token(), netip.MustParseAddr(from))
	return err
}

// exhaust tries wrong secrets until the network of the address may try no more.
func exhaust(t testing.TB, f *fixture, key Key, from string) {
	t.Helper()
	for range wrongPerMinute {
		roomtest.WantCode(t, guess(t, f, key, from), errs.InvalidSecret)
	}
	roomtest.WantCode(t, guess(t, f, key, from), errs.RateLimitExceeded)
}

// The key is no secret: who has only that must not be able to lock its owner out.
func TestWrongSecretsCountAgainstTheirNetworkAlone(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ attacker, neighbour, other string }{
		{"198.51.100.7", "198.51.100.200", "198.51.101.7"},
		{"2001:db8:1:2::7", "2001:db8:1:ffff::1", "2001:db8:2::1"},
	} {
		f := setup(t)
		m := f.merchant(t, "shop@example.com")
		key, secret := f.key(t, m.ID)
		exhaust(t, f, key, c.attacker)
		roomtest.WantCode(t, guess(t, f, key, c.neighbour), errs.RateLimitExceeded)
		roomtest.WantCode(t, guess(t, f, key, c.other), errs.InvalidSecret)
		if _, err := f.Keys.Authenticate(t.Context(), key.Public, secret, netip.MustParseAddr(c.other)); err != nil {
			t.Errorf("the owner is locked out: %v", err)
		}
	}
}

// Not even in the network of the attack, and not when all is read again.
func TestAProvenSecretIsNeverRefusedForWrongOnes(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m := f.merchant(t, "shop@example.com")
	key, secret := f.key(t, m.ID)
	mustAuthenticate(t, f, key, secret)
	exhaust(t, f, key, roomtest.Home.IP.String())
	f.Keys.hasher.Turns.Close()
	mustAuthenticate(t, f, key, secret)
	f.Clock.Advance(trust - time.Second)
	mustAuthenticate(t, f, key, secret)
	f.Clock.Advance(time.Second)
	mustAuthenticate(t, f, key, secret)
}

// An attacker's requests wait for each other, and one from a network without mistakes goes before them.
func TestTheFirstUseOfASecretGoesBeforeGuesses(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m := f.merchant(t, "shop@example.com")
	key, secret := f.key(t, m.ID)
	roomtest.WantCode(t, guess(t, f, key, "198.51.100.7"), errs.InvalidSecret)
	turns := f.Keys.hasher.Turns
	leave := take(t, turns)
	var guesses sync.WaitGroup
	for range slots.MaxLine {
		guesses.Go(func() { _ = guess(t, f, key, "198.51.100.7") })
	}
	roomtest.Eventually(t, "the guesses fill the line", func() bool { return turns.Waiting() == slots.MaxLine })
	owner := make(chan error, 1)
	go func() {
		_, err := f.Keys.Authenticate(t.Context(), key.Public, secret, roomtest.Home.IP)
		owner <- err
	}()
	roomtest.Eventually(t, "the owner waits first", func() bool {
		ranks := turns.Ranks(key.Public)
		return len(ranks) == slots.MaxLine && ranks[0] == 0 && ranks[1] > 0
	})
	leave()
	if err := <-owner; err != nil {
		t.Error(err)
	}
	guesses.Wait()
}

func TestASecretThatWasNotComparedDoesNotCount(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m := f.merchant(t, "shop@example.com")
	key, secret := f.key(t, m.ID)
	open := f.Keys.hasher.Turns.Close()
	for range wrongPerMinute {
		_, err := f.Keys.Authenticate(t.Context(), key.Public, secret, roomtest.Home.IP)
		roomtest.WantCode(t, err, errs.Unavailable)
	}
	open()
	mustAuthenticate(t, f, key, secret)
}

// A flood that is mostly sent away must come to its limit all the same.
func TestWhatAFloodIsSentAwayWithCounts(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m := f.merchant(t, "shop@example.com")
	key, _ := f.key(t, m.ID)
	roomtest.WantCode(t, guess(t, f, key, roomtest.Home.IP.String()), errs.InvalidSecret)
	f.Keys.hasher.Turns.Close()
	for range wrongPerMinute - 1 {
		roomtest.WantCode(t, guess(t, f, key, roomtest.Home.IP.String()), errs.Unavailable)
	}
	roomtest.WantCode(t, guess(t, f, key, roomtest.Home.IP.String()), errs.RateLimitExceeded)
}

// bcrypt is not paid for who may not use the key in any case.
func TestTheAllowListStandsBeforeBcrypt(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m := f.merchant(t, "shop@example.com")
	key, secret, err := f.Keys.Create(t.Context(), "user:x", m.ID, NewKey{Name: "Shop", AllowedIPs: []netip.Prefix{netip.PrefixFrom(roomtest.Home.IP, 32)}})
	if err != nil {
		t.Fatal(err)
	}
	open := f.Keys.hasher.Turns.Close()
	for range wrongPerMinute + 1 {
		roomtest.WantCode(t, guess(t, f, key, "198.51.100.7"), errs.IPNotAllowed)
	}
	open()
	mustAuthenticate(t, f, key, secret)
	if _, err := f.Keys.Authenticate(t.Context(), key.Public, secret, netip.MustParseAddr("::ffff:192.0.2.7")); err != nil {
		t.Errorf("the same address in IPv6: %v", err)
	}
}

func TestSamePairAtOnceIsComparedOnce(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m := f.merchant(t, "shop@example.com")
	key, secret := f.key(t, m.ID)
	f.Keys.wrong = attempts.NewWindow(1) // room for one comparison
	leave := take(t, f.Keys.hasher.Turns)
	var started, done sync.WaitGroup
	failures := make(chan error, 100)
	started.Add(100)
	for range 100 {
		done.Go(func() {
			started.Done()
			if _, err := f.Keys.Authenticate(t.Context(), key.Public, secret, roomtest.Home.IP); err != nil {
				failures <- err
			}
		})
	}
	started.Wait()
	leave()
	done.Wait()
	close(failures)
	for err := range failures {
		t.Fatal(err)
	}
}

func mustAuthenticate(t testing.TB, f *fixture, key Key, secret string) Key {
	t.Helper()
	got, err := f.Keys.Authenticate(t.Context(), key.Public, secret, roomtest.Home.IP)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func authenticates(t testing.TB, f *fixture, key Key, secret string) func() bool {
	t.Helper()
	return func() bool {
		_, err := f.Keys.Authenticate(t.Context(), key.Public, secret, roomtest.Home.IP)
		if err != nil && !errs.Is(err, errs.InvalidAPIKey) && !errs.Is(err, errs.InvalidSecret) {
			t.Fatal(err)
		}
		return err == nil
	}
}

func TestExpiredKeyEndsOnTime(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m := f.merchant(t, "shop@example.com")
	key, secret, err := f.Keys.Create(t.Context(), "user:x", m.ID, NewKey{Name: "Short", ExpiresAt: ptr(f.Clock.Now().Add(30 * time.Second))})
	if err != nil {
		t.Fatal(err)
	}
	mustAuthenticate(t, f, key, secret)
	f.Clock.Advance(30 * time.Second)
	if authenticates(t, f, key, secret)() {
		t.Fatal("still valid")
	}
}

func TestDatabaseAwayIsUnavailableNotInvalid(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.Pool.Close()
	_, err := f.Keys.Authenticate(t.Context(), newPublic(false), newSecret(false), roomtest.Home.IP)
	roomtest.WantCode(t, err, errs.Unavailable)
	var e *errs.Error
	if errors.As(err, &e); strings.Contains(e.Message, "pool") {
		t.Fatalf("the message shows %q", e.Message)
	}
}

func TestCallerThatHangsUpDoesNotSpoilTheLookup(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m := f.merchant(t, "shop@example.com")
	key, secret := f.key(t, m.ID)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.Keys.Authenticate(ctx, key.Public, secret, roomtest.Home.IP); err != nil {
		roomtest.WantCode(t, err, errs.Unavailable)
	}
	roomtest.Eventually(t, "the look-up finishes", func() bool {
		e := f.Keys.cache.get(key.Public)
		return e != nil && len(e.accepted) == 1
	})
}

func BenchmarkAuthenticate(b *testing.B) {
	f := setup(b)
	m := f.merchant(b, "shop@example.com")
	key, secret := f.key(b, m.ID)
	b.ReportAllocs()
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			if _, err := f.Keys.Authenticate(b.Context(), key.Public, secret, roomtest.Home.IP); err != nil {
				b.Fatal(err)
			}
		}
	})
}
