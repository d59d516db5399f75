package user

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/services/gateway/internal/rights"
	"european-pay.eu/eupay/services/gateway/internal/roomtest"
)

func TestTokenSaysWhoItSpeaksFor(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m, s := f.merchant(t, "shop@example.com")
	id, err := f.Tokens.Verify(s.Token, Portal)
	if err != nil || id.MerchantID != m.ID || id.Role != rights.RoleMerchant {
		t.Fatalf("got %+v, %v", id, err)
	}
	if me, err := f.Users.Present(t.Context(), id); err != nil || me.Email != "shop@example.com" {
		t.Fatalf("got %+v, %v", me, err)
	}
	customer, err := f.Users.RegisterCustomer(t.Context(), "jane@example.com", roomtest.Password, "Jane", roomtest.Home)
	if err != nil {
		t.Fatal(err)
	}
	if id, err := f.Tokens.Verify(customer.Token, Customer); err != nil || id.Role != rights.RoleCustomer || id.MerchantID != "" {
		t.Fatalf("got %+v, %v", id, err)
	}
	_, err = f.Tokens.Verify(customer.Token, Portal)
	roomtest.WantCode(t, err, errs.Unauthenticated)
	_, err = f.Tokens.Verify(s.Token, Customer)
	roomtest.WantCode(t, err, errs.Unauthenticated)
	f.Clock.Advance(accessLife)
	_, err = f.Tokens.Verify(s.Token, Portal)
	roomtest.WantCode(t, err, errs.Unauthenticated)
}

func TestForgedTokens(t *testing.T) {
	t.Parallel()
	at := roomtest.Clock()
	tokens, err := newTokens(roomtest.Secret, nil, at.Now)
	if err != nil {
		t.Fatal(err)
	}
	forge := func(method jwt.SigningMethod, key any, change func(jwt.MapClaims)) string {
		c := jwt.MapClaims{"sub": "01890000-0000-7000-8000-000000000000", "iss": issuer, "aud": string(Portal), "role": "admin", "sid": "01890000-0000-7000-8000-000000000001", "exp": at.Now().Add(time.Minute).Unix()}
		change(c)
		text, err := jwt.NewWithClaims(method, c).SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	same := func(jwt.MapClaims) {}
	if _, err := tokens.Verify(forge(jwt.SigningMethodHS256, []byte(roomtest.Secret), same), Portal); err != nil {
		t.Fatalf("the forger does not work: %v", err)
	}
	good := strings.Split(forge(jwt.SigningMethodHS256, []byte(roomtest.Secret), same), ".")
	for name, text := range map[string]string{
		"empty":         "",
		"garbage":       "a.b.c",
		"no signature":  forge(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, same),
		"other method":  forge(jwt.SigningMethodHS512, []byte(roomtest.Secret), same),
		"other key":     forge(jwt.SigningMethodHS256, []byte(roomtest.Secret+"x"), same),
		"other issuer":  forge(jwt.SigningMethodHS256, []byte(roomtest.Secret), func(c jwt.MapClaims) { c["iss"] = "other" }),
		"no audience":   forge(jwt.SigningMethodHS256, []byte(roomtest.Secret), func(c jwt.MapClaims) { delete(c, "aud") }),
		"no expiry":     forge(jwt.SigningMethodHS256, []byte(roomtest.Secret), func(c jwt.MapClaims) { delete(c, "exp") }),
		"customer role": forge(jwt.SigningMethodHS256, []byte(roomtest.Secret), func(c jwt.MapClaims) { c["role"] = "customer" }),
		"no subject":    forge(jwt.SigningMethodHS256, []byte(roomtest.Secret), func(c jwt.MapClaims) { delete(c, "sub") }),
		"other claims":  good[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"role":"admin"}`)) + "." + good[2],
	} {
		if _, err := tokens.Verify(text, Portal); !errs.Is(err, errs.Unauthenticated) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := newTokens("short", nil, at.Now); err == nil {
		t.Error("a short secret is accepted")
	}
}

// TestTheSecretOfTokensIsReplacedWithoutALogout: tokens and second factors of the one before live on.
func TestTheSecretOfTokensIsReplacedWithoutALogout(t *testing.T) {
	t.Parallel()
	at := roomtest.Clock()
	ring := func(current string, earlier ...string) *Tokens {
		tokens, err := newTokens(current, earlier, at.Now)
		if err != nil {
			t.Fatal(err)
		}
		return tokens
	}
	next := strings.Repeat("n", 32)
	old, both, alone := ring(roomtest.Secret), ring(next, roomtest.Secret), ring(next)
	id := Identity{UserID: events.NewID(), Role: rights.RoleMerchant, MerchantID: events.NewID(), SessionID: events.NewID()}
	sign := func(tokens *Tokens) string {
		text, err := tokens.sign(id)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	for _, c := range []struct {
		text string
		by   *Tokens
		ok   bool
	}{{sign(old), both, true}, {sign(both), both, true}, {sign(both), alone, true}, {sign(old), alone, false}, {sign(both), old, false}} {
		if got, err := c.by.Verify(c.text, Portal); (err == nil) != c.ok || c.ok && got != id {
			t.Errorf("%+v, %v, want %t", got, err, c.ok)
		}
	}
}

// A token names the key that signed it, so a secret signs for its own name alone: whoever has an old one, or guesses another, cannot
// pass a signature off as that of a key it is not of.
func TestALoginTokenIsVerifiedWithTheKeyItNames(t *testing.T) {
	t.Parallel()
	at, next := roomtest.Clock(), strings.Repeat("n", 32)
	tokens, err := newTokens(next, []string{roomtest.Secret}, at.Now)
	if err != nil {
		t.Fatal(err)
	}
	current, earlier := tokens.keys[0].id, tokens.keys[1].id
	text, err := tokens.sign(Identity{UserID: events.NewID(), Role: rights.RoleAdmin, SessionID: events.NewID()})
	if err != nil {
		t.Fatal(err)
	}
	var c claims
	parsed, _, err := jwt.NewParser().ParseUnverified(text, &c)
	if err != nil || parsed.Header["kid"] != current || current == earlier {
		t.Fatalf("header %v, %v", parsed.Header, err)
	}
	as := func(kid any, secret string) string {
		parsed.Header["kid"] = kid
		text, err := parsed.SignedString([]byte(secret))
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	for _, text := range []string{as(current, next), as(earlier, roomtest.Secret)} {
		if _, err := tokens.Verify(text, Portal); err != nil {
			t.Errorf("refused with the key that it names: %v", err)
		}
	}
	for _, kid := range []any{earlier, "", "00000000", 7, nil, []string{current}} {
		_, err := tokens.Verify(as(kid, next), Portal)
		roomtest.WantCode(t, err, errs.Unauthenticated)
	}
	_, err = tokens.Verify(as(current, roomtest.Secret), Portal)
	roomtest.WantCode(t, err, errs.Unauthenticated)
}
