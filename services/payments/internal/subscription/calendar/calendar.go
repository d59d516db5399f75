// Package calendar computes on which days a subscription is due. It does no I/O and knows no clock.
//
// A day is a civil date of Europe/Paris, held as a time at midnight UTC as in package bankday: so a clock change moves nothing. The
// day on which an occurrence is due by its schedule is its nominal day; a bank executes it on the first TARGET bank day on or
// after that.
package calendar

import (
	"slices"
	"time"
	_ "time/tzdata" // Paris is known on every machine

	"european-pay.eu/eupay/internal/bankday"
)

// Frequency is how often a subscription is due, in the words of the provider.
type Frequency string

// The frequencies.
const (
	Daily        Frequency = "daily"
	Weekly       Frequency = "weekly"
	TwoWeekly    Frequency = "two-weekly"
	Monthly      Frequency = "monthly"
	TwoMonthly   Frequency = "two-monthly"
	Quarterly    Frequency = "quarterly"
	FourMonthly  Frequency = "four-monthly"
	Semiannually Frequency = "semiannually"
	Yearly       Frequency = "yearly"
)

// Frequencies are all frequencies, from the most frequent one.
var Frequencies = []Frequency{Daily, Weekly, TwoWeekly, Monthly, TwoMonthly, Quarterly, FourMonthly, Semiannually, Yearly}

// Known reports whether f is one of Frequencies.
func (f Frequency) Known() bool { return slices.Contains(Frequencies, f) }

// steps are the days or the months from one occurrence to the next.
var steps = map[Frequency]struct{ days, months int }{
	Daily: {days: 1}, Weekly: {days: 7}, TwoWeekly: {days: 14},
	Monthly: {months: 1}, TwoMonthly: {months: 2}, Quarterly: {months: 3}, FourMonthly: {months: 4}, Semiannually: {months: 6}, Yearly: {months: 12},
}

// Schedule is when a subscription is due. Start is the first nominal day. No occurrence is due after End; a zero End is none.
type Schedule struct {
	Frequency  Frequency
	Start, End time.Time
}

// Nominal returns the nominal day of an occurrence, which are counted from 0, whatever the end. In months, the day of the month is that of
// the start, or the month's last day where the month is too short: 31 January is followed by 28 February and then by 31 March.
func (s Schedule) Nominal(n int) time.Time {
	step := steps[s.Frequency]
	if step.months == 0 {
		return s.Start.AddDate(0, 0, n*step.days)
	}
	year, month, day := s.Start.Date()
	first := time.Date(year, month+time.Month(n*step.months), 1, 0, 0, 0, 0, time.UTC)
	return first.AddDate(0, 0, min(day, daysOf(first))-1)
}

// daysOf returns the number of days of the month that begins at first.
func daysOf(first time.Time) int { return first.AddDate(0, 1, -1).Day() }

// At returns the nominal day of an occurrence; false: the schedule ends before it.
func (s Schedule) At(n int) (time.Time, bool) {
	day := s.Nominal(n)
	return day, n >= 0 && (s.End.IsZero() || !day.After(s.End))
}

// After returns the number of the first occurrence whose nominal day is after a day, whatever the end.
func (s Schedule) After(day time.Time) int {
	if day.Before(s.Start) {
		return 0
	}
	var passed int
	if step := steps[s.Frequency]; step.months == 0 {
		passed = int(day.Sub(s.Start)/(24*time.Hour)) / step.days
	} else {
		passed = ((day.Year()-s.Start.Year())*12 + int(day.Month()-s.Start.Month())) / step.months
	}
	for !s.Nominal(passed).After(day) {
		passed++
	}
	return passed
}

// Count returns how many occurrences there are; 0: the schedule has no end.
func (s Schedule) Count() int {
	if s.End.IsZero() {
		return 0
	}
	return s.After(s.End)
}

// Ending returns the schedule that ends with its countth occurrence.
func (s Schedule) Ending(count int) Schedule {
	s.End = s.Nominal(count - 1)
	return s
}

// Execution returns the bank day on which an occurrence of a nominal day is executed.
func Execution(nominal time.Time) time.Time { return bankday.Next(nominal) }

// Paris is the time zone of all days.
var Paris = func() *time.Location {
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil { // impossible: the data is part of the program
		panic(err)
	}
	return paris
}()

// Today returns the day that it is in Paris.
func Today(now time.Time) time.Time { return bankday.Of(now.In(Paris)) }

// Clock returns the moment in UTC at which the clocks of Paris show an hour of a day. No clock change touches the hours from 4 on.
func Clock(day time.Time, hour int) time.Time {
	return time.Date(day.Year(), day.Month(), day.Day(), hour, 0, 0, 0, Paris).UTC()
}
