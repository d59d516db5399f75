package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"european-pay.eu/eupay/cmd/eupayctl/internal/operate"
	"european-pay.eu/eupay/internal/run/boot"
	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/config"
)

type statusCommand struct {
	MaxLag *uint64 `placeholder:"N" help:"End with 1 when a consumer has more messages before it."`
}

// streamView is a stream in JSON.
type streamView struct {
	Stream    string         `json:"stream"`
	Messages  uint64         `json:"messages"`
	Bytes     uint64         `json:"bytes"`
	First     *time.Time     `json:"first,omitempty"`
	Last      *time.Time     `json:"last,omitempty"`
	MaxAge    int64          `json:"max_age_seconds"`
	MaxBytes  uint64         `json:"max_bytes"`
	Consumers []consumerView `json:"consumers"`
}

type consumerView struct {
	Consumer     string     `json:"consumer"`
	Lag          uint64     `json:"lag"`
	AckPending   int        `json:"ack_pending"`
	Redelivered  int        `json:"redelivered"`
	LastActivity *time.Time `json:"last_activity,omitempty"`
}

// Run shows the streams.
func (c *statusCommand) Run(t *tool) error {
	o, done, err := t.operator()
	if err != nil {
		return err
	}
	defer done()
	streams, err := o.Status(t.ctx)
	if err != nil {
		return err
	}
	if len(streams) == 0 {
		return errors.New("this NATS has no streams. The services make them when they start: check that this is the right NATS and that they have run")
	}
	if err := t.status(streams); err != nil {
		return err
	}
	settings, err := t.streamSettings()
	if err != nil {
		return err
	}
	return errors.Join(wrong(streams, settings), c.lagging(streams))
}

// streamSettings are those of the services, from the same variables.
func (t *tool) streamSettings() (bus.Settings, error) {
	vars, err := config.Environment()
	if err != nil {
		return bus.Settings{}, err
	}
	var s boot.StreamSettings
	if err := config.Parse(&s, vars); err != nil {
		return bus.Settings{}, operate.Invalid(err.Error())
	}
	return s.Broker(), nil
}

func wrong(streams []operate.Stream, settings bus.Settings) error {
	var all []error
	for _, text := range operate.Wrong(streams, settings) {
		all = append(all, errors.New(text))
	}
	return errors.Join(all...)
}

func (t *tool) status(streams []operate.Stream) error {
	if t.json() {
		for _, s := range streams {
			if err := t.object(viewStream(s)); err != nil {
				return err
			}
		}
		return nil
	}
	w := t.table("STREAM", "MESSAGES", "BYTES", "FULL", "FIRST", "LAST", "KEPT FOR")
	for _, s := range streams {
		row(w, line(s.Name), strconv.FormatUint(s.Messages, 10), strconv.FormatUint(s.Bytes, 10), full(s), clock(s.First), clock(s.Last), age(s.MaxAge))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(t.out)
	w = t.table("STREAM", "CONSUMER", "LAG", "ACK PENDING", "REDELIVERED", "LAST ACTIVITY")
	for _, s := range streams {
		for _, c := range s.Consumers {
			row(w, line(s.Name), line(c.Name), strconv.FormatUint(c.Lag, 10), strconv.Itoa(c.AckPending), strconv.Itoa(c.Redelivered), clock(c.LastActivity))
		}
	}
	return w.Flush()
}

func viewStream(s operate.Stream) streamView {
	v := streamView{
		Stream: s.Name, Messages: s.Messages, Bytes: s.Bytes, First: unlessZero(s.First), Last: unlessZero(s.Last),
		MaxAge: int64(s.MaxAge / time.Second), MaxBytes: s.MaxBytes, Consumers: []consumerView{},
	}
	for _, c := range s.Consumers {
		v.Consumers = append(v.Consumers, consumerView{
			Consumer: c.Name, Lag: c.Lag, AckPending: c.AckPending, Redelivered: c.Redelivered, LastActivity: unlessZero(c.LastActivity),
		})
	}
	return v
}

// full formats how much of its size limit a stream uses.
func full(s operate.Stream) string {
	if s.MaxBytes == 0 {
		return "no bound"
	}
	return fmt.Sprintf("%d%%", s.Bytes*100/s.MaxBytes)
}

func unlessZero(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	return &at
}

func age(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d == 0:
		return "ever"
	case d%day == 0:
		return fmt.Sprintf("%dd", d/day)
	default:
		return d.String()
	}
}

func (c *statusCommand) lagging(streams []operate.Stream) error {
	if c.MaxLag == nil {
		return nil
	}
	var behind []string
	for _, s := range streams {
		for _, consumer := range s.Consumers {
			if consumer.Lag > *c.MaxLag {
				behind = append(behind, fmt.Sprintf("%s on %s (%d)", consumer.Name, s.Name, consumer.Lag))
			}
		}
	}
	if len(behind) > 0 {
		return fmt.Errorf("more than %d messages wait for %s", *c.MaxLag, strings.Join(behind, ", "))
	}
	return nil
}
