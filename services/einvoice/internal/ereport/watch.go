package ereport

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

var late = promauto.NewGauge(prometheus.GaugeOpts{
	Name: "eupay_einvoice_reports_late", Help: "Periods with something to report whose last day to report it has passed.",
})

// lateAfter is how long a change after the last day of a period may take: it could not have been reported in time.
const lateAfter = 24 * time.Hour

// checkLate counts the late periods and logs each of them once a day.
func (r *Reporter) checkLate(ctx context.Context) error {
	today := invoice.DateOf(r.Now(), r.Zone)
	rows, err := r.Pool.Query(ctx, `select id, merchant_id, livemode, kind, start_on::text, end_on::text, due_on::text
		from report_periods where version > sent_version and due_on < $1 and (sent_version = 0 or updated_at < $2) order by due_on`,
		string(today), r.instant().Add(-lateAfter))
	if err != nil {
		return fmt.Errorf("find late periods: %w", err)
	}
	list, err := pgx.CollectRows(rows, scanLate)
	if err != nil {
		return fmt.Errorf("find late periods: %w", err)
	}
	warned := make(map[uuid.UUID]invoice.Date)
	for _, p := range list {
		if warned[p.id] = today; r.lastWarned[p.id] != today {
			r.Log.Warn("e-report is late", "merchant", p.merchantID, "livemode", p.livemode, "kind", p.kind, "start", p.Start, "end", p.End, "due", p.Due)
		}
	}
	r.lastWarned = warned
	late.Set(float64(len(list)))
	return nil
}

// latePeriod is a period that was not reported in time.
type latePeriod struct {
	Period
	id         uuid.UUID
	merchantID string
	livemode   bool
	kind       Kind
}

func scanLate(row pgx.CollectableRow) (p latePeriod, err error) {
	err = row.Scan(&p.id, &p.merchantID, &p.livemode, &p.kind, &p.Start, &p.End, &p.Due)
	return p, err
}
