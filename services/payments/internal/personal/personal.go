// Package personal lists what the payments service holds about persons, for exports and erasures (internal/privacy).
package personal

import (
	"fmt"

	"european-pay.eu/eupay/internal/privacy"
)

// Room is the list of the payments service.
func Room() privacy.Room {
	return privacy.Room{
		Service:   "payments",
		Resolve:   resolve,
		Obstacles: obstacles,
		Holdings: []privacy.Holding{
			payments, history, subscriptions, subscriptionHistory, links, hostedLinks, items, lines, accounts, bankUsers, visits, merchants, receivingAccounts,
			privacy.Outbox(),
		},
		Impersonal: map[string]string{
			"payments.beneficiary_kind":                   "a word of ours",
			"payments.merchant_name":                      "the merchant",
			"payments.beneficiary_bic":                    "a bank",
			"payments.payer_bic":                          "a bank; summaries count by it",
			"payments.payment_url":                        "a page of the provider, which ends with the payment",
			"payments.approval_url":                       "a page of the provider, which ends with the payment",
			"payments.status_detail":                      "a word of ours",
			"archives.sha256":                             "a hash of an object that holds no personal data",
			"payment_history.status_detail":               "a word of ours",
			"payment_links.status_detail":                 "a word of ours",
			"payment_link_history.actor":                  "who of the merchant's side did it: an id",
			"payment_link_hosted.beneficiary":             "the merchant",
			"payment_link_hosted.url":                     "a page of the provider, which ends with the link",
			"subscriptions.authorisation_url":             "a page of the provider, which ends with the authorisation",
			"subscriptions.approval_url":                  "a page of the provider, which ends with the approval",
			"subscriptions.merchant_name":                 "the merchant",
			"subscriptions.status_detail":                 "a word of ours",
			"subscriptions.ending_by":                     "who of the merchant's side ended it: an id",
			"subscriptions.replaced_by":                   "a reference",
			"payments.paid_by":                            "a reference",
			"subscription_occurrences.evidence":           "a word of ours",
			"subscription_occurrences.evidence_reference": "a reference",
			"subscription_occurrences.payment_link_url":   "the page of a link",
			"subscription_receipts.evidence":              "a word of ours",
			"subscription_history.status_detail":          "a word of ours",
			"settlement_matches.evidence":                 "references, amounts and days",
			"settlement_matches.actor":                    "who of the merchant's side matched it: an id",
			"settlement_matches.note":                     "what somebody of the merchant's side noted about a match",
			"settlement_matches.undone_by":                "who of the merchant's side undid it: an id",
			"settlement_matches.undone_note":              "what somebody of the merchant's side noted about a match",
			"settlement_suggestions.evidence":             "references, amounts and days",
			"bank_line_changes.note":                      "what the bank changed: amounts and days",
			"bank_lines.content_hash":                     "a keyed hash",
			"bank_lines.reason":                           "a word of ours",
			"banks.name":                                  "a bank",
			"banks.can":                                   "what a bank can do",
			"claims.key":                                  "the merchant's own reference of a request, for a day",
			"claims.fingerprint":                          "a hash of a request, for a day",
		},
	}
}

// ofPayer, ofBeneficiary and the others are what sealed values are bound to: as the packages say that seal them.
func ofPayer(row map[string]any) string { return fmt.Sprintf("payer iban\x00%s", row["reference"]) }

func ofBeneficiary(row map[string]any) string {
	return fmt.Sprintf("beneficiary iban\x00%s", row["reference"])
}

func ofItem(row map[string]any) string { return fmt.Sprintf("expected payer\x00%s", row["reference"]) }

func ofLine(row map[string]any) string { return fmt.Sprintf("bank line\x00%s", row["id"]) }

func ofAnswer(row map[string]any) string {
	return fmt.Sprintf("provider answer\x00%s\x00%v", row["reference"], row["sequence"])
}

func ofAccount(row map[string]any) string {
	return fmt.Sprintf("iban/%s/%t", row["customer_id"], row["livemode"])
}
