package due

import (
	"context"
	"log/slog"
	"time"
)

// Every calls do at once and then again and again, with that pause between, until ctx ends. An error is logged, and the next call
// comes in its time. What do does is named in the log: "purge".
func Every(ctx context.Context, pause time.Duration, what string, log *slog.Logger, do func(context.Context) error) {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		if err := do(ctx); err != nil && ctx.Err() == nil {
			log.Warn(what+" failed, trying again later", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
