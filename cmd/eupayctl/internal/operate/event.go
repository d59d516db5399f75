package operate

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/events"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
)

// Event is an event in EUPAY_EVENTS.
type Event struct {
	events.Event
	// Sequence in the stream.
	Sequence uint64
	// StoredAt is when the broker stored it, UTC. Time windows refer to it.
	StoredAt time.Time
	// Subject under which it is stored.
	Subject string
	Header  nats.Header
}

// Filter selects events. The zero value selects all.
type Filter struct {
	// Types are patterns such as "payment.completed", "payment.*" or "*.completed"; one of them must match.
	Types []string
	// Merchant is an id.
	Merchant string
	// Mode is "live" or "test".
	Mode string
	// IDs of single events.
	IDs []string
}

var (
	typePattern = regexp.MustCompile(`^([a-z0-9_]+|\*)\.([a-z0-9_]+|\*)$`)
	oneToken    = regexp.MustCompile(`^[^\s.*>]+$`)
)

// Check refuses, as Invalid, a filter that no event can match.
func (f Filter) Check() error {
	for _, t := range f.Types {
		if !typePattern.MatchString(t) {
			return invalid("%q is no type of event: write it as payment.completed, payment.* or *.completed", t)
		}
	}
	if f.Merchant != "" && !oneToken.MatchString(f.Merchant) {
		return invalid("%q is no merchant's id", f.Merchant)
	}
	if f.Mode != "" && f.Mode != events.Mode(true) && f.Mode != events.Mode(false) {
		return invalid("the mode is live or test, not %q", f.Mode)
	}
	for _, id := range f.IDs {
		if uuid.Validate(id) != nil {
			return invalid("%q is no event's id: ids are UUIDs, as `eupayctl events tail` shows them", id)
		}
	}
	return nil
}

// subject returns what the broker can filter. It does not accept overlapping types.
func (f Filter) subject() string {
	kind := "*.*"
	if len(f.Types) == 1 {
		kind = f.Types[0]
	}
	return fmt.Sprintf("eupay.evt.%s.%s.%s", orAny(f.Mode), kind, orAny(f.Merchant))
}

func orAny(token string) string {
	if token == "" {
		return "*"
	}
	return token
}

// matches checks what the subject cannot express.
func (f Filter) matches(e Event) bool {
	if len(f.IDs) > 0 && !slices.Contains(f.IDs, e.ID) {
		return false
	}
	return len(f.Types) < 2 || slices.ContainsFunc(f.Types, func(pattern string) bool { return subjectMatches(pattern, e.Type) })
}

// subjectMatches reports whether the subject matches the pattern, by the rules of NATS.
func subjectMatches(pattern, subject string) bool {
	want, have := strings.Split(pattern, "."), strings.Split(subject, ".")
	for i, w := range want {
		switch {
		case w == ">":
			return len(have) > i
		case i >= len(have) || w != "*" && w != have[i]:
			return false
		}
	}
	return len(want) == len(have)
}

// Window is a part of the stream. From, a sequence, takes precedence over Since. Zero: no limit.
type Window struct {
	From         uint64
	Since, Until time.Time
}

// Events calls visit with each selected event, oldest first, until it returns false or an error. With follow it waits for new
// ones until ctx ends.
func (o *Operator) Events(ctx context.Context, f Filter, w Window, follow bool, visit func(Event) (bool, error)) error {
	if err := f.Check(); err != nil {
		return err
	}
	return o.events(ctx, f, w, query{follow: follow}, func(e Event, err error) (bool, error) {
		if err != nil {
			return true, nil //nolint:nilerr // not an event: there is nothing to show
		}
		return visit(e)
	})
}

// events passes a message that cannot be read as an event together with the reason.
func (o *Operator) events(ctx context.Context, f Filter, w Window, q query, visit func(Event, error) (bool, error)) error {
	q.stream, q.subject, q.from, q.at = bus.Events, f.subject(), w.From, w.Since
	return o.scan(ctx, q, func(m stored) (bool, error) {
		if !w.Until.IsZero() && m.at.After(w.Until) {
			return false, nil
		}
		e, err := read(m)
		if err == nil && !f.matches(e) {
			return true, nil
		}
		return visit(e, err)
	})
}

func read(m stored) (Event, error) {
	parsed, err := events.Parse(m.subject, m.header, m.data)
	return Event{Event: parsed, Sequence: m.seq, StoredAt: m.at, Subject: m.subject, Header: m.header}, err
}

const (
	// the maximum difference between the clocks of the service and the broker.
	clockSkew = 5 * time.Minute
	// showBack is how far EventByID looks back for an id that contains no time.
	showBack = 24 * time.Hour
)

// EventByID returns the event with the id. since is where to start; zero: the time in the id (a UUIDv7), or a day ago.
func (o *Operator) EventByID(ctx context.Context, id string, since, now time.Time) (Event, error) {
	f := Filter{IDs: []string{id}}
	if err := f.Check(); err != nil {
		return Event{}, err
	}
	if since.IsZero() {
		since = bornAt(id, now.Add(-showBack))
	}
	var found uint64
	err := o.events(ctx, f, Window{Since: since}, query{headersOnly: true}, func(e Event, err error) (bool, error) {
		if err != nil {
			return true, nil //nolint:nilerr // not an event, so not this one
		}
		found = e.Sequence
		return false, nil
	})
	if err != nil {
		return Event{}, err
	}
	if found == 0 {
		return Event{}, fmt.Errorf("no event %s was stored since %s: check the id, or look further back with --since", id, since.Format(time.RFC3339))
	}
	return o.EventAt(ctx, found)
}

// bornAt returns a time shortly before that in a UUIDv7, or otherwise.
func bornAt(id string, otherwise time.Time) time.Time {
	u, err := uuid.Parse(id)
	if err != nil || u.Version() != 7 {
		return otherwise
	}
	sec, nsec := u.Time().UnixTime()
	return time.Unix(sec, nsec).UTC().Add(-clockSkew)
}

// EventAt returns the event at a sequence of the stream.
func (o *Operator) EventAt(ctx context.Context, sequence uint64) (Event, error) {
	m, err := o.message(ctx, bus.Events, sequence)
	if err != nil {
		return Event{}, err
	}
	e, err := read(m)
	if err != nil {
		return Event{}, fmt.Errorf("read #%d: %w", sequence, err)
	}
	return e, nil
}

// Summary is the summary of an event's payload.
type Summary struct {
	// Reference of its subject: a payment, a refund, a webhook endpoint, an invoice.
	Reference string
	Status    string
	// Sequence counts the events of that subject; 0 if they are not counted.
	Sequence int64
}

// Summary decodes the payload. Unknown types have an empty summary.
func (e Event) Summary() Summary {
	switch p := e.payload().(type) {
	case *eventsv1.PaymentChanged:
		return Summary{Reference: p.GetPayment().GetReference(), Status: p.GetPayment().GetStatus(), Sequence: p.GetPayment().GetSequence()}
	case *eventsv1.WebhookEndpointChanged:
		return Summary{Reference: p.GetEndpointId(), Status: p.GetReason(), Sequence: p.GetSequence()}
	case *eventsv1.InvoiceChanged:
		return Summary{Reference: p.GetInvoice().GetNumber(), Status: p.GetInvoice().GetStatus(), Sequence: p.GetInvoice().GetSequence()}
	default:
		return Summary{}
	}
}

// Payload returns the body as JSON; nil if its type is unknown or it cannot be decoded.
func (e Event) Payload() json.RawMessage {
	p := e.payload()
	if p == nil {
		return nil
	}
	text, err := protojson.Marshal(p)
	if err != nil {
		return nil
	}
	return text
}

func (e Event) payload() proto.Message {
	var p proto.Message
	aggregate, _, _ := strings.Cut(e.Type, ".")
	switch aggregate {
	case "payment", "refund":
		p = &eventsv1.PaymentChanged{}
	case "merchant":
		p = &eventsv1.MerchantChanged{}
	case "webhook_endpoint":
		p = &eventsv1.WebhookEndpointChanged{}
	case "receiving_account":
		p = &eventsv1.ReceivingAccountChanged{}
	case "invoice":
		p = &eventsv1.InvoiceChanged{}
	default:
		return nil
	}
	if proto.Unmarshal(e.Data, p) != nil {
		return nil
	}
	return p
}
