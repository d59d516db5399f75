package delivery

import "time"

// Schedule holds the wait before each attempt, counted from the end of the one before.
type Schedule []time.Duration

// Documented is the schedule of the public documentation.
//
//	attempt   1st   2nd   3rd    4th     5th
//	wait      0 s   5 s   30 s   5 min   30 min
var Documented = Schedule{0, 5 * time.Second, 30 * time.Second, 5 * time.Minute, 30 * time.Minute}

// next returns the wait after so many attempts; ok is false when that was the last.
func (s Schedule) next(attempts int) (wait time.Duration, ok bool) {
	if attempts >= len(s) {
		return 0, false
	}
	return s[attempts], true
}
