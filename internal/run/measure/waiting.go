package measure

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"european-pay.eu/eupay/internal/run/pg"
)

var overdue = promauto.NewGaugeVec(prometheus.GaugeOpts{
	Name: "eupay_queue_overdue_seconds", Help: "For how long the oldest due row of a queue has waited to be worked on; 0 when nothing is due.",
}, []string{"service", "queue"})

// Queue is a table whose rows are worked on when they are due.
type Queue struct {
	// Name of the table, or of the work where a table has several kinds.
	Name string
	// First selects the earliest due time, null if there is none. An index must answer it.
	First string
}

// Queues measures for how long the oldest due row of each queue has waited. A row that somebody works on does not wait: its lease has
// moved its due time ahead.
func Queues(ctx context.Context, db pg.DB, service string, now time.Time, all []Queue) error {
	for _, q := range all {
		var first *time.Time
		if err := db.QueryRow(ctx, q.First).Scan(&first); err != nil {
			return fmt.Errorf("look for the oldest due row of %s: %w", q.Name, err)
		}
		waited := 0.0
		if first != nil {
			waited = max(now.Sub(*first).Seconds(), 0)
		}
		overdue.WithLabelValues(service, q.Name).Set(waited)
	}
	return nil
}

// Forget removes what Queues has measured, when another replica measures from now on.
func Forget(service string) { overdue.DeletePartialMatch(prometheus.Labels{"service": service}) }
