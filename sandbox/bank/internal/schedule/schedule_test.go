package schedule

import (
	"testing"
	"time"
)

func TestADayOfAnOrderIsThatOfItsStart(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		frequency, start, end string
		n                     int
		want                  string
	}{
		{"monthly", "2026-01-30", "", 1, "2026-03-02"},             // 28 February is a Saturday
		{"monthly", "2026-01-31", "", 2, "2026-03-31"},             // after a short month
		{"monthly", "2028-01-31", "", 1, "2028-02-29"},             // a leap year
		{"weekly", "2026-12-25", "", 0, "2026-12-28"},              // Christmas, Saturday, Sunday
		{"two-weekly", "2026-03-20", "", 1, "2026-04-07"},          // Good Friday, Easter Monday
		{"daily", "2027-03-25", "", 1, "2027-03-30"},               // and in the next year
		{"yearly", "2024-02-29", "", 1, "2025-02-28"},              // the last day of the month
		{"quarterly", "2026-05-01", "2026-05-01", 0, "2026-05-04"}, // the end is a day of the order, not of its bank
		{"monthly", "2026-05-01", "2026-06-30", 2, ""},
	} {
		start, _ := time.Parse(time.DateOnly, c.start)
		end, _ := time.Parse(time.DateOnly, c.end)
		got := ""
		if day, ok := Execution(c.frequency, start, end, c.n); ok {
			got = day.Format(time.DateOnly)
		}
		if got != c.want {
			t.Errorf("%s from %s, %d: %s, want %s", c.frequency, c.start, c.n, got, c.want)
		}
	}
}
