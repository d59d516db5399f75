package account

import (
	"fmt"
	"net/mail"
	"net/netip"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/plaintext"
	"european-pay.eu/eupay/services/gateway/internal/rights"
)

const (
	minPassword = 12
	maxEmail    = 254 // RFC 5321: a path has at most 256 bytes with its brackets
	maxName     = 140 // a SEPA message has room for 140 characters
	maxKeyName  = 100
	maxIPs      = 100
	// MaxPerMinute is the highest rate limit that a merchant may give a key.
	MaxPerMinute = 10_000
)

// problems collects every refused field of a request.
type problems []errs.Field

func (p *problems) add(field, format string, args ...any) {
	*p = append(*p, errs.Field{Field: field, Message: field + " " + fmt.Sprintf(format, args...) + "."})
}

func (p problems) err() error {
	if len(p) == 0 {
		return nil
	}
	return errs.Invalid(p...)
}

// text wants from least to most visible characters on one line.
func (p *problems) text(field, value string, least, most int) {
	switch n := utf8.RuneCountInString(value); {
	case n < least && value == "":
		p.add(field, "is required")
	case n > most:
		p.add(field, "must have at most %d characters", most)
	case strings.ContainsFunc(value, notPrint) || strings.TrimSpace(value) != value:
		p.add(field, "must be one line of text without blanks around it")
	}
}

// cleaned is a name as those of guests are kept: without tags and what nobody sees. What is longer than the limit stays as it is: it
// is refused.
func cleaned(s string, limit int) string {
	s = strings.TrimSpace(s)
	if line, ok := plaintext.Line(s, limit); ok {
		return line
	}
	return s
}

func notPrint(r rune) bool { return !unicode.IsPrint(r) }

func (p *problems) email(value string) {
	at := strings.LastIndexByte(value, '@')
	parsed, err := mail.ParseAddress(value)
	switch {
	case value == "":
		p.add("email", "is required")
	case err != nil || parsed.Address != value || len(value) > maxEmail || !isASCII(value) || !strings.Contains(value[at+1:], "."):
		p.add("email", "must be an email address such as name@example.com")
	}
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf })
}

// normalEmail is the one form of an address that is stored and looked up.
func normalEmail(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// isID reports whether text is an id in the form that we give out.
func isID(text string) bool { return len(text) == 36 && uuid.Validate(text) == nil }

func checkKey(k Key) error {
	var p problems
	p.text("name", k.Name, 1, maxKeyName)
	if k.PerMinute < 1 || k.PerMinute > MaxPerMinute {
		p.add("per_minute", "must be from 1 to %d", MaxPerMinute)
	}
	if len(k.Scopes) == 0 {
		p.add("scopes", "must name at least one scope")
	}
	for i, s := range k.Scopes {
		if !slices.Contains(rights.AllScopes, s) {
			p.add(fmt.Sprintf("scopes[%d]", i), "is not a known scope")
		} else if slices.Contains(k.Scopes[:i], s) {
			p.add(fmt.Sprintf("scopes[%d]", i), "is given twice")
		}
	}
	if len(k.AllowedIPs) > maxIPs {
		p.add("allowed_ips", "must have at most %d entries", maxIPs)
	}
	if k.ExpiresAt != nil && k.RevokedAt == nil && !k.ExpiresAt.After(k.CreatedAt) {
		p.add("expires_at", "must be in the future")
	}
	return p.err()
}

// ParseIPs reads addresses ("192.0.2.1", "2001:db8::1") and networks ("192.0.2.0/24") of an allow-list. The error names
// every refused entry.
func ParseIPs(list []string) ([]netip.Prefix, error) {
	var p problems
	prefixes := make([]netip.Prefix, 0, len(list))
	for i, text := range list {
		prefix, ok := parseIP(text)
		if !ok {
			p.add(fmt.Sprintf("allowed_ips[%d]", i), "must be an IP address or a network such as 192.0.2.0/24")
			continue
		}
		if !slices.Contains(prefixes, prefix) {
			prefixes = append(prefixes, prefix)
		}
	}
	return prefixes, p.err()
}

// parseIP refuses a network with bits behind its mask: who writes 10.1.2.3/8 may not mean sixteen million addresses.
func parseIP(text string) (netip.Prefix, bool) {
	if addr, err := netip.ParseAddr(text); err == nil {
		addr = addr.Unmap()
		return netip.PrefixFrom(addr, addr.BitLen()), addr.Zone() == ""
	}
	prefix, err := netip.ParsePrefix(text)
	if err != nil || prefix.Addr().Is4In6() || prefix != prefix.Masked() {
		return netip.Prefix{}, false
	}
	return prefix, true
}
