package attempts

import (
	"net/netip"
	"testing"
)

func TestNetworkOfAnAddress(t *testing.T) {
	t.Parallel()
	for ip, want := range map[string]string{
		"192.0.2.7": "192.0.2.7", "::ffff:192.0.2.7": "192.0.2.7", "2001:db8:1:2:3:4:5:6": "2001:db8:1::/48",
	} {
		if got := Network(netip.MustParseAddr(ip)); got != want {
			t.Errorf("attempts.Network(%s) is %s", ip, got)
		}
	}
}
