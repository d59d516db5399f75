package user

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/gateway/internal/attempts"
	"european-pay.eu/eupay/services/gateway/internal/device"
	"european-pay.eu/eupay/services/gateway/internal/rights"
	"european-pay.eu/eupay/services/gateway/internal/roomtest"
)

func (f *fixture) login(t testing.TB, email, password string) (Session, error) {
	t.Helper()
	return f.Users.Login(t.Context(), email, password, Portal, roomtest.Home)
}

// Every way to fail looks the same.
func TestRefusedLogins(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.merchant(t, "shop@example.com")
	if _, err := f.Users.RegisterCustomer(t.Context(), "jane@example.com", roomtest.Password, "Jane", roomtest.Home); err != nil {
		t.Fatal(err)
	}
	m, _ := f.merchant(t, "gone@example.com")
	if _, err := f.Pool.Exec(t.Context(), `update users set disabled = true where merchant_id = $1`, m.ID); err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("long password, as long as they come: ", 2)[:72]
	if _, err := f.Users.RegisterCustomer(t.Context(), "long@example.com", long, "", roomtest.Home); err != nil {
		t.Fatal(err)
	}
	var first *errs.Error
	for name, c := range map[string]struct {
		email, password string
		audience        Audience
	}{
		"wrong password":           {"shop@example.com", roomtest.Password + "x", Portal},
		"no password":              {"shop@example.com", "", Portal},
		"unknown":                  {"nobody@example.com", roomtest.Password, Portal},
		"not an address":           {"shop", roomtest.Password, Portal},
		"zero byte":                {"shop\x00@example.com", roomtest.Password, Portal},
		"disabled":                 {"gone@example.com", roomtest.Password, Portal},
		"customer at the portal":   {"jane@example.com", roomtest.Password, Portal},
		"merchant in the app":      {"shop@example.com", roomtest.Password, Customer},
		"right for 72 bytes, then": {"long@example.com", long + "x", Customer},
	} {
		_, err := f.Users.Login(t.Context(), c.email, c.password, c.audience, roomtest.Home)
		e := roomtest.WantCode(t, err, errs.InvalidLogin)
		if first == nil {
			first = e
		}
		if e.Message != first.Message {
			t.Errorf("%s: %q differs from %q", name, e.Message, first.Message)
		}
	}
	if _, err := f.Users.Login(t.Context(), "long@example.com", long, Customer, roomtest.Home); err != nil {
		t.Fatal(err)
	}
}

// No comparison can take place here, so an answer other than "busy" was given without one.
func TestUnknownEmailCostsAsMuchAsAKnownOne(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.merchant(t, "shop@example.com")
	f.Users.hasher.Turns.Close()
	for _, email := range []string{"shop@example.com", "nobody@example.com", "nonsense"} {
		_, err := f.login(t, email, roomtest.Password)
		roomtest.WantCode(t, err, errs.Unavailable)
	}
}

func TestLoginAttemptsAreLimited(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.merchant(t, "shop@example.com")
	for range attempts.PerPair {
		_, err := f.login(t, "shop@example.com", "wrong password")
		roomtest.WantCode(t, err, errs.InvalidLogin)
	}
	_, err := f.login(t, "Shop@example.com", roomtest.Password)
	if e := roomtest.WantCode(t, err, errs.RateLimitExceeded); e.RetryAfter != attempts.Span {
		t.Fatalf("retry after %s", e.RetryAfter)
	}
	if _, err := f.Users.Login(t.Context(), "shop@example.com", roomtest.Password, Portal, device.Device{IP: netip.MustParseAddr("198.51.100.1")}); err != nil {
		t.Fatalf("the owner is locked out elsewhere: %v", err)
	}
	f.Clock.Advance(attempts.Span)
	if _, err := f.login(t, "shop@example.com", roomtest.Password); err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) loginFrom(t testing.TB, password, from string) error {
	t.Helper()
	_, err := f.Users.Login(t.Context(), "shop@example.com", password, Portal, device.Device{IP: netip.MustParseAddr(from)})
	return err
}

// Whoever rents a /48 has as many addresses as he likes, and so has who rents a /24.
func TestANetworkHasOneCount(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.merchant(t, "shop@example.com")
	for _, addresses := range []string{"2001:db8:1:%x::1", "198.51.100.%d"} {
		for i := range attempts.PerPair {
			roomtest.WantCode(t, f.loginFrom(t, "wrong password", fmt.Sprintf(addresses, i+1)), errs.InvalidLogin)
		}
		roomtest.WantCode(t, f.loginFrom(t, roomtest.Password, fmt.Sprintf(addresses, 99)), errs.RateLimitExceeded)
	}
}

// besiege has strangers from many networks guess until the account takes no more of them.
func (f *fixture) besiege(t testing.TB) {
	t.Helper()
	for i := range attempts.PerAccount {
		if err := f.loginFrom(t, "wrong password", fmt.Sprintf("203.0.%d.1", i)); !errs.Is(err, errs.InvalidLogin) {
			break
		}
	}
	roomtest.WantCode(t, f.loginFrom(t, "wrong password", "203.0.113.1"), errs.RateLimitExceeded)
}

func TestStrangersDoNotLockTheOwnerOut(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.merchant(t, "shop@example.com")
	if err := f.loginFrom(t, roomtest.Password, "192.0.2.7"); err != nil {
		t.Fatal(err)
	}
	f.besiege(t)
	for range attempts.PerPair { // a neighbour guesses too
		roomtest.WantCode(t, f.loginFrom(t, "wrong password", "192.0.2.9"), errs.InvalidLogin)
	}
	if err := f.loginFrom(t, roomtest.Password, "192.0.2.200"); err != nil {
		t.Errorf("the owner is locked out: %v", err)
	}
	roomtest.WantCode(t, f.loginFrom(t, roomtest.Password, "198.51.100.1"), errs.RateLimitExceeded)
}

func TestANetworkIsTheOwnersForThirtyDays(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.merchant(t, "shop@example.com")
	if err := f.loginFrom(t, roomtest.Password, "192.0.2.7"); err != nil {
		t.Fatal(err)
	}
	f.Clock.Advance(networkLife - time.Minute)
	f.besiege(t)
	if err := f.loginFrom(t, roomtest.Password, "192.0.2.7"); err != nil {
		t.Fatal(err) // and from here on it counts for another month
	}
	f.Clock.Advance(networkLife)
	f.besiege(t)
	roomtest.WantCode(t, f.loginFrom(t, roomtest.Password, "192.0.2.7"), errs.RateLimitExceeded)
	if err := f.Users.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left := f.Strings(t, `select network from login_networks where last_login_at < $1`, f.Clock.Now().Add(-networkLife)); len(left) != 0 {
		t.Errorf("kept %v", left)
	}
}

func TestTheNetworksOfAUserAreBounded(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.merchant(t, "shop@example.com")
	for i := range maxNetworks + 3 {
		f.Clock.Advance(attempts.Span)
		if err := f.loginFrom(t, roomtest.Password, fmt.Sprintf("203.0.%d.1", i)); err != nil {
			t.Fatal(err)
		}
	}
	if got := f.Strings(t, `select network from login_networks order by last_login_at`); len(got) != maxNetworks || got[0] != "203.0.3.0/24" {
		t.Errorf("kept %v", got)
	}
}

func TestReplicasCountTogether(t *testing.T) {
	t.Parallel()
	a := setup(t)
	b := a.replica(t)
	a.merchant(t, "shop@example.com")
	for i := range attempts.PerPair {
		roomtest.WantCode(t, []*fixture{a, b}[i%2].loginFrom(t, "wrong password", "192.0.2.7"), errs.InvalidLogin)
	}
	for _, f := range []*fixture{a, b} {
		roomtest.WantCode(t, f.loginFrom(t, roomtest.Password, "192.0.2.7"), errs.RateLimitExceeded)
	}
}

func TestAttemptsOfOneAddressAreLimited(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for i := range 41 {
		_, err := f.login(t, "nobody"+strings.Repeat("x", i)+"@example.com", roomtest.Password)
		if want := map[bool]errs.Code{true: errs.InvalidLogin, false: errs.RateLimitExceeded}[i < 40]; !errs.Is(err, want) {
			t.Fatalf("attempt %d: %v", i, err)
		}
	}
	for i := range 41 {
		_, err := f.Users.RegisterCustomer(t.Context(), "c"+strings.Repeat("x", i)+"@example.com", roomtest.Password, "", roomtest.Home)
		if i == 40 {
			roomtest.WantCode(t, err, errs.RateLimitExceeded)
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
	if err != nil || next.RefreshToken == s.RefreshToken || next.MerchantID != s.MerchantID || next.Role != rights.RoleMerchant {
		t.Fatalf("got %+v, %v", next, err)
	}
	other, err := f.login(t, "shop@example.com", roomtest.Password)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Users.Refresh(t.Context(), s.RefreshToken) // stolen, or the thief was first
	roomtest.WantCode(t, err, errs.Unauthenticated)
	_, err = f.Users.Refresh(t.Context(), next.RefreshToken)
	roomtest.WantCode(t, err, errs.Unauthenticated)
	if _, err := f.Users.Refresh(t.Context(), other.RefreshToken); err != nil {
		t.Fatalf("another login has ended too: %v", err)
	}
	if got := f.Strings(t, `select action from audit_log where action like 'login%'`); len(got) != 1 {
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
		roomtest.WantCode(t, err, errs.Unauthenticated)
	}
	if won != 1 {
		t.Fatalf("%d refreshes succeeded", won)
	}
}

// The thief uses the first token while the owner's exchange of the second is not committed yet: the third, which the
// thief's transaction cannot see at its start, must end too.
func TestReuseEndsATokenThatIsBeingMade(t *testing.T) {
	t.Parallel()
	f := setup(t)
	_, first := f.merchant(t, "shop@example.com")
	second, err := f.Users.Refresh(t.Context(), first.RefreshToken)
	if err != nil {
		t.Fatal(err)
	}
	row, err := findToken(t.Context(), f.Pool, second.RefreshToken)
	if err != nil {
		t.Fatal(err)
	}
	tx := f.Begin(t)
	third, err := f.Users.refresh(t.Context(), tx, *row, second.RefreshToken, f.Clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	result := make(chan error, 1)
	go func() {
		_, err := f.Users.Refresh(t.Context(), first.RefreshToken)
		result <- err
	}()
	f.Blocked(t)
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	roomtest.WantCode(t, <-result, errs.Unauthenticated)
	_, err = f.Users.Refresh(t.Context(), third.RefreshToken)
	roomtest.WantCode(t, err, errs.Unauthenticated)
}

func TestRefreshEnds(t *testing.T) {
	t.Parallel()
	f := setup(t)
	_, s := f.merchant(t, "shop@example.com")
	for _, bad := range []string{"", "x", "\x00", s.Token} {
		_, err := f.Users.Refresh(t.Context(), bad)
		roomtest.WantCode(t, err, errs.Unauthenticated)
	}
	f.Clock.Advance(refreshLife)
	_, err := f.Users.Refresh(t.Context(), s.RefreshToken)
	roomtest.WantCode(t, err, errs.Unauthenticated)
	fresh, err := f.login(t, "shop@example.com", roomtest.Password)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Pool.Exec(t.Context(), `update users set disabled = true`); err != nil {
		t.Fatal(err)
	}
	_, err = f.Users.Refresh(t.Context(), fresh.RefreshToken)
	roomtest.WantCode(t, err, errs.Unauthenticated)
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
	roomtest.WantCode(t, err, errs.Unauthenticated)
}

func TestExpiredRefreshTokensArePurged(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.merchant(t, "old@example.com")
	f.Clock.Advance(refreshLife + time.Second)
	f.merchant(t, "new@example.com")
	if err := f.Users.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left := f.Strings(t, `select u.email from refresh_tokens r join users u on u.id = r.user_id`); !slices.Equal(left, []string{"new@example.com"}) {
		t.Fatalf("left: %v", left)
	}
}

func TestRefreshTokensAreStoredHashed(t *testing.T) {
	t.Parallel()
	f := setup(t)
	_, s := f.merchant(t, "shop@example.com")
	for _, row := range f.Strings(t, `select r::text from refresh_tokens r`) {
		if strings.Contains(row, s.RefreshToken) {
			t.Fatal("a refresh token is stored as it is")
		}
	}
}
