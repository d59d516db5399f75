package endpoint

import (
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/refuse"
)

const (
	// MaxPerMerchant is the maximum number of endpoints of one merchant in one mode.
	MaxPerMerchant = 16

	maxURL         = 2048
	maxDescription = 500
	maxRateLimit   = 1000
)

// Rules depend on the service's settings.
type Rules struct {
	// Refused reports whether webhooks are never sent to an address.
	Refused func(netip.Addr) bool
	// RefusedPort reports the same for a port.
	RefusedPort func(uint16) bool
}

// IsID reports whether text has the form of our ids: a UUID in canonical form.
func IsID(text string) bool { return len(text) == 36 && uuid.Validate(text) == nil }

// Check returns the problems of e.
func (r Rules) Check(e Endpoint) refuse.Problems {
	var bad refuse.Problems
	if message := r.CheckURL(e.URL, e.Livemode); message != "" {
		bad = append(bad, errs.Field{Field: "url", Message: message})
	}
	text := len(e.Description) <= maxDescription && utf8.ValidString(e.Description) && !strings.ContainsRune(e.Description, 0)
	bad.If(!text, "description", "must be text of at most 500 bytes")
	bad = append(bad, CheckTypes(e.EventTypes)...)
	bad.If(e.RateLimit < 0 || e.RateLimit > maxRateLimit, "rate_limit", "must be from 0 (no limit) to 1000 requests a second")
	return bad
}

// CheckURL returns why webhooks cannot be sent to the URL, as a sentence that begins with "url"; empty if they can. It checks the
// text only. The resolved address is checked at every connection.
func (r Rules) CheckURL(text string, livemode bool) string {
	if len(text) > maxURL {
		return "url must have at most 2048 characters."
	}
	if message := checkText(text); message != "" {
		return message
	}
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return "url must be an absolute http or https URL, such as https://shop.example.com/webhooks."
	}
	if livemode && u.Scheme != "https" {
		return "url must be https in live mode."
	}
	if u.User != nil {
		return "url must not contain a user name or password."
	}
	if strings.Contains(text, "#") {
		return "url must not have a fragment."
	}
	if u.Port() != "" || strings.HasSuffix(u.Host, ":") {
		port, err := strconv.ParseUint(u.Port(), 10, 16)
		if err != nil || r.RefusedPort(uint16(port)) {
			return "url must use port 443, 80, or one from 1024 on."
		}
	}
	if r.isPrivate(u.Hostname()) {
		return "url must point to a public address."
	}
	return r.checkName(strings.TrimSuffix(strings.ToLower(u.Hostname()), "."))
}

// isPrivate reports whether the host is a literal address that is not public, or a name of this machine. Legacy notations of IPv4
// addresses (127.1, 0x7f000001) are refused here too, although the resolver would not accept them.
func (r Rules) isPrivate(host string) bool {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	loopbackName := host == "localhost" || strings.HasSuffix(host, ".localhost")
	if loopbackName {
		return r.Refused(netip.AddrFrom4([4]byte{127, 0, 0, 1}))
	}
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.Zone() != "" || r.Refused(addr)
	}
	last := host[strings.LastIndexByte(host, '.')+1:]
	_, err := strconv.ParseUint(last, 0, 64)
	return err == nil || net.ParseIP(host) != nil
}
