package consume

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"
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
	dead := nats.NewMsg("eupay.dlq." + c.cfg.Name + "." + strings.TrimPrefix(m.Subject(), "eupay."))
	dead.Data = m.Data()
	for name, values := range m.Headers() {
		dead.Header[name] = values
	}
	dead.Header.Set(nats.MsgIdHdr, c.cfg.Name+":"+place(m))
	dead.Header.Set(HeaderReason, strings.ReplaceAll(reason.Error(), "\n", " "))
	dead.Header.Set(HeaderSubject, m.Subject())
	if _, err := c.bus.JS.PublishMsg(ctx, dead); err != nil {
		c.log.Error("event cannot be parked, trying again", "subject", m.Subject(), "error", err)
		c.giveBack(m)
		return
	}
	c.log.Error("event parked in the dead-letter stream", "subject", m.Subject(), "reason", reason)
	c.logIf(m.Term(), "terminate event")
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
	if err := uuid.Validate(e.ID); err != nil {
		return Event{}, fmt.Errorf("the id of the event on %s is not a UUID: %w", m.Subject(), err)
	}
	return Event{Event: e, Replayed: strings.HasPrefix(m.Subject(), "eupay.replay."), Header: m.Headers()}, nil
}

// isInfrastructure tells trouble with the database or a deadline, which passes, from an event that cannot be applied.
// SQLSTATE classes: 08 connection, 40 rollback (deadlock, serialization), 53 resources, 55 not available, 57 operator
// intervention, 58 system.
func isInfrastructure(err error) bool {
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) {
		switch pgErr.Code[:2] {
		case "08", "40", "53", "55", "57", "58":
			return true
		default:
			return false
		}
	}
	var (
		connectErr *pgconn.ConnectError
		netErr     net.Error
	)
	return errors.As(err, &connectErr) || errors.As(err, &netErr) || strings.Contains(err.Error(), "closed pool") ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) || pgconn.SafeToRetry(err) ||
		strings.Contains(err.Error(), "conn closed") || strings.Contains(err.Error(), "unexpected EOF")
}

// Poison marks an error that no further attempt can mend: the event is parked at once.
func Poison(err error) error { return &poison{err} }

type poison struct{ error }

// Unwrap returns the error that Poison was given.
func (p *poison) Unwrap() error { return p.error }

func isPoison(err error) bool {
	var p *poison
	return errors.As(err, &p)
}
