package consume

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"european-pay.eu/eupay/internal/events"
)

// The headers of a parked event, beside its own.
const (
	HeaderReason  = "eupay-dlq-reason"
	HeaderSubject = "eupay-dlq-subject"
)

// park puts an event that cannot be applied into the dead-letter stream, with the reason, and only then lets go of it.
func (c *Consumer) park(ctx context.Context, m jetstream.Msg, reason error) {
	if _, err := c.bus.JS.PublishMsg(ctx, DeadLetter(c.cfg.Name, m, reason)); err != nil {
		c.log.Error("event cannot be parked, trying again", "subject", m.Subject(), "error", err)
		c.giveBack(m)
		return
	}
	c.log.Error("event parked in the dead-letter stream", "subject", m.Subject(), "reason", reason)
	c.logIf(m.Term(), "terminate event")
}

// DeadLetter is the message with which a consumer parks m: all that it is, and why.
func DeadLetter(consumer string, m jetstream.Msg, reason error) *nats.Msg {
	dead := nats.NewMsg("eupay.dlq." + consumer + "." + strings.TrimPrefix(m.Subject(), "eupay."))
	dead.Data = m.Data()
	for name, values := range m.Headers() {
		dead.Header[name] = values
	}
	dead.Header.Set(nats.MsgIdHdr, consumer+":"+place(m))
	dead.Header.Set(HeaderReason, strings.ReplaceAll(reason.Error(), "\n", " "))
	dead.Header.Set(HeaderSubject, m.Subject())
	return dead
}

// place names one message in its stream. The same event, sent again by an operator, has another, so that it can be
// parked again.
func place(m jetstream.Msg) string {
	meta, err := m.Metadata()
	if err != nil {
		return m.Subject() + ":" + m.Headers().Get(events.HeaderID)
	}
	return fmt.Sprintf("%s:%d", meta.Stream, meta.Sequence.Stream)
}

func parse(m jetstream.Msg) (Event, error) {
	e, err := events.Parse(m.Subject(), m.Headers(), m.Data())
	if err != nil {
		return Event{}, err
	}
	parsed := Event{Event: e, Replayed: strings.HasPrefix(m.Subject(), "eupay.replay."), Header: m.Headers()}
	if meta, err := m.Metadata(); err == nil && !parsed.Replayed {
		parsed.sequence, parsed.storedAt = meta.Sequence.Stream, meta.Timestamp
	}
	return parsed, nil
}

// Poison marks an error that no further attempt can mend: the event is parked at once. It is for what the event itself says, never for
// what the database, the broker or a setting of this service is to blame for.
func Poison(err error) error { return &poison{err} }

type poison struct{ error }

// Unwrap returns the error that Poison was given.
func (p *poison) Unwrap() error { return p.error }

func isPoison(err error) bool {
	var p *poison
	return errors.As(err, &p)
}
