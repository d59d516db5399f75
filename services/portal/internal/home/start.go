package home

import (
	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

// start is what a merchant does first.
type start struct {
	Steps []step
	// Key is the public part of a test key; empty: there is none, or the reader may not see it.
	Key string
}

// step is one thing to do. Its phrases are home.start_<Name> and home.start_<Name>_text.
type step struct {
	Name, Href string
	Done       bool
}

// startOf finds out what is done. A part that cannot be read, such as keys by staff, counts as not done.
func startOf(r *web.Request, m *eupay.Merchant) *start {
	s := &start{}
	endpoints := 0
	_ = web.Together( // the page is shown without what is missing
		func() error {
			keys, err := r.API.APIKeys.List(r.Ctx(), eupay.ListParams{Limit: 100})
			if err == nil {
				s.Key = testKey(keys.Data)
			}
			return err
		},
		func() error {
			list, err := r.API.WebhookEndpoints.List(r.Ctx(), eupay.ListParams{Limit: 1})
			if err == nil {
				endpoints = len(list.Data)
			}
			return err
		},
	)
	s.Steps = []step{
		{"profile", "/portal/settings", m.IBAN != "" && len(m.LiveMissing) == 0},
		{"enabled", "", m.GatewayEnabled},
		{"key", "/portal/keys", s.Key != ""},
		{"webhook", "/portal/webhooks", endpoints > 0},
		{"payment", "/portal/payments/new", false},
	}
	return s
}

func testKey(keys []eupay.APIKey) string {
	for _, k := range keys {
		if !k.Livemode && k.RevokedAt.IsZero() {
			return k.APIKey
		}
	}
	return ""
}
