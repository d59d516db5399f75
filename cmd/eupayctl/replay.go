package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"european-pay.eu/eupay/cmd/eupayctl/internal/operate"
	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/events"
)

// progressEvery is the interval of progress messages.
const progressEvery = 5 * time.Second

type replayCommand struct {
	filterFlags
	Consumer     string   `required:"" placeholder:"NAME" help:"Who gets the events: a consumer of EUPAY_EVENTS, as streams status lists them."`
	Filter       []string `placeholder:"TYPE" help:"Only of these types: payment.completed, payment.*, *.failed."`
	ID           []string `name:"id" placeholder:"ID" help:"Only these events."`
	Since        string   `xor:"begin" placeholder:"TIME" help:"Begin with what was stored then: RFC 3339, or how long ago, as 90m, 36h, 7d."`
	FromSequence uint64   `xor:"begin" placeholder:"N" help:"Begin at this sequence of the stream."`
	Until        string   `placeholder:"TIME" help:"End with what was stored then. Default: what is there when the command starts."`
	Rate         string   `default:"100/s" help:"How fast, as 100/s or 600/m."`
	Redeliver    bool     `help:"Ask for the effect again also where the consumer has had the event. Merchants may get a webhook twice, with the same id."`
	Do           bool     `name:"run" xor:"do" help:"Do it. Without this nothing is published."`
	DryRun       bool     `xor:"do" help:"Only tell what would be sent, which is what happens anyhow without --run."`
}

// Help is shown under the summary.
func (*replayCommand) Help() string {
	return "One of --since, --from-sequence and --id says where to begin. Without --redeliver an event that the consumer has applied has no second effect."
}

// Run counts the events, or sends them.
func (c *replayCommand) Run(t *tool) error {
	r, err := c.replay(t)
	if err != nil {
		return err
	}
	o, done, err := t.operator()
	if err != nil {
		return err
	}
	defer done()
	if !c.Do {
		report, err := o.Plan(t.ctx, r)
		if err != nil {
			return err
		}
		if err := t.replayed(r, report, false); err != nil {
			return err
		}
		t.say("Nothing was published. To do it, add --run.")
		return nil
	}
	report, err := o.Run(t.ctx, r)
	if err == nil {
		return t.replayed(r, report, true)
	}
	if report.Next == 0 {
		return err
	}
	how := "failed"
	if errors.Is(err, operate.ErrStopped) {
		how = "was stopped"
	}
	return fmt.Errorf("%w.\nThe run %s after %d events. To go on, repeat it with --from-sequence %d%s",
		err, how, report.Events, report.Next, insteadOfSince(c.Since))
}

func insteadOfSince(since string) string {
	if since == "" {
		return ""
	}
	return " instead of --since"
}

func (c *replayCommand) replay(t *tool) (operate.Replay, error) {
	since, err := moment("--since", c.Since, t.now())
	if err != nil {
		return operate.Replay{}, err
	}
	until, err := moment("--until", c.Until, t.now())
	if err != nil {
		return operate.Replay{}, err
	}
	limit, err := pace(c.Rate)
	if err != nil {
		return operate.Replay{}, err
	}
	ids := make([]string, len(c.ID))
	for i, id := range c.ID {
		ids[i] = strings.ToLower(id)
	}
	return operate.Replay{
		Consumer: c.Consumer, Filter: operate.Filter{Types: c.Filter, Merchant: c.Merchant, Mode: c.Mode, IDs: ids},
		Window: operate.Window{From: c.FromSequence, Since: since, Until: until}, Redeliver: c.Redeliver, RunID: events.NewID(),
		Wait: rate.NewLimiter(limit, 1).Wait, Progress: t.progress(),
	}, nil
}

// progress reports every few seconds how far a run is.
func (t *tool) progress() func(operate.Report) {
	last := t.now()
	return func(r operate.Report) {
		if now := t.now(); now.Sub(last) >= progressEvery {
			last = now
			t.say("%d events, up to #%d of %s", r.Events, r.Next-1, bus.Events)
		}
	}
}

// replayView is a report in JSON.
type replayView struct {
	Consumer    string            `json:"consumer"`
	Published   bool              `json:"published"`
	Redeliver   bool              `json:"redeliver"`
	RunID       string            `json:"run_id,omitempty"`
	Events      uint64            `json:"events"`
	ByType      map[string]uint64 `json:"by_type"`
	NotConsumed uint64            `json:"not_consumed"`
	Unreadable  uint64            `json:"unreadable"`
	Missing     []string          `json:"missing,omitempty"`
	First       []eventView       `json:"first,omitempty"`
}

// replayed prints the result of a run or plan. Ids that were not found are a failure.
func (t *tool) replayed(r operate.Replay, report operate.Report, published bool) error {
	if err := t.writeReplay(r, report, published); err != nil {
		return err
	}
	if len(report.Missing) > 0 {
		return fmt.Errorf("not found: %s. Check the ids; --since looks further back", strings.Join(report.Missing, ", "))
	}
	return nil
}

func (t *tool) writeReplay(r operate.Replay, report operate.Report, published bool) error {
	if t.json() {
		v := replayView{
			Consumer: r.Consumer, Published: published, Redeliver: r.Redeliver, Events: report.Events, ByType: report.ByType,
			NotConsumed: report.NotConsumed, Unreadable: report.Unreadable, Missing: report.Missing,
		}
		if published {
			v.RunID = r.RunID
		} else {
			for _, e := range report.First {
				v.First = append(v.First, view(e))
			}
		}
		return t.object(v)
	}
	verb := "would be sent"
	if published {
		verb = "were sent"
	}
	fmt.Fprintf(t.out, "%d events %s to %s", report.Events, verb, r.Consumer)
	if r.Redeliver {
		fmt.Fprint(t.out, ", also those that it has had (--redeliver)")
	}
	fmt.Fprintln(t.out, ".")
	w := t.table("TYPE", "EVENTS")
	for _, kind := range slices.Sorted(maps.Keys(report.ByType)) {
		row(w, line(kind), strconv.FormatUint(report.ByType[kind], 10))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	t.leftOut(r, report)
	if published {
		return nil
	}
	return t.first(report)
}

func (t *tool) leftOut(r operate.Replay, report operate.Report) {
	if report.NotConsumed > 0 {
		t.say("%d more were left out: %s does not take them.", report.NotConsumed, r.Consumer)
	}
	if report.Unreadable > 0 {
		t.say("%d messages of the stream are no events and were left out.", report.Unreadable)
	}
}

// first lists the first few events of a report.
func (t *tool) first(report operate.Report) error {
	if len(report.First) == 0 {
		return nil
	}
	fmt.Fprintln(t.out, "\nThe first:")
	w := t.table("TIME", "ID", "TYPE", "MODE", "MERCHANT", "REFERENCE", "STREAM")
	for _, e := range report.First {
		row(w, clock(e.Time), line(e.ID), line(e.Type), events.Mode(e.Livemode), line(e.Merchant), orDash(line(e.Summary().Reference)), fmt.Sprintf("#%d", e.Sequence))
	}
	return w.Flush()
}
