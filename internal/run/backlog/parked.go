// Package backlog is what consumers of events have before them, and what they gave up on: events that were parked in the stream of dead
// letters. eupayctl works on all of them, each service on its own.
package backlog

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"

	"european-pay.eu/eupay/internal/run/consume"
	"european-pay.eu/eupay/internal/run/events"
)

// Dead is a message that a consumer gave up on.
type Dead struct {
	// Sequence in EUPAY_DLQ.
	Sequence uint64
	ParkedAt time.Time
	Consumer string
	// Subject that it came to the consumer on.
	Subject string
	Reason  string
	// Header as it came, without what was added when it was parked.
	Header nats.Header
	Data   []byte
}

const (
	commandPrefix = "eupay.cmd."
	deadPrefix    = "eupay.dlq."
	replayPrefix  = "eupay.replay."
)

// Read is the message of EUPAY_DLQ with that number.
func Read(sequence uint64, at time.Time, subject string, header nats.Header, data []byte) Dead {
	d := Dead{
		Sequence: sequence, ParkedAt: at.UTC(), Subject: header.Get(consume.HeaderSubject), Reason: header.Get(consume.HeaderReason),
		Header: make(nats.Header), Data: data,
	}
	// eupay.dlq.<consumer>.<the subject without "eupay.">
	consumer, rest, _ := strings.Cut(strings.TrimPrefix(subject, deadPrefix), ".")
	d.Consumer = consumer
	if d.Subject == "" {
		d.Subject = "eupay." + rest
	}
	for name, values := range header {
		if name != consume.HeaderSubject && name != consume.HeaderReason && !IsBrokers(name) {
			d.Header[name] = slices.Clone(values)
		}
	}
	return d
}

// Event is the parked message as an event; an error when it is none that a consumer could apply.
func (d Dead) Event() (events.Event, error) {
	if strings.HasPrefix(d.Subject, commandPrefix) {
		return events.Event{}, errors.New("it is a command")
	}
	e, err := events.Parse(d.Subject, d.Header, d.Data)
	if err == nil {
		err = uuid.Validate(e.ID)
	}
	return e, err
}

// Refusal says why the message cannot go back to its consumer; empty: it can.
func (d Dead) Refusal() string {
	if strings.HasPrefix(d.Subject, commandPrefix) {
		return "it is a command that could not be read. Its sender was told long ago that nothing happened, and may have sent another: " +
			"it must not be carried out now. What the provider knows is read again without it"
	}
	if _, err := d.Event(); err != nil {
		return "it is no event that any consumer can read, and would be parked again"
	}
	return ""
}

// Message is what gives the event back to its consumer.
func (d Dead) Message() (*nats.Msg, error) {
	e, err := d.Event()
	if err != nil {
		return nil, fmt.Errorf("requeue #%d: %w", d.Sequence, err)
	}
	return Again(d.Consumer, d.Subject, d.Header, e, fmt.Sprintf("dlq-%d", d.Sequence)), nil
}

// Again is an event as a message for one consumer, unchanged but for the subject and the id by which the broker drops repeats: with its
// own it could be taken for the original, with this one it cannot come twice in a run.
func Again(consumer, subject string, header nats.Header, e events.Event, run string) *nats.Msg {
	tail := strings.Split(subject, ".")
	m := nats.NewMsg(replayPrefix + consumer + "." + strings.Join(tail[len(tail)-4:], "."))
	m.Data = e.Data
	for name, values := range header {
		if !IsBrokers(name) {
			m.Header[name] = slices.Clone(values)
		}
	}
	m.Header.Set(nats.MsgIdHdr, run+":"+e.ID)
	return m
}

// IsBrokers reports whether a header tells the broker what to do with this one message.
func IsBrokers(name string) bool { return strings.HasPrefix(strings.ToLower(name), "nats-") }
