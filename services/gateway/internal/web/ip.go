package web

import (
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/labstack/echo/v4"
)

// ClientIP returns the caller's address, with mapped IPv4 addresses as IPv4. It is the zero Addr only if the server has no peer
// address.
func ClientIP(c echo.Context) netip.Addr {
	addr, err := netip.ParseAddr(c.RealIP())
	if err != nil {
		return netip.Addr{}
	}
	return addr
}

// ipExtractor trusts X-Forwarded-For only as far as trusted proxies wrote it: from the right, the first address that is not one
// of them is the caller. What is to its left was written by the caller.
func ipExtractor(trusted []netip.Prefix) echo.IPExtractor {
	return func(r *http.Request) string {
		addr, ok := peer(r.RemoteAddr)
		if !ok {
			return ""
		}
		if !Contains(trusted, addr) {
			return addr.String() // the common case: the caller's claims do not matter
		}
		hops := strings.Split(strings.Join(r.Header.Values(echo.HeaderXForwardedFor), ","), ",")
		for i := len(hops) - 1; i >= 0 && Contains(trusted, addr); i-- {
			next, ok := parseHop(hops[i])
			if !ok {
				break // our proxies never write this: trust nothing to its left
			}
			addr = next
		}
		return addr.String()
	}
}

func parseHop(s string) (netip.Addr, bool) {
	s = strings.TrimSpace(s)
	if addr, err := netip.ParseAddr(s); err == nil {
		return plain(addr), true
	}
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return plain(ap.Addr()), true
	}
	return netip.Addr{}, false
}

func peer(remote string) (netip.Addr, bool) {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		return netip.Addr{}, false
	}
	addr, err := netip.ParseAddr(host)
	return plain(addr), err == nil
}

// plain converts ::ffff:192.0.2.1 to 192.0.2.1, which is the form in lists, and removes the zone, which no prefix matches.
func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

// Contains reports whether one of the prefixes contains the address. A prefix of mapped IPv4 addresses counts as IPv4.
func Contains(prefixes []netip.Prefix, addr netip.Addr) bool {
	addr = plain(addr)
	for _, p := range prefixes {
		if a := p.Addr(); a.Is4In6() && p.Bits() >= 96 {
			p = netip.PrefixFrom(a.Unmap(), p.Bits()-96)
		}
		if p.Contains(addr) {
			return true
		}
	}
	return false
}
