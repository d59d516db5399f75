package consume

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"european-pay.eu/eupay/internal/run/events"
)

// The additional headers of a parked event.
const (
	HeaderReason  = "eupay-dlq-reason"
	HeaderSubject = "eupay-dlq-subject"
)

// park moves an event that cannot be applied to the dead-letter stream, with the reason, and terminates it only after that.
func (c *Consumer) park(ctx context.Context, m jetstream.Msg, reason error) {
	if _, err := c.bus.JS.PublishMsg(ctx, DeadLetter(c.cfg.Name, m, reason)); err != nil {
		c.log.ErrorContext(ctx, "event not parked, retrying", "subject", m.Subject(), "error", err)
		c.nak(m)
		return
	}
	settled.WithLabelValues(c.cfg.Name, resultParked).Inc()
	c.log.ErrorContext(ctx, "event parked in the dead-letter stream", "subject", m.Subject(), "reason", reason)
	c.logIf(m.Term(), "terminate event")
}

// DeadLetter returns the message with which a consumer parks m: its content, headers and the reason.
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

// place identifies a message by its position in the stream. An event that an operator replays has another position, so it can be
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

// Poison marks an error that a retry cannot fix: the event is parked at once. Use it only if the event itself is wrong, never for
// errors of the database, the broker or the settings.
func Poison(err error) error { return &poison{err} }

type poison struct{ error }

// Unwrap returns the wrapped error.
func (p *poison) Unwrap() error { return p.error }

func isPoison(err error) bool {
	var p *poison
	return errors.As(err, &p)
}
