package apikey

import (
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/gateway/internal/rights"
	"european-pay.eu/eupay/services/gateway/internal/roomtest"
)

func TestRotationKeepsTheOldSecretForTheOverlap(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m := f.merchant(t, "shop@example.com")
	key, first := f.key(t, m.ID)
	mustAuthenticate(t, f, key, first)
	_, second, err := f.Keys.Rotate(t.Context(), "user:x", m.ID, key.ID, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	mustAuthenticate(t, f, key, first)
	mustAuthenticate(t, f, key, second)
	f.Clock.Advance(time.Hour - time.Second)
	mustAuthenticate(t, f, key, first) // trusted for a minute, but not beyond its end
	f.Clock.Advance(time.Second)
	if authenticates(t, f, key, first)() {
		t.Fatal("the old secret outlives the overlap")
	}
	mustAuthenticate(t, f, key, second)
}

func TestRotationWithoutOverlapEndsAllOldSecrets(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m := f.merchant(t, "shop@example.com")
	key, first := f.key(t, m.ID)
	_, second, err := f.Keys.Rotate(t.Context(), "user:x", m.ID, key.ID, MaxOverlap)
	if err != nil {
		t.Fatal(err)
	}
	mustAuthenticate(t, f, key, first)
	_, third, err := f.Keys.Rotate(t.Context(), "user:x", m.ID, key.ID, 0)
	if err != nil {
		t.Fatal(err)
	}
	for i, secret := range []string{first, second} {
		if authenticates(t, f, key, secret)() {
			t.Errorf("secret %d still works", i+1)
		}
	}
	mustAuthenticate(t, f, key, third)
	if n := f.Strings(t, `select id::text from api_key_secrets`); len(n) != 1 {
		t.Fatalf("%d secrets are left", len(n))
	}
}

// A shorter overlap also shortens the older ones: an old secret never outlives the latest rotation's promise.
func TestSecondRotationShortensTheFirst(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m := f.merchant(t, "shop@example.com")
	key, first := f.key(t, m.ID)
	for _, overlap := range []time.Duration{MaxOverlap, time.Minute} {
		if _, _, err := f.Keys.Rotate(t.Context(), "user:x", m.ID, key.ID, overlap); err != nil {
			t.Fatal(err)
		}
	}
	mustAuthenticate(t, f, key, first)
	f.Clock.Advance(time.Minute)
	if authenticates(t, f, key, first)() {
		t.Fatal("the first secret lives on")
	}
}

func TestOldSecretsAreBounded(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m := f.merchant(t, "shop@example.com")
	key, _ := f.key(t, m.ID)
	var last string
	for range maxOldSecrets {
		var err error
		if _, last, err = f.Keys.Rotate(t.Context(), "user:x", m.ID, key.ID, time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	_, _, err := f.Keys.Rotate(t.Context(), "user:x", m.ID, key.ID, time.Hour)
	roomtest.WantCode(t, err, errs.InvalidState)
	mustAuthenticate(t, f, key, last) // the refused rotation changed nothing
	for _, overlap := range []time.Duration{-1, MaxOverlap + 1} {
		_, _, err := f.Keys.Rotate(t.Context(), "user:x", m.ID, key.ID, overlap)
		roomtest.WantCode(t, err, errs.ValidationError)
	}
}

func TestRotationsAtOnceLeaveOneCurrentSecret(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m := f.merchant(t, "shop@example.com")
	key, _ := f.key(t, m.ID)
	secrets := make([]string, 8)
	var all sync.WaitGroup
	for i := range secrets {
		all.Go(func() {
			_, s, err := f.Keys.Rotate(t.Context(), "user:x", m.ID, key.ID, 0)
			if err != nil {
				t.Error(err)
			}
			secrets[i] = s
		})
	}
	all.Wait()
	works := 0
	for _, s := range secrets {
		if authenticates(t, f, key, s)() {
			works++
		}
	}
	if works != 1 {
		t.Fatalf("%d of the secrets work", works)
	}
}

func TestKeysOfOthersDoNotExist(t *testing.T) {
	t.Parallel()
	f := setup(t)
	mine := f.merchant(t, "mine@example.com")
	other := f.merchant(t, "other@example.com")
	key, secret := f.key(t, mine.ID)
	for _, id := range []string{key.ID, "00000000-0000-0000-0000-000000000000", "x", "{" + key.ID + "}", ""} {
		_, err := f.Keys.Update(t.Context(), "user:x", other.ID, id, Change{Name: ptr("stolen")})
		roomtest.WantCode(t, err, errs.NotFoundCode)
		roomtest.WantCode(t, f.Keys.Revoke(t.Context(), "user:x", other.ID, id), errs.NotFoundCode)
		_, _, err = f.Keys.Rotate(t.Context(), "user:x", other.ID, id, 0)
		roomtest.WantCode(t, err, errs.NotFoundCode)
	}
	if got := mustAuthenticate(t, f, key, secret); got.Name != "Shop" {
		t.Fatalf("the key was changed: %q", got.Name)
	}
	list, total, err := f.Keys.List(t.Context(), other.ID, 1, 10)
	if err != nil || total != 0 || len(list) != 0 {
		t.Fatalf("listed %v, %d, %v", list, total, err)
	}
}

func TestUpdateReplacesOnlyWhatIsGiven(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m := f.merchant(t, "shop@example.com")
	key, _ := f.key(t, m.ID)
	ips := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8::1/128")}
	if _, err := f.Keys.Update(t.Context(), "user:x", m.ID, key.ID, Change{AllowedIPs: &ips, PerMinute: ptr(7)}); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Keys.Update(t.Context(), "user:x", m.ID, key.ID, Change{Name: ptr("Till 2")}); err != nil {
		t.Fatal(err)
	}
	list, _, err := f.Keys.List(t.Context(), m.ID, 1, 10)
	if err != nil {
		t.Fatal(err)
	}
	got := list[0]
	if got.Name != "Till 2" || got.PerMinute != 7 || !slices.Equal(got.AllowedIPs, ips) || !slices.Equal(got.Scopes, rights.AllScopes) {
		t.Fatalf("got %+v", got)
	}
	if want := []string{"api_key.created", "api_key.updated", "api_key.updated"}; !slices.Equal(f.Audited(t, key.ID), want) {
		t.Fatalf("audited %v", f.Audited(t, key.ID))
	}
}

func TestRevokedKeyStaysRevoked(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m := f.merchant(t, "shop@example.com")
	key, secret := f.key(t, m.ID)
	for range 2 {
		if err := f.Keys.Revoke(t.Context(), "user:x", m.ID, key.ID); err != nil {
			t.Fatal(err)
		}
	}
	_, err := f.Keys.Authenticate(t.Context(), key.Public, secret, roomtest.Home.IP)
	roomtest.WantCode(t, err, errs.InvalidAPIKey)
	_, err = f.Keys.Update(t.Context(), "user:x", m.ID, key.ID, Change{Name: ptr("x")})
	roomtest.WantCode(t, err, errs.InvalidState)
	_, _, err = f.Keys.Rotate(t.Context(), "user:x", m.ID, key.ID, 0)
	roomtest.WantCode(t, err, errs.InvalidState)
	list, total, err := f.Keys.List(t.Context(), m.ID, 1, 10)
	if err != nil || total != 1 || list[0].RevokedAt == nil {
		t.Fatalf("listed %+v, %v", list, err)
	}
	if want := []string{"api_key.created", "api_key.revoked"}; !slices.Equal(f.Audited(t, key.ID), want) {
		t.Fatalf("audited %v", f.Audited(t, key.ID))
	}
}

func TestNewKeyIsChecked(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m := f.merchant(t, "shop@example.com")
	cases := map[string]struct {
		key  NewKey
		want string
	}{
		"no name":        {NewKey{}, "name"},
		"long name":      {NewKey{Name: strings.Repeat("é", 101)}, "name"},
		"two lines":      {NewKey{Name: "a\nb"}, "name"},
		"zero byte":      {NewKey{Name: "a\x00"}, "name"},
		"no scope":       {NewKey{Name: "x", Scopes: []rights.Scope{}}, "scopes"},
		"unknown scope":  {NewKey{Name: "x", Scopes: []rights.Scope{rights.PaymentsRead, "admin"}}, "scopes[1]"},
		"scope twice":    {NewKey{Name: "x", Scopes: []rights.Scope{rights.PaymentsRead, rights.PaymentsRead}}, "scopes[1]"},
		"negative limit": {NewKey{Name: "x", PerMinute: ptr(-1)}, "per_minute"},
		"zero limit":     {NewKey{Name: "x", PerMinute: ptr(0)}, "per_minute"},
		"high limit":     {NewKey{Name: "x", PerMinute: ptr(MaxPerMinute + 1)}, "per_minute"},
		"many addresses": {NewKey{Name: "x", AllowedIPs: make([]netip.Prefix, maxIPs+1)}, "allowed_ips"},
		"expired":        {NewKey{Name: "x", ExpiresAt: ptr(f.Clock.Now())}, "expires_at"},
	}
	for name, c := range cases {
		_, _, err := f.Keys.Create(t.Context(), "user:x", m.ID, c.key)
		if roomtest.WantCode(t, err, errs.ValidationError); !slices.Equal(roomtest.Fields(err), []string{c.want}) {
			t.Errorf("%s: refused %v, want %s", name, roomtest.Fields(err), c.want)
		}
	}
	if _, total, err := f.Keys.List(t.Context(), m.ID, 1, 10); err != nil || total != 0 {
		t.Fatalf("%d keys were made, %v", total, err)
	}
}

// The last free place is taken in a transaction that is still open: the next must wait for it, and is then refused.
func TestNumberOfKeysIsBounded(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m := f.merchant(t, "shop@example.com")
	for range maxKeys - 1 {
		f.key(t, m.ID)
	}
	tx := f.Begin(t)
	last := Key{ID: "00000000-0000-0000-0000-000000000001", Public: newPublic(false), Name: "last", Scopes: rights.AllScopes, PerMinute: 1, CreatedAt: f.Clock.Now()}
	if err := f.Keys.create(t.Context(), tx, "user:x", m.ID, &last, "hash"); err != nil {
		t.Fatal(err)
	}
	result := make(chan error, 1)
	go func() {
		_, _, err := f.Keys.Create(t.Context(), "user:x", m.ID, NewKey{Name: "one more"})
		result <- err
	}()
	f.Blocked(t)
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	roomtest.WantCode(t, <-result, errs.InvalidState)
}

func TestLiveAndTestKeysDiffer(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m := f.merchant(t, "shop@example.com")
	key, secret, err := f.Keys.Create(t.Context(), "user:x", m.ID, NewKey{Name: "Live", Livemode: true})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(key.Public, "pk_live_") || !strings.HasPrefix(secret, "sk_live_") || !mustAuthenticate(t, f, key, secret).Livemode {
		t.Fatalf("%s", key.Public)
	}
}

// What must be refused in any case is refused before bcrypt, for which others wait.
func TestWhatIsRefusedAnywayCostsNoHash(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m := f.merchant(t, "owner@example.com")
	key, _ := f.key(t, m.ID)
	for range maxOldSecrets {
		if _, _, err := f.Keys.Rotate(t.Context(), "user:x", m.ID, key.ID, time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	revoked, _ := f.key(t, m.ID)
	if err := f.Keys.Revoke(t.Context(), "user:x", m.ID, revoked.ID); err != nil {
		t.Fatal(err)
	}
	f.Keys.hasher.Turns.Close()
	_, _, err := f.Keys.Rotate(t.Context(), "user:x", m.ID, key.ID, time.Hour)
	roomtest.WantCode(t, err, errs.InvalidState)
	_, _, err = f.Keys.Rotate(t.Context(), "user:x", m.ID, revoked.ID, 0)
	roomtest.WantCode(t, err, errs.InvalidState)
	f.Exec(t, `insert into api_keys (id, merchant_id, public, livemode, name, scopes, per_minute, created_at)
		select gen_random_uuid(), $1, 'pk_test_' || n, false, 'Shop', '{}', 1, now() from generate_series(2, $2::int) n`, m.ID, maxKeys)
	_, _, err = f.Keys.Create(t.Context(), "user:x", m.ID, NewKey{Name: "One more"})
	roomtest.WantCode(t, err, errs.InvalidState)
}
