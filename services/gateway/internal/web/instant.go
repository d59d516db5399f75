package web

import (
	"strings"
	"time"

	"european-pay.eu/eupay/internal/errs"
)

// layouts are the forms of ISO 8601 that have a calendar date: to the hour, minute or second (a fraction may follow), with
// separators or without, with each form of a zone or none.
var layouts = func() []string {
	list := []string{time.DateOnly, "20060102"}
	for _, zone := range []string{"Z07:00", "Z0700", "Z07", ""} {
		for _, clock := range []string{"15:04:05", "15:04", "15"} {
			list = append(list, "2006-01-02T"+clock+zone, "20060102T"+strings.ReplaceAll(clock, ":", "")+zone)
		}
	}
	return list
}()

// Instant reads an ISO 8601 time between the years 1970 and 9999, in capital or small letters. Without a zone, and for a
// day alone, it is UTC. A blank may stand for the T, or for a "+" of a query that was not escaped.
func Instant(text string) (time.Time, bool) {
	text = strings.ToUpper(text)
	if !strings.Contains(text, "T") {
		text = strings.Replace(text, " ", "T", 1)
	}
	text = strings.Replace(text, " ", "+", 1)
	for _, layout := range layouts {
		if t, err := time.ParseInLocation(layout, text, time.UTC); err == nil {
			year := t.UTC().Year() // PostgreSQL and JSON agree on years of four digits only
			return t, year >= 1970 && year < 10000
		}
	}
	return time.Time{}, false
}

// NotAnInstant refuses a field that Instant cannot read.
func NotAnInstant(field string) errs.Field {
	return errs.Field{Field: field, Message: field + " must be an ISO 8601 time such as 2026-06-17T12:00:00Z."}
}
