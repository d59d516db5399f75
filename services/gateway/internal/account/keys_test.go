package account

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"european-pay.eu/eupay/internal/errs"
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
	f.clock.Advance(trust)
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
	f.clock.Advance(trust)
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
	t.Helper()
	return func() bool {
		_, err := f.Keys.Authenticate(t.Context(), key.Public, secret)
		if err != nil && !errs.Is(err, errs.InvalidAPIKey) && !errs.Is(err, errs.InvalidSecret) {
			t.Fatal(err)
		}
		return err == nil
	}
}

func TestExpiredKeyEndsOnTime(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m, _ := f.merchant(t, "shop@example.com")
	key, secret, err := f.Keys.Create(t.Context(), "user:x", m.ID, NewKey{Name: "Short", ExpiresAt: ptr(f.clock.Now().Add(30 * time.Second))})
	if err != nil {
		t.Fatal(err)
	}
	mustAuthenticate(t, f, key, secret)
	f.clock.Advance(30 * time.Second)
	if authenticates(t, f, key, secret)() {
		t.Fatal("still valid")
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
