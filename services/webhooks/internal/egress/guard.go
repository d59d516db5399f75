// Package egress provides the HTTP client that calls merchants' servers. Its URLs come from outside, so it must never reach
// anything but the public internet.
package egress

import (
	"errors"
	"fmt"
	"net/netip"
	"syscall"

	"code.dny.dev/ssrf"
)

// ErrRefused is returned for an address to which webhooks are not sent.
var ErrRefused = errors.New("address refused")

// Guard decides which addresses may be connected to.
type Guard struct{ guardian *ssrf.Guardian }

// cloudInside are addresses that look public but lead, within a cloud, to its internal services: metadata, credentials, DNS.
// Those of the other clouds (169.254.169.254 and its neighbours, 100.100.100.200 of Alibaba, 192.0.0.192 of Oracle, fd00:ec2::254
// of AWS, fd20:ce::254 of Google) are in ranges that are never public.
var cloudInside = []netip.Prefix{
	netip.MustParsePrefix("168.63.129.16/32"), // Azure: WireServer, its agent's credentials and DNS
	netip.MustParsePrefix("161.26.0.0/16"),    // IBM Cloud: services of the account
	netip.MustParsePrefix("166.8.0.0/14"),     // IBM Cloud: private endpoints
	netip.MustParsePrefix("199.36.153.4/30"),  // Google: restricted.googleapis.com
	netip.MustParsePrefix("199.36.153.8/30"),  // Google: private.googleapis.com
	netip.MustParsePrefix("35.199.192.0/19"),  // Google: DNS forwarding
}

// NewGuard returns a guard that permits public addresses, and loopback if allowed (for tests and demos with the merchant's server
// on the same machine).
func NewGuard(allowLoopback bool) *Guard {
	options := []ssrf.Option{ssrf.WithAnyPort(), ssrf.WithDeniedV4Prefixes(cloudInside...)} // ports are checked by RefusedPort
	if allowLoopback {
		options = append(options, ssrf.WithAllowedV4Prefixes(netip.MustParsePrefix("127.0.0.0/8")),
			ssrf.WithAllowedV6Prefixes(netip.MustParsePrefix("::1/128")))
	}
	return &Guard{guardian: ssrf.New(options...)}
}

// Control is the hook of net.Dialer: it checks the address after name resolution, before each connect, so a name that resolves
// differently the second time cannot bypass the check.
func (g *Guard) Control(network, address string, c syscall.RawConn) error {
	target, err := netip.ParseAddrPort(address)
	if err != nil || g.RefusedPort(target.Port()) {
		return fmt.Errorf("%w: port", ErrRefused)
	}
	if err := g.guardian.Safe(network, address, c); err != nil {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return nil
}

// Refused reports whether Control refuses the address on every port.
func (g *Guard) Refused(a netip.Addr) bool { return g.guardian.SafeAddr(a) != nil }

// RefusedPort reports whether webhooks are not sent to the port. Permitted are the ports of the web and those above 1023. The
// other well-known ports belong to protocols such as mail, shells and file sharing.
func (g *Guard) RefusedPort(port uint16) bool { return port != 80 && port != 443 && port < 1024 }
