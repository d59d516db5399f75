package pg

import (
	"context"
	"time"
)

// Check compares the replica with the primary now, as Run does each second.
func (r *Reads) Check(ctx context.Context, now func() time.Time) { r.check(ctx, now) }
