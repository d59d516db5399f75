package ledger

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/services/einvoice/internal/enrol"
)

// count increments the counter of a merchant's series and locks its row until the end of the transaction.
func count(ctx context.Context, tx pgx.Tx, e enrol.Enrolment, series string, year int) (n int64, err error) {
	err = tx.QueryRow(ctx, `insert into counters (merchant_id, livemode, series, year, last) values ($1, $2, $3, $4, 1)
		on conflict (merchant_id, livemode, series, year) do update set last = counters.last + 1 returning last`,
		e.MerchantID, e.Livemode, series, year).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("take a number: %w", err)
	}
	return n, nil
}
