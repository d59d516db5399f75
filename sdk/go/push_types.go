package eupay

import "time"

// PushEventType is a kind of event that a browser is told of.
type PushEventType string

// The kinds of event.
const (
	PushPaymentCompleted PushEventType = "payment.completed"
	PushPaymentFailed    PushEventType = "payment.failed"
	PushPaymentRefunded  PushEventType = "payment.refunded"
	// A customer has refused an invoice, or a platform has rejected it.
	PushInvoiceRejected PushEventType = "invoice.rejected"
	// An endpoint of webhooks fails, or was disabled.
	PushEndpointFailing PushEventType = "webhook_endpoint.failing"
	// The kitchen has an order.
	PushOrderReceived PushEventType = "order.received"
)

// PushSubscription is a browser that is told of payments.
type PushSubscription struct {
	ID string `json:"id"`
	// Scheme and host only. The whole URL is not shown: with it, anybody could send to the browser.
	PushService string `json:"push_service"`
	Description string `json:"description"`
	Livemode    bool   `json:"livemode"`
	// What it is told of.
	EventTypes []PushEventType `json:"event_types"`
	// Of its messages: en or fr.
	Language  string    `json:"language"`
	CreatedAt time.Time `json:"created_at"`
	// When the push service last took a message.
	LastDeliveredAt time.Time `json:"last_delivered_at"`
}

// PushParams is a browser to tell of payments.
type PushParams struct {
	// The https URL that the browser's push service gave it.
	Endpoint string `json:"endpoint"`
	// Taken as the browser sends it; not kept.
	ExpirationTime int      `json:"expirationTime,omitzero"`
	Keys           PushKeys `json:"keys"`
	// To tell your browsers apart.
	Description string `json:"description,omitzero"`
	// True for live payments, False for test payments.
	Livemode bool `json:"livemode,omitzero"`
	// What it is told of. nil: what it was told of before, and for a new browser completed payments, refunds and failing endpoints.
	EventTypes []PushEventType `json:"event_types,omitzero"`
	// Of its messages, en or fr. Empty: the one that the request asks for, else English.
	Language string `json:"language,omitzero"`
}

// PushChange is what becomes different about a browser; nil and empty: nothing.
type PushChange struct {
	EventTypes []PushEventType `json:"event_types,omitzero"`
	Language   string          `json:"language,omitzero"`
}

// PushKeys is what messages to the browser are encrypted with.
type PushKeys struct {
	// An uncompressed P-256 point in base64url.
	P256dh string `json:"p256dh"`
	// 16 bytes in base64url.
	Auth string `json:"auth"`
}
