package text

import (
	"time"
	_ "time/tzdata" // a minimal image has no time zones
)

// zone is the time zone of the pages: merchants are French.
var zone = mustZone("Europe/Paris")

func mustZone(name string) *time.Location {
	z, err := time.LoadLocation(name)
	if err != nil {
		panic(err) // cannot happen: the zones are in the program
	}
	return z
}

// forms is how a language writes what is counted and dated. Sources: Unicode CLDR, plural rules and number patterns of en and fr.
type forms struct {
	one                            func(n int) bool
	group, point, percent, at, day string
	euros                          func(whole, cents string) string
	months                         [12]string
}

// nbsp and narrow keep a number and its unit on one line.
const (
	nbsp   = "\u00a0"
	narrow = "\u202f"
)

var formsOf = map[string]forms{
	"en": {
		one: func(n int) bool { return n == 1 }, group: ",", point: ".", percent: "%", at: ", ", day: "d",
		euros:  func(whole, cents string) string { return "€" + whole + "." + cents },
		months: [12]string{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"},
	},
	"fr": {
		one: func(n int) bool { return n == 0 || n == 1 }, group: narrow, point: ",", percent: narrow + "%", at: " à ", day: "j",
		euros:  func(whole, cents string) string { return whole + "," + cents + nbsp + "€" },
		months: [12]string{"janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."},
	},
}

// DaysBefore is the midnight of the pages' time zone with which the day begins that is n days before that of t; 0 is the day of t.
func DaysBefore(t time.Time, n int) time.Time {
	t = t.In(zone)
	return time.Date(t.Year(), t.Month(), t.Day()-n, 0, 0, 0, 0, zone)
}

// Day reads a day of the pages' time zone, such as 2026-06-17, and returns its midnight and that of the next day.
func Day(text string) (begin, end time.Time, err error) {
	begin, err = time.ParseInLocation(time.DateOnly, text, zone)
	return begin, DaysBefore(begin, -1), err
}
