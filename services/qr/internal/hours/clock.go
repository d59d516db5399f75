// Package hours decides when a merchant takes orders: weekly windows of named services, exceptions by date, pauses, and the slots in which
// takeaway orders are fetched. Clock times are those of Paris.
package hours

import (
	"slices"
	"time"
	_ "time/tzdata" // days and hours are those of Paris, also on a machine without a time zone database
)

var paris = mustZone("Europe/Paris")

func mustZone(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		panic(err) // the time zones are part of the program
	}
	return zone
}

// dateOf is the day in Paris, as midnight in UTC: days can be added to it whatever the clocks do.
func dateOf(at time.Time) time.Time {
	year, month, day := at.In(paris).Date()
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// span is from a moment to another one, which is not part of it.
type span struct{ From, Until time.Time }

func (s span) holds(at time.Time) bool { return !at.Before(s.From) && at.Before(s.Until) }

// moments returns when the clocks of a date show a time for the first and for the last time: an hour of autumn comes twice. A time that
// spring skips is the moment of the change.
func moments(date time.Time, minutes int) (first, last time.Time) {
	year, month, day := date.Date()
	at := time.Date(year, month, day, 0, minutes, 0, 0, paris)
	switch shown := at.Hour()*60 + at.Minute(); {
	case shown > minutes:
		at, _ = at.ZoneBounds()
	case shown < minutes:
		_, at = at.ZoneBounds()
	}
	first, last = at.UTC(), at.UTC()
	const clock = "02 15:04"
	if other := at.Add(-time.Hour).In(paris); other.Format(clock) == at.In(paris).Format(clock) {
		first = other.UTC()
	}
	if other := at.Add(time.Hour).In(paris); other.Format(clock) == at.In(paris).Format(clock) {
		last = other.UTC()
	}
	return first, last
}

// minutesOf reads a time such as 11:30, which was validated; an empty one is midnight.
func minutesOf(clock string) int {
	at, err := time.Parse("15:04", clock)
	if err != nil {
		return 0
	}
	return at.Hour()*60 + at.Minute()
}

// spanOn is the window that begins on a date. It is open whenever the clocks show a time of it: it begins when they show from for the first
// time, and ends when they show until for the last. An until that is not after from is of the next day.
func spanOn(date time.Time, from, until string) span {
	begin, end, last := minutesOf(from), minutesOf(until), date
	if end <= begin {
		last = date.AddDate(0, 0, 1)
	}
	opens, _ := moments(date, begin)
	_, closes := moments(last, end)
	return span{opens, closes}
}

// weekdays by time.Weekday.
var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// Weekly is a part of the week. Without weekdays it is of every day, without times of the whole day.
type Weekly struct {
	Weekdays []string `json:"weekdays,omitempty"`
	From     string   `json:"from,omitempty"`
	Until    string   `json:"until,omitempty"`
}

// on returns the window that begins on that date.
func (w Weekly) on(date time.Time) (span, bool) {
	if len(w.Weekdays) > 0 && !slices.Contains(w.Weekdays, weekdays[date.Weekday()]) {
		return span{}, false
	}
	return spanOn(date, w.From, w.Until), true
}

// Holds reports whether the time is in the window. One that begins on the day before may last until then.
func (w Weekly) Holds(at time.Time) bool {
	today := dateOf(at)
	for _, date := range []time.Time{today.AddDate(0, 0, -1), today} {
		if s, ok := w.on(date); ok && s.holds(at) {
			return true
		}
	}
	return false
}

// Next returns when the window begins or ends next after that time.
func (w Weekly) Next(at time.Time) (next time.Time) {
	today := dateOf(at)
	for i := -1; i <= 8; i++ {
		if s, ok := w.on(today.AddDate(0, 0, i)); ok {
			next = earlier(next, at, s.From, s.Until)
		}
	}
	return next
}

// earlier returns the earliest of next and those of the others that are after at; zero is none.
func earlier(next, at time.Time, others ...time.Time) time.Time {
	for _, t := range others {
		if t.After(at) && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	return next
}
