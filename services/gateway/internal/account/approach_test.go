package account

import (
	"net/netip"
	"testing"
)

// Logins of one account wait in its own line: who comes from a network of the owner first, then the strangers, the rarest first.
func TestTheOwnerWaitsBeforeStrangers(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.merchant(t, "shop@example.com")
	if _, err := f.Users.Login(t.Context(), "shop@example.com", testPassword, Portal, home); err != nil {
		t.Fatal(err)
	}
	next := func(account, ip string) turn {
		t.Helper()
		addr := netip.MustParseAddr(ip)
		_, who, err := f.Users.approach(t.Context(), loginTarget{account: account, address: network(addr), network: neighbourhood(addr)}, f.clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		return who
	}
	for i, c := range []struct {
		account, ip string
		rank        int
	}{
		{"shop@example.com", "198.51.100.1", 0},
		{"shop@example.com", "198.51.100.1", 1},
		{"shop@example.com", "198.51.100.2", 2},
		{"shop@example.com", "203.0.113.1", 0},
		{"shop@example.com", "192.0.2.7", -1},
		{"shop@example.com", "192.0.2.7", -1},
		{"other@example.com", "192.0.2.7", 0},
	} {
		if got := next(c.account, c.ip); got != (turn{name: c.account, rank: c.rank}) {
			t.Errorf("try %d waits as %+v, want rank %d", i, got, c.rank)
		}
	}
}
