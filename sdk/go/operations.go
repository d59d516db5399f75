package eupay

import (
	"context"
	"net/http"
	"time"
)

// Operations is what admins see of the running platform. It takes an admin's login.
type Operations struct{ c *caller }

const operationsPath = "/admin/operations"

// StalledPayments are payments and refunds that have had no news for longer than expected, the longest first.
func (s Operations) StalledPayments(ctx context.Context) (*StalledPayments, error) {
	return get[StalledPayments](ctx, s.c, call{method: http.MethodGet, path: operationsPath + "/payments"})
}

// TroubledEndpoints are webhook endpoints that do not take their events.
func (s Operations) TroubledEndpoints(ctx context.Context) (*TroubledEndpoints, error) {
	return get[TroubledEndpoints](ctx, s.c, call{method: http.MethodGet, path: operationsPath + "/webhooks"})
}

// Transmissions are what goes to the e-invoicing platforms.
func (s Operations) Transmissions(ctx context.Context) (*Transmissions, error) {
	return get[Transmissions](ctx, s.c, call{method: http.MethodGet, path: operationsPath + "/transmissions"})
}

// Streams are the streams of the event backbone and the consumers behind them.
func (s Operations) Streams(ctx context.Context) (*Streams, error) {
	return get[Streams](ctx, s.c, call{method: http.MethodGet, path: operationsPath + "/streams"})
}

// DeadLetters are events that consumers gave up on, the oldest first.
func (s Operations) DeadLetters(ctx context.Context) (*DeadLetters, error) {
	return get[DeadLetters](ctx, s.c, call{method: http.MethodGet, path: operationsPath + "/dead-letters"})
}

// Requeue gives an event back to the consumer that gave up on it. It takes a fresh proof: see Auth.StepUp.
func (s Operations) Requeue(ctx context.Context, sequence string) (*DeadLetter, error) {
	return get[DeadLetter](ctx, s.c, call{method: http.MethodPost, path: operationsPath + "/dead-letters/{}/requeue", ids: []string{sequence}})
}

// StalledPayments is a list that is cut; Total is how many there are.
type StalledPayments struct {
	Data  []StalledPayment `json:"data"`
	Total int              `json:"total"`
}

// StalledPayment is a payment or refund without news.
type StalledPayment struct {
	Reference string `json:"reference"`
	// One of payment, refund.
	Kind       string `json:"kind"`
	MerchantID string `json:"merchant_id"`
	Livemode   bool   `json:"livemode"`
	Amount     Amount `json:"amount"`
	Status     string `json:"status"`
	// As status_detail of a payment.
	Detail string `json:"detail"`
	// The bank's own word; empty when it does not know the payment.
	ProviderState string    `json:"provider_state"`
	CreatedAt     time.Time `json:"created_at"`
	UpdatedAt     time.Time `json:"updated_at"`
	StalledAt     time.Time `json:"stalled_at"`
	// When the bank is asked again.
	NextCheckAt time.Time `json:"next_check_at"`
}

// TroubledEndpoints is a list that is cut; Total is how many there are.
type TroubledEndpoints struct {
	Data  []TroubledEndpoint `json:"data"`
	Total int                `json:"total"`
}

// TroubledEndpoint is a webhook endpoint that does not take its events.
type TroubledEndpoint struct {
	ID         string `json:"id"`
	MerchantID string `json:"merchant_id"`
	Livemode   bool   `json:"livemode"`
	Origin     string `json:"origin"`
	Enabled    bool   `json:"enabled"`
	// failing or gone; empty while enabled.
	DisabledReason      string    `json:"disabled_reason"`
	ConsecutiveFailures int       `json:"consecutive_failures"`
	FailingSince        time.Time `json:"failing_since"`
	LastError           string    `json:"last_error"`
	WaitingDeliveries   int       `json:"waiting_deliveries"`
}

// Transmissions is what goes to the e-invoicing platforms.
type Transmissions struct {
	Counts   []TransmissionCount   `json:"counts"`
	Troubles []TransmissionTrouble `json:"troubles"`
}

// TransmissionCount is how many of a kind are in a state.
type TransmissionCount struct {
	Livemode bool `json:"livemode"`
	// One of document, collection, report.
	Kind string `json:"kind"`
	// waiting, sent or stopped.
	State    string    `json:"state"`
	Count    int       `json:"count"`
	OldestAt time.Time `json:"oldest_at"`
}

// TransmissionTrouble is one that failed.
type TransmissionTrouble struct {
	Livemode bool   `json:"livemode"`
	Kind     string `json:"kind"`
	// The number of the document, or the report's period.
	What          string    `json:"what"`
	MerchantID    string    `json:"merchant_id"`
	State         string    `json:"state"`
	Attempts      int       `json:"attempts"`
	Error         string    `json:"error"`
	NextAttemptAt time.Time `json:"next_attempt_at"`
}

// Streams is the state of the event backbone.
type Streams struct {
	Streams   []EventStream   `json:"streams"`
	Consumers []EventConsumer `json:"consumers"`
	// Services that did not answer.
	Unreachable []string `json:"unreachable"`
}

// EventStream is one stream.
type EventStream struct {
	Name     string    `json:"name"`
	Missing  bool      `json:"missing"`
	Messages int       `json:"messages"`
	Bytes    int       `json:"bytes"`
	OldestAt time.Time `json:"oldest_at"`
	NewestAt time.Time `json:"newest_at"`
}

// EventConsumer is a durable consumer of a stream.
type EventConsumer struct {
	Service string `json:"service"`
	Stream  string `json:"stream"`
	Name    string `json:"name"`
	Missing bool   `json:"missing"`
	// Messages that wait for it.
	Lag            int       `json:"lag"`
	Unacknowledged int       `json:"unacknowledged"`
	Redelivered    int       `json:"redelivered"`
	LastActivityAt time.Time `json:"last_activity_at"`
}

// DeadLetters is what consumers gave up on.
type DeadLetters struct {
	Data []DeadLetter `json:"data"`
	// Services that did not answer.
	Unreachable []string `json:"unreachable"`
}

// DeadLetter is an event that a consumer gave up on.
type DeadLetter struct {
	Sequence string    `json:"sequence"`
	Service  string    `json:"service"`
	Consumer string    `json:"consumer"`
	ParkedAt time.Time `json:"parked_at"`
	Subject  string    `json:"subject"`
	// Why the consumer gave up.
	Reason     string `json:"reason"`
	EventID    string `json:"event_id"`
	EventType  string `json:"event_type"`
	MerchantID string `json:"merchant_id"`
	Livemode   bool   `json:"livemode"`
	// Why it cannot be given back; empty: it can.
	Refusal string `json:"refusal"`
}
