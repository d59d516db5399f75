// Package endpoint holds merchants' webhook endpoints: what they are, which events they get, and where they are kept.
package endpoint

import (
	"slices"
	"time"

	"european-pay.eu/eupay/internal/vault"
	"european-pay.eu/eupay/services/webhooks/internal/secret"
)

// Endpoint is a merchant's webhook endpoint in one mode.
type Endpoint struct {
	ID          string
	Merchant    string
	Livemode    bool
	URL         string
	Description string
	EventTypes  []string
	// RateLimit is the most attempts a second; 0: no limit.
	RateLimit      int32
	Enabled        bool
	DisabledReason string
	Secret         secret.Sealed
	// Old signs too until OldUntil, after a rotation, and alone the documented header. Without one its Data is nil.
	Old       secret.Sealed
	OldUntil  time.Time
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Rotating reports whether the secret before the last rotation signs too.
func (e Endpoint) Rotating(now time.Time) bool { return e.Old.Data != nil && now.Before(e.OldUntil) }

// All is the event type that stands for every event.
const All = "*"

// documented events go to endpoints that name no type.
var documented = []string{"payment.completed", "payment.failed", "payment.refunded"}

// known is every event type that an endpoint may ask for.
var known = append([]string{
	All, "payment.created", "payment.pending_sca", "payment.cancelled", "payment.stalled",
	"payment.amount_mismatch", "payment.late_receipt", "refund.stalled", "refund.amount_mismatch",
	"refund.created", "refund.pending_sca", "refund.completed", "refund.failed", "refund.cancelled",
	"webhook_endpoint.failing", "webhook_endpoint.disabled",
	"order.awaiting_payment", "order.received", "order.preparing", "order.ready", "order.served",
	"order.cancelled", "order.expired", "order.payment_failed", "order.paid_late",
	"invoice.created", "invoice.submitted", "invoice.submission_failed", "invoice.status_updated", "invoice.payment_received",
	"invoice.paid", "invoice.cancelled", "invoice.credited", "invoice.refunded", "invoice.failed",
}, documented...)

// Types are all types of events but the one that stands for all.
func Types() []string {
	return slices.DeleteFunc(slices.Clone(known), func(t string) bool { return t == All })
}

// Announce tells under which type an endpoint that asked for wanted hears of an event, if it does. The documents name
// three events only and count a payer who declines as payment.failed; therefore an endpoint that did not ask for
// payment.cancelled hears of it as payment.failed.
func Announce(wanted []string, eventType string) (as string, ok bool) {
	if len(wanted) == 0 {
		wanted = documented
	}
	switch {
	case slices.Contains(wanted, eventType), slices.Contains(wanted, All):
		return eventType, true
	case eventType == "payment.cancelled" && slices.Contains(wanted, "payment.failed"):
		return "payment.failed", true
	default:
		return "", false
	}
}

// SealOwner is what an endpoint's secrets are bound to in the vault.
func SealOwner(merchant, endpointID string) string {
	return "webhook-secret\x00" + merchant + "\x00" + endpointID
}

// Sealed are the columns that the vault has sealed.
func Sealed() []vault.Column {
	of := func(of []string) string { return SealOwner(of[1], of[0]) }
	return []vault.Column{
		{Table: "endpoints", Key: []string{"id"}, Of: []string{"merchant_id"}, KeyID: "key_id", Data: "secret", Owner: of},
		{Table: "endpoints", Key: []string{"id"}, Of: []string{"merchant_id"}, KeyID: "old_key_id", Data: "old_secret", Owner: of},
	}
}
