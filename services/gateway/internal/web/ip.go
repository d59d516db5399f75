package web

import (
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/labstack/echo/v4"
)

// ClientIP is the caller's address, IPv4 in its own form. It is the zero Addr only when the server has no peer address.
func ClientIP(c echo.Context) netip.Addr {
	addr, err := netip.ParseAddr(c.RealIP())
	if err != nil {
		return netip.Addr{}
	}
	return addr
}

// ipExtractor believes X-Forwarded-For only as far as trusted proxies wrote it: from the right, the first address that
// is not one of them is the caller. Whatever stands left of it was written by the caller.
func ipExtractor(trusted []netip.Prefix) echo.IPExtractor {
	return func(r *http.Request) string {
		addr, ok := peer(r.RemoteAddr)
		if !ok {
			return ""
		}
		if !Contains(trusted, addr) {
			return addr.String() // the common case, without a look at what the caller claims
		}
		hops := strings.Split(strings.Join(r.Header.Values(echo.HeaderXForwardedFor), ","), ",")
		for i := len(hops) - 1; i >= 0 && Contains(trusted, addr); i-- {
			next, ok := parseHop(hops[i])
			if !ok {
				break // a proxy of ours never writes this: believe nothing beyond
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

// plain makes ::ffff:192.0.2.1 the 192.0.2.1 that lists name, and drops the zone, which no prefix matches.
func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

// Contains reports whether one of the prefixes holds the address. A prefix of mapped IPv4 addresses counts as IPv4.
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
