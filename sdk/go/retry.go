package eupay

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"
)

const (
	// firstPause and maxPause bound how long a client waits before it sends a request again; half of it is chance, so that clients
	// that failed together do not come back together.
	firstPause = 500 * time.Millisecond
	maxPause   = 8 * time.Second
	// patience is the longest Retry-After that is waited for. What takes longer is for the program to decide.
	patience = time.Minute
)

// sleeper waits, or returns the error of ctx when that ends first.
type sleeper func(ctx context.Context, pause time.Duration) error

func wait(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// send makes the call, again where that is safe and may help, with one Idempotency-Key. It returns an answer of success only.
func (c *caller) send(ctx context.Context, op *call) (*answer, error) {
	parcel, err := c.parcel(op)
	if err != nil {
		return nil, err
	}
	for attempt := 0; ; attempt++ {
		a, err := c.attempt(ctx, parcel)
		if err == nil && a.status < http.StatusMultipleChoices {
			return a, nil
		}
		if err == nil {
			err = refusal(c.base, a)
		}
		pause := pause(attempt, err)
		if attempt >= c.retries || !op.repeatable() || !passing(err) || !worthwhile(ctx, pause) {
			return nil, err
		}
		if ended := c.sleep(ctx, pause); ended != nil {
			return nil, fmt.Errorf("%w, while waiting after: %w", ended, err)
		}
	}
}

// passing reports whether the request may succeed in a moment.
func passing(err error) bool {
	var refused *Error
	if !errors.As(err, &refused) {
		return !errors.Is(err, ErrTooLarge)
	}
	switch refused.Status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return refused.RetryAfter <= patience
	default:
		return false
	}
}

// worthwhile reports whether anything can be tried after the pause: the caller has not gone, and will still be there.
func worthwhile(ctx context.Context, pause time.Duration) bool {
	end, limited := ctx.Deadline()
	return ctx.Err() == nil && (!limited || time.Until(end) > pause)
}

// pause is how long to wait after the attempt of that number, from 0 on: at least what the answer asks for.
func pause(attempt int, err error) time.Duration {
	backoff := min(firstPause<<min(attempt, 10), maxPause)
	backoff = backoff/2 + rand.N(backoff/2) //nolint:gosec // it spreads clients, nobody has to guess it
	var refused *Error
	if errors.As(err, &refused) {
		return max(backoff, refused.RetryAfter)
	}
	return backoff
}
