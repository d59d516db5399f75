package ereport

import (
	"context"
	"time"

	"github.com/google/uuid"
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
	list, err := r.latePeriods(ctx, today)
	if err != nil {
		return err
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
