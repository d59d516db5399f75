package endpoint

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/idna"
)

// OnTheWire converts an internationalised host name (https://café.example.com/) to its ASCII form (RFC 5891). A URL that cannot
// be converted is returned unchanged, for CheckURL to refuse.
func OnTheWire(text string) string {
	if isASCII(text) {
		return text
	}
	u, err := url.Parse(text)
	if err != nil || isASCII(u.Hostname()) || !strings.Contains(text, u.Hostname()) {
		return text
	}
	name, err := idna.Lookup.ToASCII(u.Hostname())
	if err != nil {
		return text
	}
	return strings.Replace(text, u.Hostname(), name, 1)
}

func isASCII(text string) bool {
	return !strings.ContainsFunc(text, func(c rune) bool { return c > '~' })
}

// checkText returns a problem with the characters of the URL.
func checkText(text string) string {
	if strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c == 0x7f }) {
		return "url must not contain spaces or control characters."
	}
	if isASCII(text) {
		return ""
	}
	if u, err := url.Parse(text); err == nil && !isASCII(u.Hostname()) {
		return "url must have a host name that is a valid domain name."
	}
	return "url must percent-encode non-ASCII characters outside of its host name (%C3%A9 for é)."
}

// reserved are the suffixes of names that do not exist on the public internet (RFC 2606, 6761, 6762, 7686, 8375, 9476) or are
// used in private networks.
var reserved = []string{
	"localhost", "local", "internal", "test", "example", "invalid", "onion", "alt", "arpa", "lan", "home", "corp", "private", "intranet",
}

// checkName returns why a host name, in lower case, cannot exist on the public internet.
func (r Rules) checkName(host string) string {
	if _, err := netip.ParseAddr(host); err == nil || host == "localhost" {
		return "" // checked by its address
	}
	labels := strings.Split(host, ".")
	if len(labels) == 1 {
		return "url must have a full domain name, such as shop.example.com: " + host + " is known inside of a network only."
	}
	for _, label := range labels {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" || label[0] == '-' || label[len(label)-1] == '-' {
			return "url must have a host name that is a valid domain name."
		}
	}
	if len(host) > 253 {
		return "url must have a host name of at most 253 characters."
	}
	last := labels[len(labels)-1]
	if slices.Contains(reserved, last) && !r.isLoopbackName(host) {
		return "url must have a public domain name: names that end in ." + last + " do not exist on the internet."
	}
	return ""
}

// isLoopbackName reports whether the name is one of this machine's and loopback is permitted.
func (r Rules) isLoopbackName(host string) bool {
	return strings.HasSuffix(host, ".localhost") && !r.Refused(netip.AddrFrom4([4]byte{127, 0, 0, 1}))
}
