package invoice

import (
	"errors"
	"strings"
	"time"
)

// Date is a calendar day, YYYY-MM-DD. Invoices have days, not times; empty means none.
type Date string

// ErrDate is the error of ParseDate.
var ErrDate = errors.New("not a date between 2000-01-01 and 2099-12-31")

// ParseDate parses YYYY-MM-DD, a valid day in the years that BR-FR-03 permits.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || t.Year() < 2000 || t.Year() > 2099 {
		return "", ErrDate
	}
	return Date(s), nil
}

// DateOf returns the day of t in loc: invoices are dated in French time, not in UTC.
func DateOf(t time.Time, loc *time.Location) Date { return Date(t.In(loc).Format(time.DateOnly)) }

// Compact returns YYYYMMDD (format 102).
func (d Date) Compact() string { return strings.ReplaceAll(string(d), "-", "") }

// Time returns the start of the day in UTC; the zero time for no day.
func (d Date) Time() time.Time {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return time.Time{}
	}
	return t
}

// Add returns the day that many days later.
func (d Date) Add(days int) Date { return Date(d.Time().AddDate(0, 0, days).Format(time.DateOnly)) }

// Year of the day.
func (d Date) Year() int { return d.Time().Year() }
