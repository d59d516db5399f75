// Package bankday knows on which days TARGET, the settlement system of the euro, is open: the days on which classic SEPA credit
// transfers move between banks. TARGET is closed on Saturdays, Sundays and six holidays: 1 January, Good Friday, Easter Monday,
// 1 May, 25 and 26 December (Guideline (EU) 2022/912 of the European Central Bank, unchanged since 2002).
//
// A day is a time at midnight UTC. Functions take any time and look only at its calendar date in its own location; to ask about the
// date of a moment in Paris, give the moment in that location. So the result does not depend on clock changes.
package bankday

import "time"

// Of returns the calendar date of t, in t's own location, as a day.
func Of(t time.Time) time.Time {
	year, month, day := t.Date()
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// IsBankDay reports whether TARGET is open on the date of t.
func IsBankDay(t time.Time) bool {
	day := Of(t)
	if day.Weekday() == time.Saturday || day.Weekday() == time.Sunday {
		return false
	}
	switch _, month, date := day.Date(); {
	case month == time.January && date == 1, month == time.May && date == 1, month == time.December && (date == 25 || date == 26):
		return false
	}
	easter := Easter(day.Year())
	return !day.Equal(easter.AddDate(0, 0, -2)) && !day.Equal(easter.AddDate(0, 0, 1))
}

// Next returns the first bank day on or after the date of t.
func Next(t time.Time) time.Time {
	day := Of(t)
	for !IsBankDay(day) {
		day = day.AddDate(0, 0, 1)
	}
	return day
}

// Add returns the nth bank day after the date of t, which itself does not count; before it if n is negative. With n = 0 it is Next.
func Add(t time.Time, n int) time.Time {
	if n == 0 {
		return Next(t)
	}
	step := 1
	if n < 0 {
		step, n = -1, -n
	}
	day := Of(t)
	for n > 0 {
		day = day.AddDate(0, 0, step)
		if IsBankDay(day) {
			n--
		}
	}
	return day
}

// Easter returns Easter Sunday of a year of the Gregorian calendar, by the anonymous algorithm (Meeus, Astronomical Algorithms,
// chapter 8).
func Easter(year int) time.Time {
	a, b, c := year%19, year/100, year%100
	d, e := b/4, b%4
	g := (8*b + 13) / 25
	h := (19*a + b - d - g + 15) % 30
	i, k := c/4, c%4
	l := (32 + 2*e + 2*i - h - k) % 7
	m := (a + 11*h + 22*l) / 451
	n := h + l - 7*m + 114
	return time.Date(year, time.Month(n/31), n%31+1, 0, 0, 0, 0, time.UTC)
}
