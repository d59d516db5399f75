package calendar

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

func texts(days []time.Time) (out []string) {
	for _, d := range days {
		out = append(out, d.Format(time.DateOnly))
	}
	return out
}

// model computes the nominal days within so many years in the slowest and most obvious way: it walks through every single day and asks
// whether it is one.
func model(s Schedule, years int) (days []time.Time) {
	until := s.Start.AddDate(years, 0, 0)
	for d, passed := s.Start, 0; d.Before(until); d, passed = d.AddDate(0, 0, 1), passed+1 {
		if !s.End.IsZero() && d.After(s.End) {
			return days
		}
		if isDue(s, d, passed) {
			days = append(days, d)
		}
	}
	return days
}

// isDue reads the rules aloud. passed are the days since the start.
func isDue(s Schedule, d time.Time, passed int) bool {
	switch s.Frequency {
	case Daily:
		return true
	case Weekly:
		return passed%7 == 0
	case TwoWeekly:
		return passed%14 == 0
	}
	months := map[Frequency]int{Monthly: 1, TwoMonthly: 2, Quarterly: 3, FourMonthly: 4, Semiannually: 6, Yearly: 12}[s.Frequency]
	between := 12*(d.Year()-s.Start.Year()) + int(d.Month()) - int(s.Start.Month())
	isLast := d.AddDate(0, 0, 1).Month() != d.Month()
	rightDay := d.Day() == s.Start.Day() || isLast && d.Day() < s.Start.Day()
	return between%months == 0 && rightDay
}

func schedules() *rapid.Generator[Schedule] {
	return rapid.Custom(func(t *rapid.T) Schedule {
		start := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, rapid.IntRange(0, 12*366).Draw(t, "start"))
		if rapid.Bool().Draw(t, "at the end of a month") {
			start = time.Date(start.Year(), start.Month()+1, 0, 0, 0, 0, 0, time.UTC)
		}
		s := Schedule{Frequency: rapid.SampledFrom(Frequencies).Draw(t, "frequency"), Start: start}
		if rapid.Bool().Draw(t, "ends") {
			s.End = start.AddDate(0, 0, rapid.IntRange(0, 20*366).Draw(t, "length"))
		}
		return s
	})
}

// TestTheCalendarIsThatOfASlowModelFor50Years also checks the counts and the search, which have formulas of their own.
func TestTheCalendarIsThatOfASlowModelFor50Years(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := schedules().Draw(t, "schedule")
		want := model(s, 50)
		var got []time.Time
		for n := 0; n < len(want); n++ {
			d, ok := s.At(n)
			if !ok {
				break
			}
			got = append(got, d)
		}
		if !slices.Equal(texts(got), texts(want)) {
			t.Fatalf("days %v, want %v", texts(got), texts(want))
		}
		if s.End.IsZero() {
			if s.Count() != 0 {
				t.Fatalf("an endless schedule has %d occurrences", s.Count())
			}
		} else if s.Count() != len(want) || s.Ending(len(want)).Count() != len(want) {
			t.Fatalf("%d occurrences, %d when counted, want %d", s.Count(), s.Ending(len(want)).Count(), len(want))
		}
		if _, more := s.At(len(want)); more && !s.End.IsZero() {
			t.Fatal("an occurrence after the last one")
		}
		some := s.Start.AddDate(0, 0, rapid.IntRange(-400, 49*365).Draw(t, "some day"))
		later := slices.IndexFunc(want, func(d time.Time) bool { return d.After(some) })
		if n := s.After(some); later >= 0 && n != later {
			t.Fatalf("the first after %s is %d, want %d", some.Format(time.DateOnly), n, later)
		}
	})
}

func TestMonthEndsAndLeapDays(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		frequency Frequency
		start     string
		want      []string
	}{
		"the 31st":        {Monthly, "2027-01-31", []string{"2027-01-31", "2027-02-28", "2027-03-31", "2027-04-30", "2027-05-31"}},
		"the 30th":        {Monthly, "2027-12-30", []string{"2027-12-30", "2028-01-30", "2028-02-29", "2028-03-30"}},
		"a leap day":      {Yearly, "2028-02-29", []string{"2028-02-29", "2029-02-28", "2030-02-28", "2031-02-28", "2032-02-29"}},
		"around the year": {FourMonthly, "2026-10-31", []string{"2026-10-31", "2027-02-28", "2027-06-30", "2027-10-31"}},
		"two weeks":       {TwoWeekly, "2028-02-15", []string{"2028-02-15", "2028-02-29", "2028-03-14"}},
		"half years":      {Semiannually, "2026-08-31", []string{"2026-08-31", "2027-02-28", "2027-08-31"}},
	} {
		s := Schedule{Frequency: c.frequency, Start: day(t, c.start)}
		var got []time.Time
		for n := range c.want {
			got = append(got, s.Nominal(n))
		}
		if !slices.Equal(texts(got), c.want) {
			t.Errorf("%s: %v, want %v", name, texts(got), c.want)
		}
	}
}

// TestWhatIsDueOnAClosedDayIsExecutedOnTheNextBankDay has the Easter of 2027: Good Friday is 26 March.
func TestWhatIsDueOnAClosedDayIsExecutedOnTheNextBankDay(t *testing.T) {
	t.Parallel()
	for nominal, want := range map[string]string{
		"2027-03-25": "2027-03-25", "2027-03-26": "2027-03-30", "2027-03-29": "2027-03-30", "2027-05-01": "2027-05-03",
		"2026-12-25": "2026-12-28", "2027-01-01": "2027-01-04", "2026-10-25": "2026-10-26",
	} {
		if got := Execution(day(t, nominal)).Format(time.DateOnly); got != want {
			t.Errorf("%s is executed on %s, want %s", nominal, got, want)
		}
	}
}

// TestAClockChangeMovesNoDay: Paris changes its clocks on 28 March and 31 October 2027. On these days midnight and nine o'clock are 8
// and 10 hours apart.
func TestAClockChangeMovesNoDay(t *testing.T) {
	t.Parallel()
	for at, want := range map[string]string{
		"2027-03-27T22:59:59Z": "2027-03-27", "2027-03-27T23:00:00Z": "2027-03-28", "2027-03-28T21:59:59Z": "2027-03-28", "2027-03-28T22:00:00Z": "2027-03-29",
		"2027-10-30T21:59:59Z": "2027-10-30", "2027-10-30T22:00:00Z": "2027-10-31", "2027-10-31T22:59:59Z": "2027-10-31", "2027-10-31T23:00:00Z": "2027-11-01",
	} {
		now, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := Today(now).Format(time.DateOnly); got != want {
			t.Errorf("at %s it is %s in Paris, want %s", at, got, want)
		}
	}
	for d, want := range map[string]string{"2027-03-27": "08:00", "2027-03-28": "07:00", "2027-10-30": "07:00", "2027-10-31": "08:00"} {
		if got := Clock(day(t, d), 9); got.Format("15:04") != want || !Today(got).Equal(day(t, d)) {
			t.Errorf("nine o'clock on %s is %s", d, got)
		}
	}
}
