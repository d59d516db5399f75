package user

import (
	"net/netip"
	"testing"

	"european-pay.eu/eupay/services/gateway/internal/attempts"
	"european-pay.eu/eupay/services/gateway/internal/roomtest"
	"european-pay.eu/eupay/services/gateway/internal/slots"
)

// Logins of one account wait in its own line: who comes from a network of the owner first, then the strangers, the rarest first.
func TestTheOwnerWaitsBeforeStrangers(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.merchant(t, "shop@example.com")
	if _, err := f.Users.Login(t.Context(), "shop@example.com", roomtest.Password, Portal, roomtest.Home); err != nil {
		t.Fatal(err)
	}
	next := func(account, ip string) slots.Turn {
		t.Helper()
		addr := netip.MustParseAddr(ip)
		_, who, err := f.Users.approach(t.Context(), attempts.Login{Account: account, Address: attempts.Network(addr), Network: attempts.Neighbourhood(addr)}, f.Clock.Now())
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
		if got := next(c.account, c.ip); got != (slots.Turn{Name: c.account, Rank: c.rank}) {
			t.Errorf("try %d waits as %+v, want rank %d", i, got, c.rank)
		}
	}
}
