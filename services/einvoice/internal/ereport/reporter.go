package ereport

import (
	"context"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/leader"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

// Deps of a reporter.
type Deps struct {
	Pool *pgxpool.Pool
	// Platforms by mode: live and test are two accounts.
	Platforms map[bool]platform.Platform
	// Zone is where days begin and end: France.
	Zone *time.Location
	Now  func() time.Time
	// Matricule identifies the platform to the administration (scheme 0238).
	Matricule string
	Log       *slog.Logger
}

// Reporter makes the reports of periods that are over, and sends them (it is the transmit.Sender of reports). At any time at most
// one report of a period waits to be sent: the next is made once it is known what became of the one before, so they reach
// the platform in their order, and the newest is the last.
type Reporter struct {
	Deps
	wake func(livemode bool)
	// warned says when it was last told that a period is late. Only the leader's loop uses it.
	warned map[uuid.UUID]invoice.Date
}

// New returns a reporter. Attach tells it whom to wake.
func New(d Deps) *Reporter {
	return &Reporter{Deps: d, wake: func(bool) {}, warned: make(map[uuid.UUID]invoice.Date)}
}

// Attach sets what makes the engine look at once.
func (r *Reporter) Attach(wake func(livemode bool)) { r.wake = wake }

// instant is now as PostgreSQL keeps it.
func (r *Reporter) instant() time.Time { return r.Now().UTC().Truncate(time.Microsecond) }

// every is how often periods are looked for: a report has days, not seconds.
const every = time.Minute

// Run makes reports until ctx ends; one replica at a time does.
func (r *Reporter) Run(ctx context.Context) error {
	return leader.Run(ctx, r.Pool, "einvoice-ereport", r.Log, func(ctx context.Context) error {
		defer late.Set(0) // whoever leads next counts
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			if err := r.round(ctx); err != nil && ctx.Err() == nil {
				return err
			}
			select {
			case <-ctx.Done():
				return nil
			case <-tick.C:
			}
		}
	})
}

// round makes every report that is due, and tells of periods that are late.
func (r *Reporter) round(ctx context.Context) error {
	if err := r.makeDue(ctx); err != nil {
		return err
	}
	return r.watch(ctx)
}

// settled is the hour of the day after a period from which it is over for good: what was sold at midnight is recorded by then.
const settled = 2

// over is the last day whose period can be reported now.
func (r *Reporter) over() invoice.Date {
	now := r.Now().In(r.Zone)
	today := invoice.DateOf(now, r.Zone)
	if now.Hour() < settled {
		return today.Add(-2)
	}
	return today.Add(-1)
}
