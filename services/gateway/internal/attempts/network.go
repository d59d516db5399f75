package attempts

import "net/netip"

// Network is the most that one customer of an internet provider usually has: the address, or in IPv6 a /48.
func Network(ip netip.Addr) string { return masked(ip, 32) }

// Neighbourhood is the network by which guesses at one account or key are counted: a /24, in IPv6 a /48. An
// attacker who rents addresses gets at least as many.
func Neighbourhood(ip netip.Addr) string { return masked(ip, 24) }

func masked(ip netip.Addr, bits int) string {
	ip = ip.Unmap().WithZone("")
	if ip.Is6() {
		bits = 48
	}
	p, err := ip.Prefix(bits)
	if err != nil { // the server knows no peer
		return ip.String()
	}
	if p.IsSingleIP() {
		return ip.String()
	}
	return p.String()
}
