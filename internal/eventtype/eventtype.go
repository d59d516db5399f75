// Package eventtype is the catalogue of webhook events: the meaning of each type, the schema of its body, and an example. The API
// serves it, and the API description includes it.
package eventtype

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// Type is a type of event.
type Type struct {
	Name string
	// Description says in a sentence when the event occurs.
	Description string
	// Default means that endpoints without a list of types receive it.
	Default bool
	// Schema is the JSON Schema (2020-12) of the body; Example is an example body.
	Schema, Example json.RawMessage
}

// entry is a row of the catalogue. example holds the differences from the example of the family.
type entry struct {
	name, description, family string
	example                   map[string]any
}

// byDefault are the types for endpoints without a list of types.
var byDefault = []string{"payment.completed", "payment.failed", "payment.refunded"}

var entries = []entry{
	{"payment.created", "A payment was recorded.", "payment", status("pending")},
	{"payment.pending_sca", "The payer can be sent to the bank.", "payment", status("pending_sca")},
	{"payment.completed", "The payer authorised the transfer: deliver the goods.", "payment", status("completed")},
	{"payment.failed", "The bank rejected the payment, or the payer declined it (then the status is cancelled).", "payment", status("failed")},
	{"payment.cancelled", "The payer declined, or the payment was cancelled. Endpoints without this type receive it as payment.failed.", "payment", status("cancelled")},
	{"payment.stalled", "The bank has not reported the outcome of the payment for a long time.", "payment", status("pending_sca")},
	{"payment.amount_mismatch", "The bank shows a different amount or currency than requested.", "payment", status("pending_sca")},
	{"payment.late_receipt", "You booked a late receipt for a failed or cancelled payment.", "payment", status("failed")},
	{
		"payment.settled", "The money of a payment was seen on your connected bank account.", "payment",
		map[string]any{"status": "completed", "settled_at": "2026-06-18T00:00:00Z"},
	},
	{"payment.unsettled", "The money of a completed payment was not seen on your connected account in time, or its match was undone.", "payment", status("completed")},
	{"payment.refunded", "An amount was refunded to the payer.", "payment_refunded", nil},
	{"payment_link.paid", "A payment of a link was completed. The link's status is paid when that was the last one it takes.", "payment_link_paid", nil},
	{"payment_link.expired", "A payment link reached its expiry.", "payment_link", status("expired")},
	{"payment_link.revoked", "A payment link was revoked.", "payment_link", status("revoked")},
	{"refund.created", "A refund was recorded.", "refund", status("pending")},
	{"refund.pending_sca", "You can be sent to your bank to authorise the refund.", "refund", status("pending_sca")},
	{"refund.stalled", "The bank has not reported the outcome of the refund for a long time.", "refund", status("pending_sca")},
	{"refund.amount_mismatch", "The bank shows a different amount for the refund than requested.", "refund", status("pending_sca")},
	{"refund.completed", "The refund was paid.", "refund", status("completed")},
	{"refund.failed", "The bank rejected the refund.", "refund", status("failed")},
	{"refund.cancelled", "The refund was cancelled.", "refund", status("cancelled")},
	{"subscription.created", "A subscription was recorded.", "subscription", status("pending")},
	{"subscription.pending_sca", "The payer can be sent to the bank to authorise a subscription.", "subscription", status("pending_sca")},
	{"subscription.active", "A subscription is collected from now on.", "subscription", status("active")},
	{
		"subscription.untracked", "The payer's bank executes a subscription and reports nothing further.", "subscription",
		map[string]any{"status": "active", "status_detail": "untracked", "settlement": "untracked"},
	},
	{
		"subscription.replaced", "Another subscription took the place of this one, which ends.", "subscription",
		map[string]any{"status": "active", "replaced_by": "SUB-20260617-5D1A0C77E2B94F31"},
	},
	{"subscription.completed", "The last occurrence of a subscription is decided.", "subscription", status("completed")},
	{
		"subscription.stopped", "A subscription was ended by you, the payer or the bank.", "subscription",
		map[string]any{"status": "stopped", "status_detail": "stopped_at_bank"},
	},
	{"subscription.failed", "The bank or the payer refused a subscription.", "subscription", map[string]any{"status": "failed", "failure_code": "cancelled_by_user"}},
	{"subscription.expired", "Nobody authorised a subscription in time.", "subscription", map[string]any{"status": "expired", "failure_code": "expired"}},
	{
		"subscription.occurrence.due", "Send the payer the payment link of an occurrence. Repeated as a reminder.", "occurrence",
		map[string]any{"payment_link_id": "plink_5d1a0c77e2b94f305d1a0c77", "payment_link_url": "https://pay.example/l/7Fq2mXc9Tb"},
	},
	{"subscription.occurrence.paid", "The money of an occurrence came.", "occurrence", map[string]any{"status": "paid", "evidence": "settlement"}},
	{
		"subscription.occurrence.missed", "The money of an occurrence did not and will not come.", "occurrence",
		map[string]any{"status": "missed", "evidence": "link_expired"},
	},
	{
		"subscription.occurrence.unknown", "Nothing was seen of an occurrence within five bank days.", "occurrence",
		map[string]any{"status": "unknown", "evidence": "no_evidence"},
	},
	{"webhook_endpoint.failing", "A type of event failed ten times in a row at one of your other endpoints. At most once a day.", "endpoint", reason("timeout")},
	{"webhook_endpoint.disabled", "One of your other endpoints was disabled because it failed.", "endpoint", reason("failing")},
	{"receiving_account.consent_expiring", "Your consent to read your bank account ends soon: 14 and 3 days before. Connect it again.", "receiving_account", nil},
	{
		"receiving_account.disconnected", "Your bank account cannot be read any more: the consent has ended. Connect it again.", "receiving_account",
		map[string]any{"status": "disconnected", "reason": "consent_needed"},
	},
	{"order.awaiting_payment", "An order was placed and waits for its payment.", "order", status("awaiting_payment")},
	{"order.received", "An order is paid or accepted: prepare it.", "order", status("received")},
	{"order.preparing", "An order is being prepared.", "order", status("preparing")},
	{"order.ready", "An order is ready.", "order", status("ready")},
	{"order.served", "An order was served.", "order", status("served")},
	{"order.cancelled", "An order was cancelled.", "order", status("cancelled")},
	{"order.expired", "An order was not paid in time.", "order", status("expired")},
	{"order.payment_failed", "The payment of an order failed.", "order", status("payment_failed")},
	{"order.paid_late", "An order was paid after it had ended.", "order", map[string]any{"status": "expired", "paid_late": true}},
	{"order.paid", "An order was paid at the counter.", "order", status("served")},
	{"order.lines_cancelled", "A part of an order was cancelled, or its money given back after it had ended.", "order", cancelledPart},
	{"order.refund_requested", "The refund of what was cancelled of an order was asked for again, or later.", "order", cancelledPart},
	{"product.low_stock", "The stock of a product or variant came down to its threshold.", "stock_alert", nil},
	{"product.sold_out", "The last piece of a product or variant is gone.", "stock_alert", map[string]any{"stock_quantity": 0}},
	{"printer.offline", "A printer of your kitchen has been silent for five minutes.", "printer", nil},
	{"till.closed", "A day, month or year was closed, by hand or by itself.", "closing", nil},
	{"bill.opened", "The first order of a table that pays later opened a bill.", "bill", map[string]any{"paid": 0, "due": 84.5, "tips": 0}},
	{"bill.share.paid", "A guest paid a part of a bill with EU Pay.", "bill_share", nil},
	{"bill.paid", "A bill is paid in full.", "bill", map[string]any{"paid": 84.5, "due": 0}},
	{"bill.closed", "A bill is closed: it was paid, or you closed it.", "bill", map[string]any{"status": "closed", "paid": 84.5, "due": 0}},
	{"reward.earned", "A member got points: by a payment, or as a new member.", "reward", nil},
	{"reward.taken_back", "Points were taken back because a payment was refunded.", "reward", points("taken_back", -29)},
	{"reward.adjusted", "You gave a member points, or took some.", "reward", points("adjusted", 29)},
	{"reward.expired", "Points of a member expired.", "reward", points("expired", -29)},
	{"reward.redeemed", "A redemption was captured: its points are spent.", "reward_redemption", status("captured")},
	{"reward.released", "A redemption was released or has expired: its points can be used again.", "reward_redemption", status("released")},
	{"invoice.created", "An invoice was issued.", "invoice", status("issued")},
	{"invoice.submitted", "An invoice is at the platform.", "invoice", status("submitted")},
	{"invoice.submission_failed", "The platform did not accept an invoice.", "invoice", status("rejected")},
	{"invoice.status_updated", "An invoice reached a new step of its life cycle.", "invoice", status("accepted")},
	{"invoice.payment_received", "A payment of an invoice was recorded.", "invoice_payment", nil},
	{"invoice.paid", "An invoice is paid.", "invoice_payment", status("paid")},
	{"invoice.cancelled", "An invoice was cancelled by a credit note.", "invoice", status("cancelled")},
	{"invoice.credited", "An invoice was credited in part.", "invoice", status("submitted")},
	{"invoice.refunded", "A paid invoice was refunded with a credit note.", "invoice", status("refunded")},
	{"invoice.failed", "An invoice failed permanently.", "invoice", status("failed")},
	{"invoice.received", "A supplier sent you an invoice.", "received_invoice", nil},
	{
		"invoice.answered", "You answered an invoice of a supplier, or the platform refused your answer.", "received_invoice",
		map[string]any{
			"status": "approved", "lifecycle": map[string]any{"code": 205, "label": "Approuvée"},
			"answer": map[string]any{"code": 205, "label": "Approuvée", "reason_code": nil, "state": "sending", "problem": nil},
		},
	},
}

// cancelledPart is one of the two pieces of the example.
var cancelledPart = map[string]any{
	"cancelled_amount": 3.5,
	"cancellation": map[string]any{
		"id": "01977db0-7c35-7a4e-9c53-2f1f3c5f0a15", "amount": 3.5, "restocked": true, "refund_amount": 3.5, "refund_reference": "REF-20260617-0B25921FB72918ED",
		"lines": []any{map[string]any{"position": 0, "product_id": "01977db0-7c35-7a4e-9c53-2f1f3c5f0a14", "name": "Café noisette", "quantity": 1, "amount": 3.5}},
	},
}

func status(is string) map[string]any { return map[string]any{"status": is} }

func points(kind string, n int) map[string]any { return map[string]any{"kind": kind, "points": n} }

func reason(is string) map[string]any { return map[string]any{"reason": is} }

// families hold the schema and an example of data.
//
//go:embed families.json
var families []byte

type family struct {
	Schema  json.RawMessage `json:"schema"`
	Example map[string]any  `json:"example"`
}

// All returns the catalogue.
func All() ([]Type, error) {
	var known map[string]family
	if err := json.Unmarshal(families, &known); err != nil {
		return nil, fmt.Errorf("read families of events: %w", err)
	}
	list := make([]Type, len(entries))
	for i, e := range entries {
		f, ok := known[e.family]
		if !ok {
			return nil, fmt.Errorf("event %s is of no family", e.name)
		}
		t, err := e.with(f)
		if err != nil {
			return nil, fmt.Errorf("describe event %s: %w", e.name, err)
		}
		list[i] = t
	}
	return list, nil
}

func (e entry) with(f family) (Type, error) {
	schema, err := json.Marshal(map[string]any{
		"type": "object", "required": []string{"event", "timestamp", "sequence", "data"},
		"properties": map[string]any{
			"event":     map[string]any{"type": "string", "enum": []string{e.name}},
			"timestamp": map[string]any{"type": "string", "format": "date-time", "description": "When it happened."},
			"sequence":  map[string]any{"type": "integer", "description": "Orders the events about the same object."},
			"data":      f.Schema,
		},
	})
	if err != nil {
		return Type{}, err //nolint:wrapcheck // All says which event
	}
	data := maps.Clone(f.Example)
	maps.Copy(data, e.example)
	example, err := json.Marshal(struct {
		Event     string         `json:"event"`
		Timestamp string         `json:"timestamp"`
		Sequence  int            `json:"sequence"`
		Data      map[string]any `json:"data"`
	}{e.name, "2026-06-17T12:25:30Z", 3, data})
	return Type{Name: e.name, Description: e.description, Default: slices.Contains(byDefault, e.name), Schema: schema, Example: example}, err
}
