package eupay

import (
	"encoding/json"
	"time"
)

// Endpoint is where webhooks go.
type Endpoint struct {
	ID          string   `json:"id"`
	Livemode    bool     `json:"livemode"`
	URL         string   `json:"url"`
	Description string   `json:"description"`
	EventTypes  []string `json:"event_types"`
	// The most requests a second; what exceeds it waits. 0: no limit.
	RateLimit int  `json:"rate_limit"`
	Enabled   bool `json:"enabled"`
	// Why it was switched off; absent while enabled. failing: nothing but failures for 5 days. gone: it answered 410. One of
	// by_merchant, failing, gone.
	DisabledReason string         `json:"disabled_reason"`
	Health         EndpointHealth `json:"health"`
	// Until when the secret before the last rotation signs X-EuPay-Signature; none when no rotation is under way.
	OldSecretUntil time.Time `json:"old_secret_until"`
	CreatedAt      time.Time `json:"created_at"`
	UpdatedAt      time.Time `json:"updated_at"`
	// Shown only once.
	Secret Secret `json:"secret"`
}

// EndpointParams is an endpoint to add.
type EndpointParams struct {
	// https; http is accepted in test mode only. It must lead to a public address.
	URL         string `json:"url"`
	Description string `json:"description,omitzero"`
	// The types of event that it gets. Empty: payment.completed, payment.failed and payment.refunded. "*": all. Events.Types lists
	// them.
	EventTypes []string `json:"event_types,omitzero"`
	// The most requests a second; what exceeds it waits. 0: no limit.
	RateLimit int `json:"rate_limit,omitzero"`
}

// EndpointChange is what becomes different about an endpoint; nil: nothing.
type EndpointChange struct {
	URL         *string `json:"url,omitzero"`
	Description *string `json:"description,omitzero"`
	// The types of event that it gets. Empty: payment.completed, payment.failed and payment.refunded. "*": all. Events.Types lists
	// them.
	EventTypes *[]string `json:"event_types,omitzero"`
	// The most requests a second; what exceeds it waits. 0: no limit.
	RateLimit *int  `json:"rate_limit,omitzero"`
	Enabled   *bool `json:"enabled,omitzero"`
}

// EndpointHealth is how an endpoint answered lately.
type EndpointHealth struct {
	// failing: the last attempt failed. open: repetitions of HeldEventTypes are held back until RetryAt. half_open: one of them
	// may try. One of healthy, failing, open, half_open.
	State string `json:"state"`
	// The first failure since the last success.
	FailingSince        time.Time `json:"failing_since"`
	ConsecutiveFailures int       `json:"consecutive_failures"`
	// When the first breaker lets a delivery try; or, when the endpoint asked for it with Retry-After, until when nothing is sent.
	RetryAt time.Time `json:"retry_at"`
	// As error of an attempt; empty when healthy.
	LastError string `json:"last_error"`
	// The types of events whose breakers are open. First attempts and other types are sent as ever.
	HeldEventTypes []string `json:"held_event_types"`
}

// RotationParams is how a secret is replaced.
type RotationParams struct {
	// How long the old secret goes on signing, up to 7 days; 0: not at all.
	OverlapSeconds *int `json:"overlap_seconds,omitzero"`
}

// RecoverParams is what an endpoint missed and gets again.
type RecoverParams struct {
	// Inclusive; not in the future.
	Since time.Time `json:"since"`
	// Only count.
	DryRun bool `json:"dry_run,omitzero"`
}

// BackfillParams is what an endpoint gets of the past.
type BackfillParams struct {
	// Inclusive. Only with DryRun, and needed there.
	Since time.Time `json:"since,omitzero"`
	// Exclusive. Only with DryRun; now when absent.
	Until time.Time `json:"until,omitzero"`
	// Only with DryRun: fewer types than the endpoint asks for.
	EventTypes []string `json:"event_types,omitzero"`
	// Only count.
	DryRun bool `json:"dry_run,omitzero"`
	// That of the dry run; needed without DryRun.
	Token string `json:"token,omitzero"`
}

// Backfilled is what came of a backfill.
type Backfilled struct {
	// How many are sent; of a dry run, how many there are.
	Count int `json:"count"`
	// Others are left: ask again with the same token. Of a dry run: one call will not be enough.
	More   bool `json:"more"`
	DryRun bool `json:"dry_run"`
	// Only of a dry run.
	FirstAt time.Time `json:"first_at"`
	// Only of a dry run.
	LastAt time.Time `json:"last_at"`
	// Confirms the real run. Only of a dry run; good for an hour.
	Token string `json:"token"`
}

// ResendParams says which deliveries are sent again.
type ResendParams struct {
	EndpointID string `json:"endpoint_id,omitzero"`
	// Absent: exhausted and missed.
	Status    DeliveryStatus `json:"status,omitzero"`
	Reference string         `json:"reference,omitzero"`
	EventType string         `json:"event_type,omitzero"`
	// Inclusive.
	CreatedAfter time.Time `json:"created_after,omitzero"`
	// Exclusive.
	CreatedBefore time.Time `json:"created_before,omitzero"`
	// Only count.
	DryRun bool `json:"dry_run,omitzero"`
}

// Redriven is how many deliveries are sent again.
type Redriven struct {
	// How many are sent again; of a dry run, how many match.
	Count int `json:"count"`
	// Others are left, which follow by themselves. Of a dry run: they are more than one answer waits for.
	More   bool `json:"more"`
	DryRun bool `json:"dry_run"`
	// CountIsMinimum says that a dry run found more than Count, which it did not count.
	CountIsMinimum bool `json:"count_is_minimum"`
}

// Delivery is one event on its way to one endpoint.
type Delivery struct {
	ID         string `json:"id"`
	EndpointID string `json:"endpoint_id"`
	// The webhook-id header, the same for every attempt. Events.Get reads the event.
	EventID       string         `json:"event_id"`
	EventType     string         `json:"event_type"`
	Reference     string         `json:"reference"`
	Sequence      int            `json:"sequence"`
	Status        DeliveryStatus `json:"status"`
	AttemptCount  int            `json:"attempt_count"`
	NextAttemptAt time.Time      `json:"next_attempt_at"`
	CreatedAt     time.Time      `json:"created_at"`
	DeliveredAt   time.Time      `json:"delivered_at"`
	// The very text that was signed and sent.
	Body string `json:"body"`
	// Only when a single delivery is read or tested.
	Attempts []Attempt `json:"attempts"`
}

// Attempt is one request to an endpoint.
type Attempt struct {
	// This, DeliveryID, EventType and reference only in the list of an endpoint's attempts.
	ID         string `json:"id"`
	DeliveryID string `json:"delivery_id"`
	EventType  string `json:"event_type"`
	Reference  string `json:"reference"`
	// Goes on when a delivery is sent again.
	Number    int       `json:"number"`
	StartedAt time.Time `json:"started_at"`
	// In milliseconds.
	DurationMS json.Number `json:"duration_ms"`
	// What we sent, without the signatures, which are not kept. webhook-id only when a single delivery is read or tested.
	RequestHeaders map[string]string `json:"request_headers"`
	// 0 when no answer came.
	ResponseStatus int `json:"response_status"`
	// What your server answered, up to 2 KiB, without cookies and credentials. Several values of one name are joined with a comma.
	ResponseHeaders map[string]string `json:"response_headers"`
	// The first 4 KiB of the answer.
	ResponseBody string `json:"response_body"`
	// Why it failed; absent on success. timeout: no answer within 10 seconds. dns: the host name leads to no address. refused:
	// nobody listens at the port. unreachable: no way leads to the address. tls: the certificate or the handshake is wrong. reset:
	// the connection was closed before the answer was complete. malformed: the answer is not HTTP. too_large: its headers have no
	// end. redirect: 3xx, which is not followed. refused_address: the name leads to an address that is not public. status: neither
	// 2xx nor 3xx. unproven: a test failed whose URL is not proven to be yours. connection: anything else. There may be more words
	// one day.
	Error string `json:"error"`
}

// Event is something that happened, as webhooks tell it.
type Event struct {
	// The webhook-id of every delivery of it.
	ID   string `json:"id"`
	Type string `json:"type"`
	// What it is about.
	Reference string `json:"reference"`
	// Your own reference of the payment or invoice.
	MerchantReference string `json:"merchant_reference"`
	// Orders the events about one thing.
	Sequence int `json:"sequence"`
	// When it happened.
	CreatedAt time.Time       `json:"created_at"`
	Body      json.RawMessage `json:"body"`
}

// EventType is a type of event.
type EventType struct {
	Type        string `json:"type"`
	Description string `json:"description"`
	// Endpoints that name no types get it.
	Default bool `json:"default"`
	// A JSON Schema (2020-12) of the webhook's body.
	Schema  json.RawMessage `json:"schema"`
	Example json.RawMessage `json:"example"`
}

// DeliveryStatus is where a delivery stands.
type DeliveryStatus string

// The values of DeliveryStatus.
const (
	DeliveryWaiting   DeliveryStatus = "waiting"
	DeliveryPending   DeliveryStatus = "pending"
	DeliveryDelivered DeliveryStatus = "delivered"
	DeliveryExhausted DeliveryStatus = "exhausted"
	DeliveryMissed    DeliveryStatus = "missed"
	DeliveryCancelled DeliveryStatus = "cancelled"
)
