package delivery

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
)

// markDisabled disables the endpoint of c for c's reason and completes c. It returns false if the endpoint is already disabled or
// deleted.
func markDisabled(ctx context.Context, tx pgx.Tx, c *eventsv1.WebhookEndpointChanged, now time.Time) (bool, error) {
	err := tx.QueryRow(ctx, `update endpoints set enabled = false, disabled_reason = $2, event_sequence = event_sequence + 1,
			updated_at = greatest($3, updated_at + interval '1 microsecond')
		where id = $1 and enabled and deleted_at is null returning merchant_id, livemode, url, event_sequence`, c.GetEndpointId(), c.GetReason(), now).
		Scan(&c.MerchantId, &c.Livemode, &c.Url, &c.Sequence)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("disable endpoint: %w", err)
	}
	return true, nil
}

// readTrippedBreaker adds to c since when and why the endpoint fails. It returns false if the endpoint has recovered.
func readTrippedBreaker(ctx context.Context, tx pgx.Tx, c *eventsv1.WebhookEndpointChanged) (bool, error) {
	var since time.Time
	err := tx.QueryRow(ctx, `select last_error, failing_since from breakers where endpoint_id = $1 and tripped
		order by failing_since limit 1`, c.GetEndpointId()).Scan(&c.Reason, &since)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read breaker: %w", err)
	}
	c.FailingSince = timestamppb.New(since)
	return true, nil
}

// markWarned records that the merchant is warned now and completes c. It returns false if it was warned recently, or the endpoint
// is disabled or deleted.
func markWarned(ctx context.Context, tx pgx.Tx, c *eventsv1.WebhookEndpointChanged, now time.Time) (bool, error) {
	err := tx.QueryRow(ctx, `update endpoints set warned_at = $2, event_sequence = event_sequence + 1
		where id = $1 and enabled and deleted_at is null and (warned_at is null or warned_at <= $3)
		returning merchant_id, livemode, url, event_sequence`, c.GetEndpointId(), now, now.Add(-warnEvery)).
		Scan(&c.MerchantId, &c.Livemode, &c.Url, &c.Sequence)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("record the warning: %w", err)
	}
	return true, nil
}
