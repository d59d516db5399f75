package delivery

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"european-pay.eu/eupay/internal/due"
)

const (
	purgeEvery = 10 * time.Minute
	purgeStep  = 1000
	// resendKept is how long what was sent again by a filter is kept after its end, so that it can be explained.
	resendKept = 7 * 24 * time.Hour
)

// purge deletes finished deliveries after their retention.
func (e *Engine) purge(ctx context.Context) error {
	due.Every(ctx, purgeEvery, "purge of old deliveries", e.log, func(ctx context.Context) error {
		_, err := e.PurgeNow(ctx)
		return err
	})
	return nil
}

// PurgeNow deletes deliveries older than the retention with their attempts, and events, in small steps, and returns the number of
// deliveries. Concurrent replicas share the work.
func (e *Engine) PurgeNow(ctx context.Context) (total int64, err error) {
	before := e.now().Add(-e.cfg.Retention)
	for ctx.Err() == nil {
		tag, err := e.db.Exec(ctx, `with old as (
				select id from deliveries where id < $1 and status in ('delivered', 'exhausted', 'missed', 'cancelled') and created_at < $2
				order by id limit $3 for update skip locked
			), their as (delete from attempts a using old where a.delivery_id = old.id)
			delete from deliveries d using old where d.id = old.id`, floorID(before), before, purgeStep)
		if err != nil {
			return total, fmt.Errorf("purge deliveries: %w", err)
		}
		total += tag.RowsAffected()
		if tag.RowsAffected() < purgeStep {
			break
		}
	}
	for ctx.Err() == nil {
		tag, err := e.db.Exec(ctx, `delete from events where id in (select id from events where id < $1 and created_at < $2
			order by id limit $3 for update skip locked)`, floorID(before), before, purgeStep)
		if err != nil {
			return total, fmt.Errorf("purge events: %w", err)
		}
		if tag.RowsAffected() < purgeStep {
			break
		}
	}
	if _, err := e.db.Exec(ctx, `delete from resends where finished_at < $1 and touched_at < $1`, e.now().Add(-resendKept)); err != nil {
		return total, fmt.Errorf("purge resends: %w", err)
	}
	return total, nil
}

// floorID is lower than every UUIDv7 created at or after that time, so that the primary key finds the old ones.
func floorID(at time.Time) string {
	var id uuid.UUID
	ms := uint64(at.UnixMilli())
	for i := range 6 {
		id[i] = byte(ms >> (8 * (5 - i)))
	}
	id[6] = 0x70
	id[8] = 0x80
	return id.String()
}
