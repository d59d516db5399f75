package delivery

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

func countOf(ctx context.Context, tx pgx.Tx, endpointID string, ids []string) (n int, err error) {
	if err := tx.QueryRow(ctx, `select count(*) from deliveries where endpoint_id = $1 and event_id = any($2::uuid[])`, endpointID, ids).Scan(&n); err != nil {
		return 0, fmt.Errorf("count deliveries of events: %w", err)
	}
	return n, nil
}
