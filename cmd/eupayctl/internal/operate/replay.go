package operate

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"european-pay.eu/eupay/internal/run/backlog"
	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/consume"
)

// Replay sends events to one consumer again.
type Replay struct {
	Consumer string
	Filter   Filter
	// Window must have a start, or Filter must name ids.
	Window Window
	// Redeliver makes events take effect again that the consumer has already applied. Without it, the consumer's inbox drops
	// them.
	Redeliver bool
	// RunID identifies the run in the ids of its messages. A UUID.
	RunID string
	// Wait paces the run: it is called before each event.
	Wait func(context.Context) error
	// Progress, if set, is called after each event.
	Progress func(Report)
}

// Report is the result of a replay, planned or done.
type Report struct {
	// Events that were published or would be.
	Events uint64
	// ByType counts them.
	ByType map[string]uint64
	// NotConsumed were selected, but the consumer does not subscribe to their subject: they are skipped.
	NotConsumed uint64
	// Unreadable messages of the stream are skipped: they are not events.
	Unreadable uint64
	// Missing are requested ids that were not found.
	Missing []string
	// First are the first few events.
	First []Event
	// Next is the sequence at which to continue; 0 before the first event.
	Next uint64
}

// shown is how many events a report lists.
const shown = 5

// ErrStopped means that the operator ended the run before it was complete. The report says how far it came.
var ErrStopped = errors.New("the replay was stopped before its end")

// Plan returns what Run would publish, and publishes nothing.
func (o *Operator) Plan(ctx context.Context, r Replay) (Report, error) {
	report, err := o.replay(ctx, r, true, func(Event) error { return nil })
	for i := range report.First {
		if err != nil {
			break
		}
		report.First[i], err = o.EventAt(ctx, report.First[i].Sequence) // with its body
	}
	return report, stopped(ctx, err)
}

// Run publishes each event that is in the stream now to the consumer's replay subject, in the order of the stream. It waits until
// the broker has stored each one. If it ends early, Report.Next is where to continue.
func (o *Operator) Run(ctx context.Context, r Replay) (Report, error) {
	report, err := o.replay(ctx, r, false, func(e Event) error {
		if err := r.Wait(ctx); err != nil {
			return fmt.Errorf("wait for the next event's turn: %w", err)
		}
		return o.publishReplay(ctx, r, e)
	})
	return report, stopped(ctx, err)
}

func stopped(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return ErrStopped
	}
	return err
}

func (o *Operator) replay(ctx context.Context, r Replay, headersOnly bool, each func(Event) error) (Report, error) {
	report := Report{ByType: make(map[string]uint64), Next: r.Window.From}
	if err := r.check(); err != nil {
		return report, err
	}
	wanted, err := o.replayable(ctx, r.Consumer)
	if err != nil {
		return report, err
	}
	if r.Window == (Window{}) {
		r.Window.Since = earliest(r.Filter.IDs)
	}
	missing := make(map[string]bool, len(r.Filter.IDs))
	for _, id := range r.Filter.IDs {
		missing[id] = true
	}
	err = o.events(ctx, r.Filter, r.Window, query{headersOnly: headersOnly}, func(e Event, err error) (bool, error) {
		switch {
		case err != nil:
			report.Unreadable++
		case !slices.ContainsFunc(wanted, func(pattern string) bool { return subjectMatches(pattern, e.Subject) }):
			report.NotConsumed++
		default:
			if err := each(e); err != nil {
				report.Next = e.Sequence
				return false, err
			}
			report.count(e)
		}
		delete(missing, e.ID)
		report.Next = e.Sequence + 1
		if r.Progress != nil {
			r.Progress(report)
		}
		return len(missing) > 0 || len(r.Filter.IDs) == 0, nil
	})
	report.Missing = slices.Sorted(maps.Keys(missing))
	return report, err
}

func (r *Report) count(e Event) {
	r.Events++
	r.ByType[e.Type]++
	if len(r.First) < shown {
		r.First = append(r.First, e)
	}
}

func (r Replay) check() error {
	if err := r.Filter.Check(); err != nil {
		return err
	}
	if !oneToken.MatchString(r.Consumer) {
		return invalid("%q is no consumer's name", r.Consumer)
	}
	if r.Window.From == 0 && r.Window.Since.IsZero() && len(r.Filter.IDs) == 0 {
		return invalid("say where to begin: --since, --from-sequence or --id. A replay of everything that is kept must be asked for, as --from-sequence 1")
	}
	if !r.Window.Until.IsZero() && r.Window.Until.Before(r.Window.Since) {
		return invalid("--until is before --since: nothing lies between them")
	}
	return uuid.Validate(r.RunID)
}

// publishReplay returns once it is known whether the broker has stored the event. Stopping the tool does not interrupt it.
func (o *Operator) publishReplay(ctx context.Context, r Replay, e Event) error {
	m := backlog.Again(r.Consumer, e.Subject, e.Header, e.Event, r.RunID)
	if r.Redeliver {
		m.Header.Set(consume.HeaderRedeliver, "true")
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), o.timeout)
	defer cancel()
	if _, err := o.js.PublishMsg(ctx, m); err != nil {
		return o.explain(err, fmt.Sprintf("publish the event %s (#%d)", e.ID, e.Sequence))
	}
	return nil
}

// earliest is when the oldest of the events with these ids can have been stored; zero when an id does not tell.
func earliest(ids []string) (first time.Time) {
	for i, id := range ids {
		at := bornAt(id, time.Time{})
		if i == 0 || at.Before(first) {
			first = at
		}
	}
	return first
}

// replayable returns the consumer's subjects. It fails if the consumer does not exist, because nobody would receive what is
// published for it.
func (o *Operator) replayable(ctx context.Context, consumer string) ([]string, error) {
	onEvents, err := o.durables(ctx, bus.Events)
	if err != nil {
		return nil, err
	}
	onReplay, err := o.durables(ctx, bus.Replay)
	if err != nil {
		return nil, err
	}
	cfg, ok := onEvents[consumer]
	if _, takes := onReplay[consumer]; !ok || !takes {
		var there []string
		for name := range onEvents {
			if _, takes := onReplay[name]; takes {
				there = append(there, name)
			}
		}
		slices.Sort(there)
		if len(there) == 0 {
			return nil, invalid("no consumer %q takes events, nor does any other: consumers are made when their services start", consumer)
		}
		return nil, invalid("no consumer %q takes events. Those that do: %s", consumer, strings.Join(there, ", "))
	}
	if cfg.FilterSubject != "" {
		return []string{cfg.FilterSubject}, nil
	}
	if len(cfg.FilterSubjects) == 0 {
		return []string{">"}, nil
	}
	return cfg.FilterSubjects, nil
}
