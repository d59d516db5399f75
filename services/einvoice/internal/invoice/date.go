package invoice

import (
	"errors"
	"strings"
	"time"
)

// Date is a day of the calendar, YYYY-MM-DD. Invoices know days, not moments; empty is no day.
type Date string

// ErrDate is what ParseDate refuses.
var ErrDate = errors.New("not a date between 2000-01-01 and 2099-12-31")

// ParseDate reads YYYY-MM-DD, a real day of the years that BR-FR-03 allows.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || t.Year() < 2000 || t.Year() > 2099 {
		return "", ErrDate
	}
	return Date(s), nil
}

// DateOf is the day on which t is in loc: invoices are dated in France, not in UTC.
func DateOf(t time.Time, loc *time.Location) Date { return Date(t.In(loc).Format(time.DateOnly)) }

// Compact is YYYYMMDD (format 102).
func (d Date) Compact() string { return strings.ReplaceAll(string(d), "-", "") }

// Time is the day's beginning in UTC; the zero time for no day.
func (d Date) Time() time.Time {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return time.Time{}
	}
	return t
}

// Add is the day that many days later.
func (d Date) Add(days int) Date { return Date(d.Time().AddDate(0, 0, days).Format(time.DateOnly)) }

// Year of the day.
func (d Date) Year() int { return d.Time().Year() }
