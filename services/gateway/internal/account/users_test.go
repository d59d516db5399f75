package account

import (
	"encoding/base64"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"european-pay.eu/eupay/internal/errs"
)

func (f *fixture) login(t testing.TB, email, password string) (Session, error) {
	t.Helper()
	return f.Users.Login(t.Context(), email, password, Portal, home)
}

func TestRegisteringMakesMerchantAndUserTogether(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m, s := f.merchant(t, "Shop@Example.com")
	if s.Role != RoleMerchant || s.MerchantID != m.ID || s.ExpiresIn != 15*time.Minute || m.Email != "shop@example.com" || m.GatewayEnabled {
		t.Fatalf("session %+v of %+v", s, m)
	}
	name := "Second"
	_, err := f.Users.Register(t.Context(), Registration{Email: "SHOP@example.COM", Password: testPassword, Profile: MerchantChange{Name: &name}}, home)
	wantCode(t, err, errs.AlreadyExists)
	if _, total, err := f.Merchants.List(t.Context(), 1, 10); err != nil || total != 1 {
		t.Fatalf("a refused registration left a merchant: %d, %v", total, err)
	}
	if got := f.announced(t, m.ID); !slices.Equal(got, []string{"merchant.registered"}) {
		t.Fatalf("announced %v", got)
	}
	if _, err := f.login(t, " SHOP@EXAMPLE.COM ", testPassword); err != nil {
		t.Fatal(err)
	}
}

func TestRefusedRegistrations(t *testing.T) {
	t.Parallel()
	f := setup(t)
	cases := map[string]struct {
		reg    Registration
		fields []string
	}{
		"nothing":        {Registration{}, []string{"email", "password", "name"}},
		"short password": {Registration{Email: "a@example.com", Password: "12345678901", Profile: MerchantChange{Name: ptr("x")}}, []string{"password"}},
		"long password":  {Registration{Email: "a@example.com", Password: strings.Repeat("é", 37), Profile: MerchantChange{Name: ptr("x")}}, []string{"password"}},
		"bad IBAN":       {Registration{Email: "a@example.com", Password: testPassword, Profile: MerchantChange{Name: ptr("x"), IBAN: ptr("FR00")}}, []string{"iban"}},
	}
	for name, c := range cases {
		_, err := f.Users.Register(t.Context(), c.reg, home)
		if wantCode(t, err, errs.ValidationError); !slices.Equal(fieldsOf(err), c.fields) {
			t.Errorf("%s: refused %v", name, fieldsOf(err))
		}
	}
}

// Every way to fail looks the same.
func TestRefusedLogins(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.merchant(t, "shop@example.com")
	if _, err := f.Users.RegisterCustomer(t.Context(), "jane@example.com", testPassword, "Jane", home); err != nil {
		t.Fatal(err)
	}
	m, _ := f.merchant(t, "gone@example.com")
	if _, err := f.pool.Exec(t.Context(), `update users set disabled = true where merchant_id = $1`, m.ID); err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("long password, as long as they come: ", 2)[:72]
	if _, err := f.Users.RegisterCustomer(t.Context(), "long@example.com", long, "", home); err != nil {
		t.Fatal(err)
	}
	var first *errs.Error
	for name, c := range map[string]struct {
		email, password string
		audience        Audience
	}{
		"wrong password":           {"shop@example.com", testPassword + "x", Portal},
		"no password":              {"shop@example.com", "", Portal},
		"unknown":                  {"nobody@example.com", testPassword, Portal},
		"not an address":           {"shop", testPassword, Portal},
		"zero byte":                {"shop\x00@example.com", testPassword, Portal},
		"disabled":                 {"gone@example.com", testPassword, Portal},
		"customer at the portal":   {"jane@example.com", testPassword, Portal},
		"merchant in the app":      {"shop@example.com", testPassword, Customer},
		"right for 72 bytes, then": {"long@example.com", long + "x", Customer},
	} {
		_, err := f.Users.Login(t.Context(), c.email, c.password, c.audience, home)
		e := wantCode(t, err, errs.InvalidLogin)
		if first == nil {
			first = e
		}
		if e.Message != first.Message {
			t.Errorf("%s: %q differs from %q", name, e.Message, first.Message)
		}
	}
	if _, err := f.Users.Login(t.Context(), "long@example.com", long, Customer, home); err != nil {
		t.Fatal(err)
	}
}

// No comparison can take place here, so an answer other than "busy" was given without one.
func TestUnknownEmailCostsAsMuchAsAKnownOne(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.merchant(t, "shop@example.com")
	fill(f.Users.hasher.gate)
	for _, email := range []string{"shop@example.com", "nobody@example.com", "nonsense"} {
		_, err := f.login(t, email, testPassword)
		wantCode(t, err, errs.Unavailable)
	}
}

func TestLoginAttemptsAreLimited(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.merchant(t, "shop@example.com")
	for range attemptsOfPair {
		_, err := f.login(t, "shop@example.com", "wrong password")
		wantCode(t, err, errs.InvalidLogin)
	}
	_, err := f.login(t, "Shop@example.com", testPassword)
	if e := wantCode(t, err, errs.RateLimitExceeded); e.RetryAfter != attemptSpan {
		t.Fatalf("retry after %s", e.RetryAfter)
	}
	if _, err := f.Users.Login(t.Context(), "shop@example.com", testPassword, Portal, netip.MustParseAddr("198.51.100.1")); err != nil {
		t.Fatalf("the owner is locked out elsewhere: %v", err)
	}
	f.clock.advance(attemptSpan)
	if _, err := f.login(t, "shop@example.com", testPassword); err != nil {
		t.Fatal(err)
	}
}

func TestAttemptsOfOneAddressAreLimited(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for i := range 41 {
		_, err := f.login(t, "nobody"+strings.Repeat("x", i)+"@example.com", testPassword)
		if want := map[bool]errs.Code{true: errs.InvalidLogin, false: errs.RateLimitExceeded}[i < 40]; !errs.Is(err, want) {
			t.Fatalf("attempt %d: %v", i, err)
		}
	}
	for i := range 41 {
		_, err := f.Users.RegisterCustomer(t.Context(), "c"+strings.Repeat("x", i)+"@example.com", testPassword, "", home)
		if i == 40 {
			wantCode(t, err, errs.RateLimitExceeded)
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func TestRefreshTokenIsGoodForOneUse(t *testing.T) {
	t.Parallel()
	f := setup(t)
	_, s := f.merchant(t, "shop@example.com")
	next, err := f.Users.Refresh(t.Context(), s.RefreshToken)
	if err != nil || next.RefreshToken == s.RefreshToken || next.MerchantID != s.MerchantID || next.Role != RoleMerchant {
		t.Fatalf("got %+v, %v", next, err)
	}
	other, err := f.login(t, "shop@example.com", testPassword)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Users.Refresh(t.Context(), s.RefreshToken) // stolen, or the thief was first
	wantCode(t, err, errs.Unauthenticated)
	_, err = f.Users.Refresh(t.Context(), next.RefreshToken)
	wantCode(t, err, errs.Unauthenticated)
	if _, err := f.Users.Refresh(t.Context(), other.RefreshToken); err != nil {
		t.Fatalf("another login has ended too: %v", err)
	}
	if got := f.strings(t, `select action from audit_log where action like 'login%'`); len(got) != 1 {
		t.Fatalf("audited %v", got)
	}
}

// Whoever wins, no token of the family may be left: two parties have used the same one.
func TestRefreshTokenUsedTwiceAtOnceEndsTheLogin(t *testing.T) {
	t.Parallel()
	f := setup(t)
	_, s := f.merchant(t, "shop@example.com")
	results := make([]Session, 8)
	var all sync.WaitGroup
	for i := range results {
		all.Go(func() {
			got, err := f.Users.Refresh(t.Context(), s.RefreshToken)
			if err != nil && !errs.Is(err, errs.Unauthenticated) {
				t.Error(err)
			}
			results[i] = got
		})
	}
	all.Wait()
	won := 0
	for _, r := range results {
		if r.RefreshToken == "" {
			continue
		}
		won++
		_, err := f.Users.Refresh(t.Context(), r.RefreshToken)
		wantCode(t, err, errs.Unauthenticated)
	}
	if won != 1 {
		t.Fatalf("%d refreshes succeeded", won)
	}
}

func TestRefreshEnds(t *testing.T) {
	t.Parallel()
	f := setup(t)
	_, s := f.merchant(t, "shop@example.com")
	for _, bad := range []string{"", "x", "\x00", s.Token} {
		_, err := f.Users.Refresh(t.Context(), bad)
		wantCode(t, err, errs.Unauthenticated)
	}
	f.clock.advance(refreshLife)
	_, err := f.Users.Refresh(t.Context(), s.RefreshToken)
	wantCode(t, err, errs.Unauthenticated)
	fresh, err := f.login(t, "shop@example.com", testPassword)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.pool.Exec(t.Context(), `update users set disabled = true`); err != nil {
		t.Fatal(err)
	}
	_, err = f.Users.Refresh(t.Context(), fresh.RefreshToken)
	wantCode(t, err, errs.Unauthenticated)
}

func TestLogoutEndsTheLogin(t *testing.T) {
	t.Parallel()
	f := setup(t)
	_, s := f.merchant(t, "shop@example.com")
	for range 2 {
		if err := f.Users.Logout(t.Context(), s.RefreshToken); err != nil {
			t.Fatal(err)
		}
	}
	_, err := f.Users.Refresh(t.Context(), s.RefreshToken)
	wantCode(t, err, errs.Unauthenticated)
}

func TestExpiredRefreshTokensArePurged(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.merchant(t, "old@example.com")
	f.clock.advance(refreshLife + time.Second)
	f.merchant(t, "new@example.com")
	if err := f.purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left := f.strings(t, `select u.email from refresh_tokens r join users u on u.id = r.user_id`); !slices.Equal(left, []string{"new@example.com"}) {
		t.Fatalf("left: %v", left)
	}
}

func TestRefreshTokensAreStoredHashed(t *testing.T) {
	t.Parallel()
	f := setup(t)
	_, s := f.merchant(t, "shop@example.com")
	for _, row := range f.strings(t, `select r::text from refresh_tokens r`) {
		if strings.Contains(row, s.RefreshToken) {
			t.Fatal("a refresh token is stored as it is")
		}
	}
}

func TestTokenSaysWhoItSpeaksFor(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m, s := f.merchant(t, "shop@example.com")
	id, err := f.Tokens.Verify(s.Token, Portal)
	if err != nil || id.MerchantID != m.ID || id.Role != RoleMerchant {
		t.Fatalf("got %+v, %v", id, err)
	}
	if me, err := f.Users.Me(t.Context(), id.UserID); err != nil || me.Email != "shop@example.com" {
		t.Fatalf("got %+v, %v", me, err)
	}
	customer, err := f.Users.RegisterCustomer(t.Context(), "jane@example.com", testPassword, "Jane", home)
	if err != nil {
		t.Fatal(err)
	}
	if id, err := f.Tokens.Verify(customer.Token, Customer); err != nil || id.Role != RoleCustomer || id.MerchantID != "" {
		t.Fatalf("got %+v, %v", id, err)
	}
	_, err = f.Tokens.Verify(customer.Token, Portal)
	wantCode(t, err, errs.Unauthenticated)
	_, err = f.Tokens.Verify(s.Token, Customer)
	wantCode(t, err, errs.Unauthenticated)
	f.clock.advance(accessLife)
	_, err = f.Tokens.Verify(s.Token, Portal)
	wantCode(t, err, errs.Unauthenticated)
}

func TestForgedTokens(t *testing.T) {
	t.Parallel()
	at := newClock()
	tokens, err := newTokens(testSecret, at.now)
	if err != nil {
		t.Fatal(err)
	}
	forge := func(method jwt.SigningMethod, key any, change func(jwt.MapClaims)) string {
		c := jwt.MapClaims{"sub": "01890000-0000-7000-8000-000000000000", "iss": issuer, "aud": string(Portal), "role": "admin", "exp": at.now().Add(time.Minute).Unix()}
		change(c)
		text, err := jwt.NewWithClaims(method, c).SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	same := func(jwt.MapClaims) {}
	if _, err := tokens.Verify(forge(jwt.SigningMethodHS256, []byte(testSecret), same), Portal); err != nil {
		t.Fatalf("the forger does not work: %v", err)
	}
	good := strings.Split(forge(jwt.SigningMethodHS256, []byte(testSecret), same), ".")
	for name, text := range map[string]string{
		"empty":         "",
		"garbage":       "a.b.c",
		"no signature":  forge(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, same),
		"other method":  forge(jwt.SigningMethodHS512, []byte(testSecret), same),
		"other key":     forge(jwt.SigningMethodHS256, []byte(testSecret+"x"), same),
		"other issuer":  forge(jwt.SigningMethodHS256, []byte(testSecret), func(c jwt.MapClaims) { c["iss"] = "other" }),
		"no audience":   forge(jwt.SigningMethodHS256, []byte(testSecret), func(c jwt.MapClaims) { delete(c, "aud") }),
		"no expiry":     forge(jwt.SigningMethodHS256, []byte(testSecret), func(c jwt.MapClaims) { delete(c, "exp") }),
		"customer role": forge(jwt.SigningMethodHS256, []byte(testSecret), func(c jwt.MapClaims) { c["role"] = "customer" }),
		"no subject":    forge(jwt.SigningMethodHS256, []byte(testSecret), func(c jwt.MapClaims) { delete(c, "sub") }),
		"other claims":  good[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"role":"admin"}`)) + "." + good[2],
	} {
		if _, err := tokens.Verify(text, Portal); !errs.Is(err, errs.Unauthenticated) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := newTokens("short", at.now); err == nil {
		t.Error("a short secret is accepted")
	}
}

func TestTeam(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m, _ := f.merchant(t, "shop@example.com")
	other, _ := f.merchant(t, "other@example.com")
	f.clock.advance(time.Second)
	member, err := f.Users.AddMember(t.Context(), "user:x", m.ID, Member{Email: "Tim@example.com", Password: testPassword, Name: "Tim", Role: RoleStaff})
	if err != nil {
		t.Fatal(err)
	}
	s, err := f.login(t, "tim@example.com", testPassword)
	if err != nil || s.Role != RoleStaff || s.MerchantID != m.ID {
		t.Fatalf("got %+v, %v", s, err)
	}
	list, total, err := f.Users.Team(t.Context(), m.ID, 1, 10)
	if err != nil || total != 2 || list[1].ID != member.ID {
		t.Fatalf("got %+v, %v", list, err)
	}
	if _, total, err := f.Users.Team(t.Context(), other.ID, 1, 10); err != nil || total != 1 {
		t.Fatalf("the other team has %d, %v", total, err)
	}
	for _, role := range []Role{RoleMerchant, RoleAdmin, RoleCustomer, "", "root"} {
		_, err := f.Users.AddMember(t.Context(), "user:x", m.ID, Member{Email: "x@example.com", Password: testPassword, Role: role})
		if wantCode(t, err, errs.ValidationError); !slices.Equal(fieldsOf(err), []string{"role"}) {
			t.Errorf("%q: refused %v", role, fieldsOf(err))
		}
	}
	_, err = f.Users.AddMember(t.Context(), "user:x", m.ID, Member{Email: "OTHER@example.com", Password: testPassword, Role: RoleStaff})
	wantCode(t, err, errs.AlreadyExists)
}

// The database itself refuses an admin with a merchant and a member without one.
func TestRoleFitsMerchant(t *testing.T) {
	t.Parallel()
	f := setup(t)
	m, _ := f.merchant(t, "shop@example.com")
	for i, u := range []User{{Role: RoleAdmin, MerchantID: m.ID}, {Role: RoleCustomer, MerchantID: m.ID}, {Role: RoleStaff}, {Role: "root"}} {
		u.ID, u.Email = "00000000-0000-0000-0000-000000000001", "a@example.com"
		if err := insertUser(t.Context(), f.pool, u); err == nil {
			t.Errorf("user %d was stored", i)
		}
	}
}
