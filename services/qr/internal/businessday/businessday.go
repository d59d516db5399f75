// Package businessday says when a merchant's day begins: what is sold after midnight belongs to the evening before. See
// docs/adr/0047-a-journal-of-sales.md.
package businessday

import (
	"fmt"
	"time"
	_ "time/tzdata" // days are those of Paris, also on a machine without a time zone database
)

// Start is when a business day begins, in minutes after midnight in France.
type Start int16

const (
	// Usual is the start of merchants that said nothing.
	Usual Start = 4 * 60
	// Latest is the latest start.
	Latest Start = 12 * 60
	// Step is what all starts are multiples of.
	Step Start = 15
)

var paris = mustZone("Europe/Paris")

func mustZone(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		panic(err) // the time zones are part of the program
	}
	return zone
}

// Parse reads a start such as 04:00; false if there is none like that.
func Parse(text string) (Start, bool) {
	at, err := time.Parse("15:04", text)
	if err != nil || len(text) != 5 {
		return 0, false
	}
	s := Start(at.Hour()*60 + at.Minute())
	return s, s <= Latest && s%Step == 0
}

// All returns all starts, the earliest first.
func All() []Start {
	var all []Start
	for s := Start(0); s <= Latest; s += Step {
		all = append(all, s)
	}
	return all
}

// String returns a start such as 04:00.
func (s Start) String() string { return fmt.Sprintf("%02d:%02d", s/60, s%60) }

// Begin returns when the business day of a date begins, which is when the day before ends. Of a time that comes twice when the clocks go back it is
// the first, and of one that is left out when they go forward the moment of that.
func (s Start) Begin(day time.Time) time.Time {
	wall := time.Date(day.Year(), day.Month(), day.Day(), int(s/60), int(s%60), 0, 0, time.UTC)
	noon := time.Date(day.Year(), day.Month(), day.Day(), 12, 0, 0, 0, paris)
	changed, _ := noon.ZoneBounds()
	if before := wall.Add(-offset(changed.Add(-time.Second))); before.Before(changed) {
		return before
	}
	if after := wall.Add(-offset(noon)); after.After(changed) {
		return after
	}
	return changed.UTC()
}

func offset(at time.Time) time.Duration {
	_, seconds := at.In(paris).Zone()
	return time.Duration(seconds) * time.Second
}

// Of returns the business day of a time, as midnight UTC of its date.
func (s Start) Of(at time.Time) time.Time {
	local := at.In(paris)
	day := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, time.UTC)
	if at.Before(s.Begin(day)) {
		return day.AddDate(0, 0, -1)
	}
	return day
}

// Next returns when the business day after that of a time begins.
func (s Start) Next(at time.Time) time.Time { return s.Begin(s.Of(at).AddDate(0, 0, 1)) }
