package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"european-pay.eu/eupay/cmd/eupayctl/internal/operate"
	"european-pay.eu/eupay/internal/run/events"
)

// filterFlags select events.
type filterFlags struct {
	Merchant string `placeholder:"ID" help:"Only of this merchant."`
	Mode     string `enum:"live,test," default:"" placeholder:"live|test" help:"Only live or test."`
}

type tailCommand struct {
	filterFlags
	Since  string   `default:"1h" placeholder:"TIME" help:"Begin there: RFC 3339, or how long ago, as 90m, 36h, 7d. Default: 1h."`
	Type   []string `placeholder:"TYPE" help:"Only of these types: payment.completed, payment.*, *.failed."`
	Follow bool     `short:"f" help:"Go on with new events until Ctrl-C."`
}

// Run lists events.
func (c *tailCommand) Run(t *tool) error {
	since, err := moment("--since", c.Since, t.now())
	if err != nil {
		return err
	}
	f := operate.Filter{Types: c.Type, Merchant: c.Merchant, Mode: c.Mode}
	if err := f.Check(); err != nil {
		return err
	}
	o, done, err := t.operator()
	if err != nil {
		return err
	}
	defer done()
	if !t.json() {
		if err := eventRow(t.out, "TIME", "ID", "TYPE", "MODE", "MERCHANT", "REFERENCE", "STATUS", "SEQ", "STREAM"); err != nil {
			return err
		}
	}
	err = o.Events(t.ctx, f, operate.Window{Since: since}, c.Follow, func(e operate.Event) (bool, error) {
		return true, t.event(e)
	})
	if t.ctx.Err() != nil && c.Follow {
		return nil // Ctrl-C is the regular end of following
	}
	return err
}

// eventView is an event as one line of JSON.
type eventView struct {
	Time      time.Time `json:"time"`
	ID        string    `json:"id"`
	Type      string    `json:"type"`
	Mode      string    `json:"mode"`
	Merchant  string    `json:"merchant"`
	Reference string    `json:"reference,omitempty"`
	Status    string    `json:"status,omitempty"`
	Sequence  int64     `json:"sequence,omitempty"`
	// Stream is the sequence in the stream.
	Stream   uint64      `json:"stream_sequence,omitempty"`
	StoredAt time.Time   `json:"stored_at"`
	Subject  string      `json:"subject,omitempty"`
	Header   nats.Header `json:"headers,omitempty"`
	// Payload, or the body in base64 if it cannot be decoded.
	Payload json.RawMessage `json:"payload,omitempty"`
	Body    []byte          `json:"body,omitempty"`
}

func view(e operate.Event) eventView {
	s := e.Summary()
	return eventView{
		Time: e.Time.UTC(), ID: e.ID, Type: e.Type, Mode: events.Mode(e.Livemode), Merchant: e.Merchant,
		Reference: s.Reference, Status: s.Status, Sequence: s.Sequence, Stream: e.Sequence, StoredAt: e.StoredAt,
	}
}

// event writes one line.
func (t *tool) event(e operate.Event) error {
	v := view(e)
	if t.json() {
		return t.object(v)
	}
	sequence := "-"
	if v.Sequence > 0 {
		sequence = strconv.FormatInt(v.Sequence, 10)
	}
	return eventRow(t.out, clock(v.Time), v.ID, v.Type, v.Mode, v.Merchant, v.Reference, v.Status, sequence, "#"+strconv.FormatUint(v.Stream, 10))
}

// eventRow has fixed widths, because lines are printed as they arrive.
func eventRow(w io.Writer, columns ...string) error {
	args := make([]any, len(columns))
	for i, c := range columns {
		args[i] = orDash(line(c))
	}
	_, err := fmt.Fprintf(w, "%-24s  %-36s  %-26s  %-4s  %-36s  %-29s  %-11s  %3s  %s\n", args...)
	return err
}

type showCommand struct {
	ID    string `arg:"" help:"The event's id, or its sequence in the stream, as #123."`
	Since string `placeholder:"TIME" help:"Where to begin to search. Default: the time that the id holds, or 24 hours ago."`
}

// Run shows one event.
func (c *showCommand) Run(t *tool) error {
	since, err := moment("--since", c.Since, t.now())
	if err != nil {
		return err
	}
	number, isNumber := strings.CutPrefix(c.ID, "#")
	var sequence uint64
	if isNumber {
		if sequence, err = sequenceOf(number); err != nil {
			return err
		}
	}
	o, done, err := t.operator()
	if err != nil {
		return err
	}
	defer done()
	var e operate.Event
	if isNumber {
		e, err = o.EventAt(t.ctx, sequence)
	} else {
		e, err = o.EventByID(t.ctx, strings.ToLower(c.ID), since, t.now())
	}
	if err != nil {
		return err
	}
	return t.detail(e)
}

func sequenceOf(text string) (uint64, error) {
	n, err := strconv.ParseUint(strings.TrimPrefix(text, "#"), 10, 64)
	if err != nil || n == 0 {
		return 0, operate.Invalid(text + " is no sequence: write a number from 1, as 123")
	}
	return n, nil
}

// detail prints an event with all its data.
func (t *tool) detail(e operate.Event) error {
	v := view(e)
	v.Subject, v.Header, v.Payload = e.Subject, e.Header, e.Payload()
	if v.Payload == nil {
		v.Body = e.Data
	}
	if t.json() {
		return t.object(v)
	}
	w := t.table("id", v.ID)
	row(w, "type", line(v.Type))
	row(w, "time", clock(v.Time))
	row(w, "mode", v.Mode)
	row(w, "merchant", line(v.Merchant))
	if v.Stream > 0 {
		row(w, "stream", "#"+strconv.FormatUint(v.Stream, 10)+", stored "+clock(v.StoredAt))
	}
	row(w, "subject", line(v.Subject))
	headers(w, e.Header)
	if err := w.Flush(); err != nil {
		return err
	}
	return t.body(v.Payload, e.Data)
}

func headers(w io.Writer, h nats.Header) {
	for _, name := range slices.Sorted(maps.Keys(h)) {
		row(w, line(name), line(strings.Join(h[name], ", ")))
	}
}

// body prints a payload as JSON, or the bytes in base64.
func (t *tool) body(payload json.RawMessage, data []byte) error {
	if payload == nil {
		_, err := fmt.Fprintf(t.out, "\n%d bytes that cannot be read as an event, in base64:\n%s\n", len(data), base64.StdEncoding.EncodeToString(data))
		return err
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, payload, "", "  "); err != nil {
		return fmt.Errorf("write the payload: %w", err)
	}
	_, err := fmt.Fprintf(t.out, "\n%s\n", printable(pretty.String()))
	return err
}
