package config

import (
	"fmt"
	"net/netip"
	"strings"
)

// Prefixes reads the CIDR ranges of a setting; a single address is a range of one.
func Prefixes(setting string, list []string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, s := range list {
		s = strings.TrimSpace(s)
		if s == "" {
			continue
		}
		if addr, err := netip.ParseAddr(s); err == nil {
			out = append(out, netip.PrefixFrom(addr, addr.BitLen()))
			continue
		}
		p, err := netip.ParsePrefix(s)
		if err != nil {
			return nil, fmt.Errorf("%s: %q is neither an address nor a CIDR range", setting, s)
		}
		out = append(out, p)
	}
	return out, nil
}
