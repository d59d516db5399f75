package ereport

import (
	"context"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/due"
	"european-pay.eu/eupay/internal/run/leader"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

// Deps of a reporter.
type Deps struct {
	Pool *pgxpool.Pool
	// Platforms by mode: live and test are separate accounts.
	Platforms map[bool]platform.Platform
	// Zone is the time zone of days: France.
	Zone *time.Location
	Now  func() time.Time
	// Matricule identifies the platform to the administration (scheme 0238).
	Matricule string
	Log       *slog.Logger
}

// Reporter makes the reports of periods that have ended, and sends them (it is the transmit.Sender of reports). At most one
// report of a period waits to be sent: the next one is made when the result of the previous one is known, so the platform
// receives them in order.
type Reporter struct {
	Deps
	wake func(livemode bool)
	// lastWarned is when a late period was last logged. Only the leader's loop uses it.
	lastWarned map[uuid.UUID]invoice.Date
}

// New returns a reporter. Call Attach before Run.
func New(d Deps) *Reporter {
	return &Reporter{Deps: d, wake: func(bool) {}, lastWarned: make(map[uuid.UUID]invoice.Date)}
}

// Attach sets the function that wakes the engine.
func (r *Reporter) Attach(wake func(livemode bool)) { r.wake = wake }

// instant returns the current time in the precision of PostgreSQL.
func (r *Reporter) instant() time.Time { return r.Now().UTC().Truncate(time.Microsecond) }

// checkEvery is how often periods are checked: deadlines of reports are days, not seconds.
const checkEvery = time.Minute

// Run makes reports until ctx ends. Only one replica does so at a time.
func (r *Reporter) Run(ctx context.Context) error {
	return leader.Run(ctx, r.Pool, "einvoice-ereport", r.Log, func(ctx context.Context) error {
		defer late.Set(0) // the next leader measures it
		due.Every(ctx, checkEvery, "making e-reports", r.Log, r.round)
		return nil
	})
}

// round makes every due report and logs late periods.
func (r *Reporter) round(ctx context.Context) error {
	if err := r.makeDueReports(ctx); err != nil {
		return err
	}
	return r.checkLate(ctx)
}

// closingHour is the hour of the following day at which a period is closed: sales at midnight are recorded by then.
const closingHour = 2

// lastReportableDay returns the last day whose period can be reported now.
func (r *Reporter) lastReportableDay() invoice.Date {
	now := r.Now().In(r.Zone)
	today := invoice.DateOf(now, r.Zone)
	if now.Hour() < closingHour {
		return today.Add(-2)
	}
	return today.Add(-1)
}
