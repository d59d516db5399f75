// Package personal lists what the einvoice service holds about persons, for exports and erasures (internal/privacy).
package personal

import "european-pay.eu/eupay/internal/privacy"

// Room is the list of the einvoice service.
func Room() privacy.Room {
	return privacy.Room{
		Service:  "einvoice",
		Resolve:  resolve,
		Holdings: []privacy.Holding{invoices, documents, received, receivedFiles, files, enrolments, privacy.Outbox()},
		Impersonal: map[string]string{
			"enrolments.logo":               "a merchant's logo",
			"invoice_history.detail":        "a word of ours",
			"lifecycle_events.reason":       "the platform's words about a document",
			"lifecycle_events.reason_code":  "a code",
			"exports.accounts":              "numbers of a merchant's accounts",
			"book_accounts.accounts":        "numbers of a merchant's accounts",
			"exports.company_name":          "a merchant",
			"exports.sha256":                "a hash",
			"received_files.sha256":         "a hash",
			"received_answers.reason":       "the merchant's words to a supplier",
			"received_answers.reason_code":  "a code",
			"supplier_payments.payment_url": "a page of the merchant's bank, about the merchant's own payment",
			"supplier_payments.success_url": "a page of the merchant",
			"supplier_payments.cancel_url":  "a page of the merchant",
			"exports.totals":                "sums",
			"reports.xml":                   "sums of a period, and invoices to businesses abroad",
			"reports.data":                  "sums of a period, and invoices to businesses abroad",
			"archive_links.hash":            "a hash",
			"archive_links.xml_sha256":      "a hash",
			"archive_links.pdf_sha256":      "a hash",
			"archive_anchors.hash":          "a hash",
			"order_splits.parts":            "sums of an order",
			"refund_splits.parts":           "sums of a refund",
			"order_cancellations.parts":     "sums of an order",
			"till_sales.totals":             "sums of a day",
			"claims.key":                    "the merchant's own reference of a request, for a day",
			"claims.fingerprint":            "a hash of a request, for a day",
		},
	}
}
