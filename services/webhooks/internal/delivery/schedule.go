package delivery

import (
	"math/rand/v2"
	"time"
)

// Schedule holds the wait before each attempt, counted from the end of the one before.
type Schedule []time.Duration

// Documented is the schedule of the public documentation.
//
//	attempt   1st   2nd   3rd    4th     5th
//	wait      0 s   5 s   30 s   5 min   30 min
var Documented = Schedule{0, 5 * time.Second, 30 * time.Second, 5 * time.Minute, 30 * time.Minute}

// next returns the wait after so many attempts, at random up to jitter of itself longer and never shorter, so that what
// failed together does not come back together; ok is false when that was the last.
func (s Schedule) next(attempts int, jitter float64) (wait time.Duration, ok bool) {
	if attempts >= len(s) {
		return 0, false
	}
	wait = s[attempts]
	return wait + time.Duration(float64(wait)*jitter*rand.Float64()), true //nolint:gosec // nobody gains from guessing it
}

// longestAsked bounds what an endpoint may ask for.
const longestAsked = time.Hour
