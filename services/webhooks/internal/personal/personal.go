// Package personal lists what the webhooks service holds about persons, for exports and erasures (internal/privacy).
package personal

import "european-pay.eu/eupay/internal/privacy"

// Room is the list of the webhooks service.
func Room() privacy.Room {
	return privacy.Room{
		Service:   "webhooks",
		Obstacles: []string{undelivered},
		Holdings:  []privacy.Holding{events, deliveries, attempts, browsers, messages, privacy.Outbox()},
		Impersonal: map[string]string{
			"endpoints.url":             "a merchant's server",
			"endpoints.description":     "a merchant's label",
			"endpoints.disabled_reason": "a word of ours",
			"endpoints.key_id":          "the id of a key of ours",
			"endpoints.secret":          "a merchant's secret, sealed",
			"endpoints.old_key_id":      "the id of a key of ours",
			"endpoints.old_secret":      "a merchant's secret, sealed",
		},
	}
}
