// Package personal lists what the qr service holds about persons, for exports and erasures (internal/privacy).
package personal

import "european-pay.eu/eupay/internal/privacy"

// Room is the list of the qr service.
func Room() privacy.Room {
	return privacy.Room{
		Service:   "qr",
		Resolve:   resolve,
		Obstacles: obstacles,
		Holdings:  []privacy.Holding{orders, orderLines, members, entries, customers, privacy.Outbox()},
		Impersonal: map[string]string{
			"loyalty_entries.customer_id":   "an id: nobody's when the account is erased",
			"products.name":                 "goods",
			"products.description":          "goods",
			"products.image_url":            "a picture of goods",
			"products.search_key":           "goods",
			"menu_merchants.name":           "a merchant",
			"loyalty_merchants.name":        "a merchant",
			"loyalty_entries.merchant_name": "a merchant",
			"dining_tables.name":            "a table",
			"dining_tables.token":           "the code of a table",
			"offers.name":                   "an offer",
			"orders.table_name":             "a table",
			"orders.table_token":            "the code of a table",
			"orders.offer_name":             "an offer",
			"orders.payment_url":            "a page of the provider, which ends with the payment",
			"orders.idempotency_key":        "of a request",
			"orders.fingerprint":            "a hash of a request",
			"order_lines.name":              "goods",
			"order_lines.options":           "goods",
			"order_lines.taxes":             "amounts",
			"journal.kind":                  "a word of a list",
			"journal.reference":             "of a payment, refund or document",
			"journal.method":                "a word of a list",
			"journal.body":                  "records of sales, which name no person",
			"journal.previous":              "a hash of records",
			"journal.hash":                  "a hash of records",
			"journal_heads.hash":            "a hash of records",
			"orders.paid_method":            "a word of a list",
			"till_closings.period":          "a word of a list",
			"till_closings.totals":          "sums",
			"till_closings.hash":            "a hash of records",
			"option_groups.name":            "goods",
			"options.name":                  "goods",
			"order_history.detail":          "a word of ours",
			"payment_tasks.command":         "a command: references and amounts",
			"image_uploads.key":             "a place in the store",
			"reward_programs.rules":         "rules",
			"reward_programs.changed_by":    "who of the merchant's side changed them: an id",
			"reward_redemptions.actor":      "who of the merchant's side redeemed: an id",
			"claims.key":                    "of a request, for a day",
			"claims.fingerprint":            "a hash of a request, for a day",
			"loyalty_payments.customer_id":  "an id: nobody's when the account is erased",
		},
	}
}
