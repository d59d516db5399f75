package consume

import (
	"context"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"european-pay.eu/eupay/internal/run/bus"
	"european-pay.eu/eupay/internal/run/months"
)

// Remember is how much longer than its possible redelivery the id of an event stays in the inbox.
const Remember = 14 * 24 * time.Hour

// KeepInbox returns the keeper of a service's inbox. It drops months of which no event was received lately: for Remember longer than events can be
// redelivered, and at least for atLeast.
func KeepInbox(pool *pgxpool.Pool, b *bus.Bus, atLeast time.Duration, now func() time.Time, log *slog.Logger) *months.Keeper {
	return months.NewKeeper(pool, now, log, months.Table{
		Name: "inbox", Stamp: "received_at",
		Keep: func(ctx context.Context) (time.Duration, bool, error) { return retention(ctx, b, atLeast) },
	})
}

// retention returns how long event ids stay in the inbox: longer than both the settings and the stream, whose age an operator may
// have changed, allow a redelivery. ok is false if the stream keeps events without limit.
func retention(ctx context.Context, b *bus.Bus, atLeast time.Duration) (keep time.Duration, ok bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	stream, err := b.JS.Stream(ctx, bus.Events)
	if err != nil {
		return 0, false, err
	}
	age := stream.CachedInfo().Config.MaxAge
	return max(atLeast, max(b.EventAge(), age)+Remember), age > 0, nil
}
