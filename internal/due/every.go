package due

import (
	"context"
	"log/slog"
	"time"
)

// Every calls do immediately and then repeatedly, with that pause in between, until ctx ends. Errors are logged and do not change
// the interval. what names the work in the log: "purge".
func Every(ctx context.Context, pause time.Duration, what string, log *slog.Logger, do func(context.Context) error) {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		if err := do(ctx); err != nil && ctx.Err() == nil {
			log.Warn(what+" failed, retrying later", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
