// Package patience multiplies how long a request waits for other services, for a free slot to hash a password or for a QR code.
// The defaults suit a machine that has its cores for itself. One setting makes all of them longer on a slow or shared machine,
// and in tests that run the whole system under the race detector.
package patience

import (
	"context"
	"time"
)

type key struct{}

// With returns a context in which every wait is multiplied by times. 1 or less changes nothing.
func With(ctx context.Context, times int) context.Context {
	if times <= 1 {
		return ctx
	}
	return context.WithValue(ctx, key{}, times)
}

// Of returns the wait, multiplied as the context says.
func Of(ctx context.Context, wait time.Duration) time.Duration {
	if times, ok := ctx.Value(key{}).(int); ok {
		return wait * time.Duration(times)
	}
	return wait
}
