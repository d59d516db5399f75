package hours

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func date(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.DateOnly, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func instant(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// On 29 March 2026 the clocks go from 2:00 to 3:00, on 25 October from 3:00 to 2:00.
func TestAWindowIsOpenWheneverTheClocksShowATimeOfIt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ date, from, until, opens, closes string }{
		"an evening of winter":           {"2026-01-10", "19:00", "23:00", "2026-01-10T18:00:00Z", "2026-01-10T22:00:00Z"},
		"over midnight":                  {"2026-06-17", "22:00", "02:00", "2026-06-17T20:00:00Z", "2026-06-18T00:00:00Z"},
		"a whole day":                    {"2026-06-17", "", "", "2026-06-16T22:00:00Z", "2026-06-17T22:00:00Z"},
		"a night that is shorter":        {"2026-03-28", "22:00", "03:00", "2026-03-28T21:00:00Z", "2026-03-29T01:00:00Z"},
		"an end that never comes":        {"2026-03-28", "18:00", "02:30", "2026-03-28T17:00:00Z", "2026-03-29T01:00:00Z"},
		"a beginning that never comes":   {"2026-03-29", "02:30", "04:00", "2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z"},
		"a window that never comes":      {"2026-03-29", "02:15", "02:45", "2026-03-29T01:00:00Z", "2026-03-29T01:00:00Z"},
		"a day that is shorter":          {"2026-03-29", "", "", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"},
		"a night that is longer":         {"2026-10-24", "22:00", "03:00", "2026-10-24T20:00:00Z", "2026-10-25T02:00:00Z"},
		"an end that comes twice":        {"2026-10-24", "18:00", "02:30", "2026-10-24T16:00:00Z", "2026-10-25T01:30:00Z"},
		"a beginning that comes twice":   {"2026-10-25", "02:30", "04:00", "2026-10-25T00:30:00Z", "2026-10-25T03:00:00Z"},
		"from two on the day of the end": {"2026-10-25", "02:00", "03:00", "2026-10-25T00:00:00Z", "2026-10-25T02:00:00Z"},
		"a day that is longer":           {"2026-10-25", "", "", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"},
	} {
		got := spanOn(date(t, c.date), c.from, c.until)
		if want := (span{instant(t, c.opens), instant(t, c.closes)}); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

// TestAWeeklyWindowFollowsTheClockOnTheWall compares it with what a person would read from clock and calendar.
func TestAWeeklyWindowFollowsTheClockOnTheWall(t *testing.T) {
	t.Parallel()
	clocks := []string{"00:00", "02:30", "11:30", "14:00", "22:15", "23:59"}
	rapid.Check(t, func(r *rapid.T) {
		w := Weekly{
			Weekdays: rapid.SliceOfDistinct(rapid.SampledFrom(weekdays), rapid.ID).Draw(r, "weekdays"),
			From:     rapid.SampledFrom(clocks).Draw(r, "from"), Until: rapid.SampledFrom(clocks).Draw(r, "until"),
		}
		at := time.Date(2026, 6, 1, 0, rapid.IntRange(0, 60*24*30).Draw(r, "minute"), 0, 0, paris)
		if got, want := w.Holds(at), onTheWall(w, at); got != want {
			r.Fatalf("%+v at %v: %t", w, at, got)
		}
		next := w.Next(at)
		// A window that lasts to its next beginning changes nothing there.
		if !next.After(at) || w.From != w.Until && w.Holds(next) == w.Holds(next.Add(-time.Minute)) {
			r.Fatalf("%+v changes after %v at %v", w, at, next)
		}
	})
}

func onTheWall(w Weekly, at time.Time) bool {
	today := len(w.Weekdays) == 0 || slices.Contains(w.Weekdays, weekdays[at.Weekday()])
	before := len(w.Weekdays) == 0 || slices.Contains(w.Weekdays, weekdays[at.AddDate(0, 0, -1).Weekday()])
	clock := at.Format("15:04")
	if w.Until > w.From {
		return today && clock >= w.From && clock < w.Until
	}
	return today && clock >= w.From || before && clock < w.Until
}
