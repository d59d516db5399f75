package delivery

import (
	"math/rand/v2"
	"time"
)

// Schedule holds the wait before each attempt, counted from the end of the previous one.
type Schedule []time.Duration

// DefaultSchedule is the schedule in the API reference.
//
//	attempt   1st   2nd   3rd    4th     5th
//	wait      0 s   5 s   30 s   5 min   30 min
var DefaultSchedule = Schedule{0, 5 * time.Second, 30 * time.Second, 5 * time.Minute, 30 * time.Minute}

// next returns the wait after that many attempts, extended at random by up to the jitter and never shorter, so that deliveries
// which failed together are not retried together. ok is false after the last attempt.
func (s Schedule) next(attempts int, jitter float64) (wait time.Duration, ok bool) {
	if attempts >= len(s) {
		return 0, false
	}
	wait = s[attempts]
	return wait + time.Duration(float64(wait)*jitter*rand.Float64()), true //nolint:gosec // nobody gains from guessing it
}

// maxRetryAfter is the longest pause that an endpoint may ask for.
const maxRetryAfter = time.Hour
