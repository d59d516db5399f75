package consume

import (
	"context"
	"fmt"
	"time"

	"european-pay.eu/eupay/internal/due"
	"european-pay.eu/eupay/internal/run/bus"
)

const (
	purgeEvery = 10 * time.Minute
	purgeStep  = 1000
	// Remember is how much longer than its possible redelivery the id of an event stays in the inbox.
	Remember = 14 * 24 * time.Hour
)

// purge deletes the ids of events that cannot be redelivered, until ctx ends.
func (c *Consumer) purge(ctx context.Context) {
	due.Every(ctx, purgeEvery, "purge of the inbox", c.log, c.deleteOld)
}

// deleteOld deletes old rows of the inbox in small steps.
func (c *Consumer) deleteOld(ctx context.Context) error {
	keep, ok, err := c.retention(ctx)
	if err != nil || !ok {
		return err
	}
	for {
		tag, err := c.pool.Exec(ctx, `delete from inbox where (consumer, event_id) in (
			select consumer, event_id from inbox where consumer = $1 and received_at < now() - $2::interval
			order by received_at limit $3 for update skip locked)`, c.cfg.Name, keep, purgeStep)
		if err != nil {
			return fmt.Errorf("purge the inbox: %w", err)
		}
		if tag.RowsAffected() < purgeStep {
			return nil
		}
	}
}

// retention returns how long event ids stay in the inbox: longer than both the settings and the stream, whose age an operator may
// have changed, allow a redelivery. ok is false if the stream keeps events without limit.
func (c *Consumer) retention(ctx context.Context) (retention time.Duration, ok bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	stream, err := c.bus.JS.Stream(ctx, bus.Events)
	if err != nil {
		return 0, false, err
	}
	age := stream.CachedInfo().Config.MaxAge
	return max(c.cfg.InboxKeep, max(c.bus.EventAge(), age)+Remember), age > 0, nil
}
