package months

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"european-pay.eu/eupay/internal/run/pg"
)

var (
	restRows = promauto.NewGaugeVec(prometheus.GaugeOpts{
		Name: "eupay_months_rest_rows", Help: "Rows of a table by months whose id is in no month, counted up to 10,000. They lack a month, or came again long after it.",
	}, []string{"service", "table"})
	madeUntil = promauto.NewGaugeVec(prometheus.GaugeOpts{
		Name: "eupay_months_made_until_timestamp_seconds", Help: "Until when the months of a table are made. Rows of later ids go to the rest.",
	}, []string{"service", "table"})
)

// enough is how many rows of the rest are counted: whether there are more makes no difference.
const enough = 10000

func (k *Keeper) measure(ctx context.Context, t Table) error {
	var rest int64
	var until float64
	err := k.pool.QueryRow(ctx, `select (select count(*) from (select from `+pgx.Identifier{t.Name + "_rest"}.Sanitize()+` limit $2) r),
		(select extract(epoch from months_until($1)))::float8`, t.Name, enough).Scan(&rest, &until)
	if err != nil {
		return err
	}
	restRows.WithLabelValues(pg.Schema(k.pool), t.Name).Set(float64(rest))
	madeUntil.WithLabelValues(pg.Schema(k.pool), t.Name).Set(until)
	return nil
}

// forget removes what was measured, when another replica measures from now on.
func forget(service string) {
	of := prometheus.Labels{"service": service}
	restRows.DeletePartialMatch(of)
	madeUntil.DeletePartialMatch(of)
}
