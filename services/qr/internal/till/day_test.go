package till

import (
	"testing"
	"time"
)

// The clocks change on 29 March and 25 October 2026.
func TestABusinessDayBeginsAtFourInFrance(t *testing.T) {
	t.Parallel()
	for at, want := range map[string]string{
		"2026-06-17T01:59:59Z": "2026-06-16", "2026-06-17T02:00:00Z": "2026-06-17", "2026-12-31T23:30:00Z": "2026-12-31", "2027-01-01T02:59:59Z": "2026-12-31",
		"2027-01-01T03:00:00Z": "2027-01-01", "2026-03-29T01:59:59Z": "2026-03-28", "2026-03-29T02:00:00Z": "2026-03-29",
		"2026-10-25T02:59:59Z": "2026-10-24", "2026-10-25T03:00:00Z": "2026-10-25",
	} {
		when, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		day := dayOf(when)
		if got := day.Format(time.DateOnly); got != want {
			t.Errorf("%s is on %s, not on %s", at, got, want)
		}
		if when.Before(begin(day)) || !when.Before(begin(day.AddDate(0, 0, 1))) {
			t.Errorf("%s is not between the ends of %s", at, want)
		}
	}
}
