// Package endpoint manages merchants' webhook endpoints: their data, their event types and their storage.
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
	// RateLimit is the maximum number of attempts per second; 0: no limit.
	RateLimit      int32
	Enabled        bool
	DisabledReason string
	Secret         secret.Sealed
	// Old also signs until OldUntil, after a rotation, and alone signs X-EuPay-Signature. Its Data is nil if there is none.
	Old       secret.Sealed
	OldUntil  time.Time
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Rotating reports whether the secret before the last rotation still signs.
func (e Endpoint) Rotating(now time.Time) bool { return e.Old.Data != nil && now.Before(e.OldUntil) }

// All is the event type that subscribes to every event.
const All = "*"

// defaultTypes are the events for endpoints without a list of types.
var defaultTypes = []string{"payment.completed", "payment.failed", "payment.refunded"}

// allTypes are all event types that an endpoint may subscribe to.
var allTypes = append([]string{
	All, "payment.created", "payment.pending_sca", "payment.cancelled", "payment.stalled",
	"payment.amount_mismatch", "payment.late_receipt", "payment.settled", "payment.unsettled", "refund.stalled", "refund.amount_mismatch",
	"refund.created", "refund.pending_sca", "refund.completed", "refund.failed", "refund.cancelled",
	"subscription.created", "subscription.pending_sca", "subscription.active", "subscription.untracked", "subscription.replaced",
	"subscription.completed", "subscription.stopped", "subscription.failed", "subscription.expired",
	"subscription.occurrence.due", "subscription.occurrence.paid", "subscription.occurrence.missed", "subscription.occurrence.unknown",
	"payment_link.paid", "payment_link.expired", "payment_link.revoked",
	"webhook_endpoint.failing", "webhook_endpoint.disabled", "receiving_account.consent_expiring", "receiving_account.disconnected",
	"order.awaiting_payment", "order.received", "order.preparing", "order.ready", "order.served",
	"order.cancelled", "order.expired", "order.payment_failed", "order.paid_late", "order.paid",
	"order.lines_cancelled", "order.refund_requested",
	"product.low_stock", "product.sold_out",
	"printer.offline",
	"till.closed",
	"bill.opened", "bill.share.paid", "bill.paid", "bill.closed",
	"reward.earned", "reward.taken_back", "reward.adjusted", "reward.expired", "reward.redeemed", "reward.released",
	"invoice.created", "invoice.submitted", "invoice.submission_failed", "invoice.status_updated", "invoice.payment_received",
	"invoice.paid", "invoice.cancelled", "invoice.credited", "invoice.refunded", "invoice.failed", "invoice.received", "invoice.answered",
}, defaultTypes...)

// Types returns all event types except the wildcard.
func Types() []string {
	return slices.DeleteFunc(slices.Clone(allTypes), func(t string) bool { return t == All })
}

// Announce returns the type under which an endpoint that subscribed to wanted receives an event, if it does. The API reference's
// default has three events only and counts a payer who declines as payment.failed. Therefore an endpoint that did not subscribe
// to payment.cancelled receives it as payment.failed.
func Announce(wanted []string, eventType string) (as string, ok bool) {
	if len(wanted) == 0 {
		wanted = defaultTypes
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

// SealOwner is what the vault binds an endpoint's secrets to.
func SealOwner(merchant, endpointID string) string {
	return "webhook-secret\x00" + merchant + "\x00" + endpointID
}

// Sealed lists the columns that the vault seals.
func Sealed() []vault.Column {
	of := func(of []string) string { return SealOwner(of[1], of[0]) }
	return []vault.Column{
		{Table: "endpoints", Key: []string{"id"}, Of: []string{"merchant_id"}, KeyID: "key_id", Data: "secret", Owner: of},
		{Table: "endpoints", Key: []string{"id"}, Of: []string{"merchant_id"}, KeyID: "old_key_id", Data: "old_secret", Owner: of},
	}
}
