package main

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"

	"european-pay.eu/eupay/cmd/eupayctl/internal/operate"
	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/events"
)

type deadListCommand struct {
	Consumer string `placeholder:"NAME" help:"Only what this consumer gave up on."`
}

// deadView is a parked message in JSON.
type deadView struct {
	Sequence uint64          `json:"sequence"`
	ParkedAt time.Time       `json:"parked_at"`
	Consumer string          `json:"consumer"`
	Subject  string          `json:"subject"`
	ID       string          `json:"id,omitempty"`
	Type     string          `json:"type,omitempty"`
	Reason   string          `json:"reason"`
	Header   nats.Header     `json:"headers,omitempty"`
	Payload  json.RawMessage `json:"payload,omitempty"`
	Body     []byte          `json:"body,omitempty"`
	// Requeued and Refused are the result of requeue, or of its plan.
	Requeued *bool  `json:"requeued,omitempty"`
	Refused  string `json:"refused,omitempty"`
}

func viewDead(d operate.Dead) deadView {
	return deadView{
		Sequence: d.Sequence, ParkedAt: d.ParkedAt, Consumer: d.Consumer, Subject: d.Subject, Reason: d.Reason,
		ID: d.Header.Get(events.HeaderID), Type: d.Header.Get(events.HeaderType),
	}
}

// Run lists dead letters.
func (c *deadListCommand) Run(t *tool) error {
	o, done, err := t.operator()
	if err != nil {
		return err
	}
	defer done()
	w := t.list("SEQ", "PARKED", "CONSUMER", "TYPE", "ID", "REASON")
	err = o.DeadLetters(t.ctx, c.Consumer, func(d operate.Dead) (bool, error) {
		v := viewDead(d)
		if t.json() {
			return true, t.object(v)
		}
		row(w, strconv.FormatUint(v.Sequence, 10), clock(v.ParkedAt), line(v.Consumer), what(v), orDash(line(v.ID)), line(v.Reason))
		return true, nil
	})
	if err != nil {
		return err
	}
	return w.Flush()
}

// what returns the type of an event, or the subject of a command.
func what(v deadView) string {
	if v.Type != "" {
		return line(v.Type)
	}
	return line(v.Subject)
}

type deadShowCommand struct {
	Sequence string `arg:"" name:"seq" help:"Its number, as dlq list shows it."`
}

// Run shows one dead letter.
func (c *deadShowCommand) Run(t *tool) error {
	sequence, err := sequenceOf(c.Sequence)
	if err != nil {
		return err
	}
	o, done, err := t.operator()
	if err != nil {
		return err
	}
	defer done()
	d, err := o.DeadLetter(t.ctx, sequence)
	if err != nil {
		return err
	}
	v := viewDead(d)
	v.Header = d.Header
	if e, err := d.Event(); err == nil {
		v.Payload = e.Payload()
	}
	if t.json() {
		if v.Payload == nil {
			v.Body = d.Data
		}
		return t.object(v)
	}
	w := t.table("sequence", strconv.FormatUint(v.Sequence, 10))
	row(w, "parked", clock(v.ParkedAt))
	row(w, "consumer", line(v.Consumer))
	row(w, "subject", line(v.Subject))
	row(w, "reason", line(v.Reason))
	headers(w, d.Header)
	if err := w.Flush(); err != nil {
		return err
	}
	return t.body(v.Payload, d.Data)
}

type requeueCommand struct {
	Sequences []string `arg:"" optional:"" name:"seq" help:"Numbers as dlq list shows them."`
	All       bool     `help:"All that --consumer gave up on so far."`
	Consumer  string   `placeholder:"NAME" help:"Whose messages. Required with --all."`
	Do        bool     `name:"run" help:"Do it. Without this nothing is moved."`
}

// Help is shown under the summary.
func (*requeueCommand) Help() string {
	return "An event leaves EUPAY_DLQ only after NATS has stored it for its consumer. Mend the reason first, or it is parked again. Commands are never requeued."
}

func (c *requeueCommand) requeue() (operate.Requeue, error) {
	q := operate.Requeue{Consumer: c.Consumer}
	switch {
	case c.All && len(c.Sequences) > 0:
		return q, operate.Invalid("--all and single numbers exclude each other")
	case c.All && c.Consumer == "":
		return q, operate.Invalid("--all needs --consumer: say whose messages")
	case !c.All && len(c.Sequences) == 0:
		return q, operate.Invalid("say which: numbers as `eupayctl dlq list` shows them, or --all with --consumer")
	}
	for _, text := range c.Sequences {
		sequence, err := sequenceOf(text)
		if err != nil {
			return q, err
		}
		q.Sequences = append(q.Sequences, sequence)
	}
	return q, nil
}

// Run moves dead letters back, or lists which it would move.
func (c *requeueCommand) Run(t *tool) error {
	q, err := c.requeue()
	if err != nil {
		return err
	}
	o, done, err := t.operator()
	if err != nil {
		return err
	}
	defer done()
	plan, err := o.PlanRequeue(t.ctx, q)
	if err != nil {
		return err
	}
	if !c.Do {
		if err := t.requeued(plan, 0); err != nil {
			return err
		}
		t.say("Nothing was moved. To do it, add --run.")
		return refusals(plan)
	}
	moved, runErr := o.RequeueDead(t.ctx, plan)
	if err := t.requeued(plan, moved); err != nil {
		return err
	}
	if runErr != nil {
		return fmt.Errorf("%d went back; then: %w", moved, runErr)
	}
	return refusals(plan)
}

// requeued prints the plan, of which the first moved messages (not counting refused ones) went back.
func (t *tool) requeued(plan []operate.Requeued, moved int) error {
	w := t.list("SEQ", "CONSUMER", "TYPE", "ID", "RESULT")
	for _, p := range plan {
		v := viewDead(p.Dead)
		went := p.Refused == "" && moved > 0
		result := "would go back"
		switch {
		case p.Refused != "":
			result = "stays: " + p.Refused
		case went:
			result = "went back"
			moved--
		}
		if !t.json() {
			row(w, strconv.FormatUint(v.Sequence, 10), line(v.Consumer), what(v), orDash(line(v.ID)), result)
			continue
		}
		v.Requeued, v.Refused = &went, p.Refused
		if err := t.object(v); err != nil {
			return err
		}
	}
	return w.Flush()
}

func refusals(plan []operate.Requeued) error {
	n := 0
	for _, p := range plan {
		if p.Refused != "" {
			n++
		}
	}
	if n > 0 {
		return fmt.Errorf("%d of %d stay in %s, for the reasons above", n, len(plan), bus.DeadLetter)
	}
	return nil
}
