package privacy

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/refuse"
	privacyv1 "european-pay.eu/eupay/proto/eupay/privacy/v1"
)

// behindSQL reads the tables that every service has: events that are not published, and consumers that have not settled all. A consumer that has
// settled nothing for a week is one that no longer exists.
const behindSQL = `select 'events that are not published' from outbox where published_at is null and occurred_at < $1
	union select 'consumer ' || consumer from consumer_position where floor_at < $1 and floor_at > $1 - interval '7 days'`

// CaughtUp implements PrivacyService.
func (s *Server) CaughtUp(ctx context.Context, r *privacyv1.CaughtUpRequest) (*privacyv1.CaughtUpResponse, error) {
	var bad refuse.Problems
	bad.If(!r.GetBefore().IsValid(), "before", "must be a time")
	if err := bad.Err(); err != nil {
		return nil, err
	}
	rows, err := s.pool.Query(ctx, behindSQL, r.GetBefore().AsTime())
	if err != nil {
		return nil, fmt.Errorf("look for what is on its way: %w", err)
	}
	behind, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("look for what is on its way: %w", err)
	}
	return &privacyv1.CaughtUpResponse{Behind: behind}, nil
}
