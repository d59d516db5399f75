package egress

import (
	"net/netip"
	"testing"
)

// TestACloudsOwnAddressesAreRefused: some of them are outside of every range that is known not to be public.
func TestACloudsOwnAddressesAreRefused(t *testing.T) {
	t.Parallel()
	g := NewGuard(false)
	for name, address := range map[string]string{
		"Azure WireServer": "168.63.129.16", "Azure WireServer, mapped": "::ffff:168.63.129.16", "AWS, Azure, Google, DigitalOcean": "169.254.169.254",
		"AWS DNS": "169.254.169.253", "AWS task credentials": "169.254.170.2", "AWS over IPv6": "fd00:ec2::254", "Google over IPv6": "fd20:ce::254",
		"Alibaba": "100.100.100.200", "Oracle": "192.0.0.192", "Tencent": "169.254.0.23", "Scaleway": "169.254.42.42", "IBM services": "161.26.0.10",
		"IBM private endpoints": "166.9.0.1", "Google restricted": "199.36.153.4", "Google private": "199.36.153.8", "OpenStack over IPv6": "fe80::a9fe:a9fe",
		"NAT64 of AWS": "64:ff9b::a9fe:a9fe", "6to4 of AWS": "2002:a9fe:a9fe::1",
	} {
		if !g.Refused(netip.MustParseAddr(address)) {
			t.Errorf("%s (%s) may be called", name, address)
		}
	}
	for _, address := range []string{"168.63.129.15", "1.1.1.1", "2606:4700::1111", "34.1.1.1"} {
		if g.Refused(netip.MustParseAddr(address)) {
			t.Errorf("%s may not be called", address)
		}
	}
}
