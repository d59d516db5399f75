package eupay

import "time"

// PushSubscription is a browser that is told of payments.
type PushSubscription struct {
	ID string `json:"id"`
	// Scheme and host only. The whole URL is not shown: with it, anybody could send to the browser.
	PushService string    `json:"push_service"`
	Description string    `json:"description"`
	Livemode    bool      `json:"livemode"`
	CreatedAt   time.Time `json:"created_at"`
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
}

// PushKeys is what messages to the browser are encrypted with.
type PushKeys struct {
	// An uncompressed P-256 point in base64url.
	P256dh string `json:"p256dh"`
	// 16 bytes in base64url.
	Auth string `json:"auth"`
}
