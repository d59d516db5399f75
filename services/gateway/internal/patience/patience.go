// Package patience stretches how long a request waits for others: the other services, a free slot for a password hash, a QR
// code. The waits are right for a machine that has its cores for itself. On one that is slow or shared, and in tests that
// run the whole system under the race detector, one setting makes all of them longer.
package patience

import (
	"context"
	"time"
)

type key struct{}

// With returns a context in which every wait is that many times as long. 1 or less changes nothing.
func With(ctx context.Context, times int) context.Context {
	if times <= 1 {
		return ctx
	}
	return context.WithValue(ctx, key{}, times)
}

// Of is a wait as the context stretches it.
func Of(ctx context.Context, wait time.Duration) time.Duration {
	if times, ok := ctx.Value(key{}).(int); ok {
		return wait * time.Duration(times)
	}
	return wait
}
