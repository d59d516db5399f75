package bankday

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func day(t testing.TB, s string) time.Time {
	t.Helper()
	d, err := time.Parse(time.DateOnly, s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// The closing days that fall on weekdays, as the European Central Bank publishes them.
func TestPublishedClosingDays(t *testing.T) {
	closed := map[int][]string{
		2002: {"2002-01-01", "2002-03-29", "2002-04-01", "2002-05-01", "2002-12-25", "2002-12-26"},
		2008: {"2008-01-01", "2008-03-21", "2008-03-24", "2008-05-01", "2008-12-25", "2008-12-26"},
		2019: {"2019-01-01", "2019-04-19", "2019-04-22", "2019-05-01", "2019-12-25", "2019-12-26"},
		2023: {"2023-04-07", "2023-04-10", "2023-05-01", "2023-12-25", "2023-12-26"},
		2024: {"2024-01-01", "2024-03-29", "2024-04-01", "2024-05-01", "2024-12-25", "2024-12-26"},
		2025: {"2025-01-01", "2025-04-18", "2025-04-21", "2025-05-01", "2025-12-25", "2025-12-26"},
		2026: {"2026-01-01", "2026-04-03", "2026-04-06", "2026-05-01", "2026-12-25"},
		2027: {"2027-01-01", "2027-03-26", "2027-03-29"},
		2028: {"2028-04-14", "2028-04-17", "2028-05-01", "2028-12-25", "2028-12-26"},
	}
	for year, want := range closed {
		var got []string
		for d := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC); d.Year() == year; d = d.AddDate(0, 0, 1) {
			if d.Weekday() != time.Saturday && d.Weekday() != time.Sunday && !IsBankDay(d) {
				got = append(got, d.Format(time.DateOnly))
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d: closed on %v, want %v", year, got, want)
		}
	}
}

func TestEaster(t *testing.T) {
	// The earliest and latest dates of the 20th and 21st centuries, and others of published tables.
	for _, want := range []string{"1818-03-22", "1913-03-23", "1943-04-25", "1954-04-18", "1981-04-19", "2000-04-23", "2016-03-27", "2038-04-25", "2049-04-18", "2076-04-19", "2100-03-28"} {
		if got := Easter(day(t, want).Year()); !got.Equal(day(t, want)) {
			t.Errorf("Easter is on %s, want %s", got.Format(time.DateOnly), want)
		}
	}
}

func TestNextAndAdd(t *testing.T) {
	for _, c := range []struct {
		from string
		n    int
		want string
	}{
		{"2026-04-02", 1, "2026-04-07"},  // Maundy Thursday: Good Friday, the weekend and Easter Monday follow
		{"2026-04-03", 0, "2026-04-07"},  // a closed day itself
		{"2026-04-07", 0, "2026-04-07"},  // an open day itself
		{"2026-04-07", -1, "2026-04-02"}, // and back
		{"2026-12-24", 1, "2026-12-28"},  // 25 December is a Friday
		{"2026-12-31", 1, "2027-01-04"},
		{"2024-02-28", 2, "2024-03-01"}, // the leap day is a bank day
	} {
		if got := Add(day(t, c.from), c.n); !got.Equal(day(t, c.want)) {
			t.Errorf("Add(%s, %d) = %s, want %s", c.from, c.n, got.Format(time.DateOnly), c.want)
		}
	}
}

// A moment late on Sunday evening in Paris is a Sunday there, although it is still Sunday or already Monday elsewhere; the two hours
// of a clock change are one day.
func TestDateOfALocation(t *testing.T) {
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	if late := time.Date(2026, 3, 29, 22, 30, 0, 0, time.UTC).In(paris); !IsBankDay(late) || !Of(late).Equal(day(t, "2026-03-30")) {
		t.Errorf("after midnight in Paris it is %s", Of(late))
	}
	change := time.Date(2026, 10, 25, 2, 30, 0, 0, paris)
	if got := Next(change); !got.Equal(day(t, "2026-10-26")) {
		t.Errorf("the bank day after the clock change is %s", got)
	}
}

// Add counts exactly the bank days in between, and steps back to where it came from.
func TestAddCountsBankDays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, rapid.IntRange(0, 36500).Draw(t, "day"))
		n := rapid.IntRange(1, 40).Draw(t, "n")
		to, count := Add(from, n), 0
		for d := from.AddDate(0, 0, 1); !d.After(to); d = d.AddDate(0, 0, 1) {
			if IsBankDay(d) {
				count++
			}
		}
		if count != n || !IsBankDay(to) {
			t.Fatalf("Add(%s, %d) = %s, with %d bank days on the way", from, n, to, count)
		}
		if back := Add(to, -n); IsBankDay(from) && !back.Equal(from) {
			t.Fatalf("Add(%s, %d) = %s, not %s", to, -n, back, from)
		}
	})
}
