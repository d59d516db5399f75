// Package schedule knows on which days the banks execute a standing order. It is written from the provider's reference and the calendar of
// TARGET, and shares nothing with the code that it is used to test.
//
// A day is a time at midnight UTC.
package schedule

import "time"

// steps are the days or the months between two transfers, by frequency.
var steps = map[string]struct{ days, months int }{
	"daily": {days: 1}, "weekly": {days: 7}, "two-weekly": {days: 14},
	"monthly": {months: 1}, "two-monthly": {months: 2}, "quarterly": {months: 3}, "four-monthly": {months: 4}, "semiannually": {months: 6}, "yearly": {months: 12},
}

// Execution returns the day on which the nth transfer, counted from 0, of an order that begins at start is executed: its own day, or the first
// bank day after it. Its own day is that of the start in a later month, or the last one of a month that is too short. false: the order has
// ended before; a zero end is none.
func Execution(frequency string, start, end time.Time, n int) (time.Time, bool) {
	step := steps[frequency]
	day := start.AddDate(0, 0, n*step.days)
	if step.months > 0 {
		day = monthsLater(start, n*step.months)
	}
	if !end.IsZero() && day.After(end) {
		return time.Time{}, false
	}
	for !open(day) {
		day = day.AddDate(0, 0, 1)
	}
	return day, true
}

func monthsLater(start time.Time, months int) time.Time {
	day := start.AddDate(0, months, 0)
	if day.Day() != start.Day() { // it ran over into the next month
		day = day.AddDate(0, 0, -day.Day())
	}
	return day
}

// open reports whether TARGET is open: not at weekends, on 1 January, Good Friday, Easter Monday, 1 May, 25 and 26 December.
func open(day time.Time) bool {
	switch day.Format("01-02") {
	case "01-01", "05-01", "12-25", "12-26":
		return false
	}
	if day.Weekday() == time.Saturday || day.Weekday() == time.Sunday {
		return false
	}
	sunday := easter(day.Year())
	return !day.Equal(sunday.AddDate(0, 0, -2)) && !day.Equal(sunday.AddDate(0, 0, 1))
}

// easter returns Easter Sunday, by Gauss's rule.
func easter(year int) time.Time {
	k := year / 100
	m := (15 + k - k/4 - (13+8*k)/25) % 30
	d := (19*(year%19) + m) % 30
	e := (2*(year%4) + 4*(year%7) + 6*d + (4+k-k/4)%7) % 7
	sunday := time.Date(year, time.March, 22+d+e, 0, 0, 0, 0, time.UTC)
	if d == 29 && e == 6 || d == 28 && e == 6 && (11*m+11)%30 < 19 {
		sunday = sunday.AddDate(0, 0, -7)
	}
	return sunday
}
