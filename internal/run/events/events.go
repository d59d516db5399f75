// Package events names the subjects and headers of the event backbone: CloudEvents 1.0 in message headers, protobuf in
// the body.
package events

import (
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
)

// The headers of every event and command.
const (
	HeaderSpec        = "ce-specversion"
	HeaderID          = "ce-id"
	HeaderType        = "ce-type"
	HeaderSource      = "ce-source"
	HeaderTime        = "ce-time"
	HeaderTraceparent = "traceparent"
	HeaderRequestID   = "eupay-request-id"
	// HeaderReply is the subject for a command's replies (plain NATS); HeaderExpires is when its sender stops waiting.
	HeaderReply   = "eupay-reply"
	HeaderExpires = "eupay-expires"
)

// Event is a fact about one aggregate, as stored in the outbox and published by the relay.
type Event struct {
	ID        string // UUIDv7; the Nats-Msg-Id and the inbox key
	Type      string // "<aggregate>.<what>", e.g. "payment.completed"
	Source    string // the service that owns the fact, e.g. "payments"
	Merchant  string
	Livemode  bool
	Time      time.Time // UTC
	Trace     string    // W3C traceparent; may be empty
	RequestID string
	Data      []byte // a protobuf message of proto/eupay/events/v1
}

// NewID returns a time-ordered unique id.
func NewID() string { return uuid.Must(uuid.NewV7()).String() }

// Subject returns eupay.evt.<live|test>.<aggregate>.<what>.<merchant>.
func (e Event) Subject() string {
	return fmt.Sprintf("eupay.evt.%s.%s.%s", Mode(e.Livemode), SubjectOf(e.Type), e.Merchant)
}

// SubjectOf returns the two words that a type has in subjects: payment.completed as it is, and subscription.occurrence_paid for
// subscription.occurrence.paid.
func SubjectOf(eventType string) string {
	aggregate, what, _ := strings.Cut(eventType, ".")
	return aggregate + "." + strings.ReplaceAll(what, ".", "_")
}

// Mode returns "live" or "test".
func Mode(live bool) string {
	if live {
		return "live"
	}
	return "test"
}

// Message returns the message for the event on subject.
func (e Event) Message(subject string) *nats.Msg {
	m := nats.NewMsg(subject)
	m.Data = e.Data
	m.Header.Set(nats.MsgIdHdr, e.ID)
	m.Header.Set(HeaderSpec, "1.0")
	m.Header.Set(HeaderID, e.ID)
	m.Header.Set(HeaderType, e.Type)
	m.Header.Set(HeaderSource, e.Source)
	m.Header.Set(HeaderTime, e.Time.UTC().Format(time.RFC3339Nano))
	if e.Trace != "" {
		m.Header.Set(HeaderTraceparent, e.Trace)
	}
	if e.RequestID != "" {
		m.Header.Set(HeaderRequestID, e.RequestID)
	}
	return m
}

// Parse decodes an event from a message on eupay.evt.> or, with the same tail, on eupay.replay.<consumer>.>. The id is normalised
// to lower case without braces.
func Parse(subject string, h nats.Header, data []byte) (Event, error) {
	e := Event{
		ID: h.Get(HeaderID), Type: h.Get(HeaderType), Source: h.Get(HeaderSource),
		Trace: h.Get(HeaderTraceparent), RequestID: h.Get(HeaderRequestID), Data: data,
	}
	at, err := time.Parse(time.RFC3339Nano, h.Get(HeaderTime))
	if err != nil || e.ID == "" || e.Type == "" {
		return Event{}, fmt.Errorf("message on %s has no CloudEvents headers", subject)
	}
	id, err := uuid.Parse(e.ID)
	if err != nil {
		return Event{}, fmt.Errorf("the id of the message on %s is not a UUID: %w", subject, err)
	}
	e.Time, e.ID = at, id.String() // a UUID has several spellings, and inboxes compare text
	tokens := strings.Split(subject, ".")
	if len(tokens) < 6 {
		return Event{}, fmt.Errorf("subject %s has too few tokens", subject)
	}
	tail := tokens[len(tokens)-4:] // <mode>.<aggregate>.<what>.<merchant>
	e.Livemode, e.Merchant = tail[0] == "live", tail[3]
	return e, nil
}
