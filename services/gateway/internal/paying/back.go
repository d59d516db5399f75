package paying

import (
	"net/url"
	"slices"
	"strings"

	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
)

// WebURL parses a URL to which a browser may be redirected; nil for any other.
func WebURL(stored string) *url.URL {
	u, err := url.Parse(stored)
	if err != nil || stored == "" || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil
	}
	return u
}

// ReturnURL returns the merchant's URL for the state of the payment; "" if the merchant gave none. gaveUp is the provider's claim
// that the payer quit; it only decides where a payer with an open payment is redirected.
func ReturnURL(p *paymentsv1.Payment, gaveUp bool) string {
	stored := p.GetSuccessUrl()
	switch p.GetStatus() {
	case "failed", "cancelled":
		stored = p.GetCancelUrl()
	case "pending", "pending_sca":
		if gaveUp {
			stored = p.GetCancelUrl()
		}
	}
	u := WebURL(stored)
	if u == nil {
		return ""
	}
	own := url.Values{"reference": {p.GetReference()}, "status": {p.GetStatus()}}.Encode()
	if rest := without(u.RawQuery, "reference", "status"); rest != "" {
		own = rest + "&" + own
	}
	u.RawQuery = own
	return u.String()
}

// without removes parameters from a query and leaves the others byte for byte unchanged.
func without(query string, names ...string) string {
	var kept []string
	for _, pair := range strings.Split(query, "&") {
		name, _, _ := strings.Cut(pair, "=")
		if plain, err := url.QueryUnescape(name); err == nil && slices.Contains(names, plain) {
			continue
		}
		kept = append(kept, pair)
	}
	return strings.Join(kept, "&")
}
