package businessday

import (
	"testing"
	"time"
)

func instant(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// The clocks change on 29 March and 25 October 2026.
func TestABusinessDayBeginsInFrance(t *testing.T) {
	t.Parallel()
	for at, want := range map[string]string{
		"2026-06-17T01:59:59Z": "2026-06-16", "2026-06-17T02:00:00Z": "2026-06-17", "2026-12-31T23:30:00Z": "2026-12-31", "2027-01-01T02:59:59Z": "2026-12-31",
		"2027-01-01T03:00:00Z": "2027-01-01", "2026-03-29T01:59:59Z": "2026-03-28", "2026-03-29T02:00:00Z": "2026-03-29",
		"2026-10-25T02:59:59Z": "2026-10-24", "2026-10-25T03:00:00Z": "2026-10-25",
	} {
		if got := Usual.Of(instant(t, at)).Format(time.DateOnly); got != want {
			t.Errorf("%s is on %s, not on %s", at, got, want)
		}
	}
}

// 02:15 does not exist in one night, and comes twice in another.
func TestADayBeginsOnceWhenTheClocksChange(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		starts    Start
		day, want string
	}{
		{0, "2026-03-29", "2026-03-28T23:00:00Z"},
		{105, "2026-03-29", "2026-03-29T00:45:00Z"},
		{120, "2026-03-29", "2026-03-29T01:00:00Z"},
		{135, "2026-03-29", "2026-03-29T01:00:00Z"},
		{180, "2026-03-29", "2026-03-29T01:00:00Z"},
		{195, "2026-03-29", "2026-03-29T01:15:00Z"},
		{720, "2026-03-29", "2026-03-29T10:00:00Z"},
		{120, "2026-10-25", "2026-10-25T00:00:00Z"},
		{135, "2026-10-25", "2026-10-25T00:15:00Z"},
		{180, "2026-10-25", "2026-10-25T02:00:00Z"},
		{720, "2026-10-25", "2026-10-25T11:00:00Z"},
		{135, "2026-06-17", "2026-06-17T00:15:00Z"},
	} {
		if got := c.starts.Begin(instant(t, c.day+"T00:00:00Z")).Format(time.RFC3339); got != c.want {
			t.Errorf("%s begins at %s with the start %s, want %s", c.day, got, c.starts, c.want)
		}
	}
}

// Each moment is in one day, and days follow each other.
func TestDaysFollowEachOther(t *testing.T) {
	t.Parallel()
	for _, from := range []string{"2026-03-27T22:00:00Z", "2026-10-23T22:00:00Z", "2026-12-30T22:00:00Z"} {
		for _, starts := range All() {
			at := instant(t, from)
			last := starts.Of(at)
			for range 4 * 24 * 4 {
				at = at.Add(15 * time.Minute)
				day := starts.Of(at)
				if at.Before(starts.Begin(day)) || !at.Before(starts.Begin(day.AddDate(0, 0, 1))) || !starts.Next(at).Equal(starts.Begin(day.AddDate(0, 0, 1))) {
					t.Fatalf("%s is not within %s, which starts at %s", at, day.Format(time.DateOnly), starts)
				}
				if !day.Equal(last) && !day.Equal(last.AddDate(0, 0, 1)) {
					t.Fatalf("%s after %s with the start %s", day, last, starts)
				}
				last = day
			}
		}
	}
}

func TestAStartIsAQuarterOfAnHour(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Start{"00:00": 0, "04:00": Usual, "06:45": 405, "12:00": Latest} {
		if got, ok := Parse(text); !ok || got != want || got.String() != text {
			t.Errorf("%s is %d, %t", text, got, ok)
		}
	}
	for _, text := range []string{"", "4:00", "04:10", "12:15", "24:00", "04:00:00", "four"} {
		if got, ok := Parse(text); ok {
			t.Errorf("%q is %s", text, got)
		}
	}
	if n := len(All()); n != 49 {
		t.Errorf("%d starts", n)
	}
}
