package web

import (
	"strings"
	"time"

	"european-pay.eu/eupay/internal/errs"
)

// layouts are the forms of ISO 8601 with a calendar date: to the hour, minute or second (with optional fraction), with or without
// separators, with each form of a zone or none.
var layouts = func() []string {
	list := []string{time.DateOnly, "20060102"}
	for _, zone := range []string{"Z07:00", "Z0700", "Z07", ""} {
		for _, clock := range []string{"15:04:05", "15:04", "15"} {
			list = append(list, "2006-01-02T"+clock+zone, "20060102T"+strings.ReplaceAll(clock, ":", "")+zone)
		}
	}
	return list
}()

// Instant parses an ISO 8601 time in the years 1970 to 9999, in upper or lower case. Without a zone, and for a date alone, it is
// UTC. A space may replace the T, or a "+" that was not escaped in a query.
func Instant(text string) (time.Time, bool) {
	text = strings.ToUpper(text)
	if !strings.Contains(text, "T") {
		text = strings.Replace(text, " ", "T", 1)
	}
	text = strings.Replace(text, " ", "+", 1)
	for _, layout := range layouts {
		if t, err := time.ParseInLocation(layout, text, time.UTC); err == nil {
			year := t.UTC().Year() // PostgreSQL and JSON agree only on years of four digits
			return t, year >= 1970 && year < 10000
		}
	}
	return time.Time{}, false
}

// NotAnInstant is the error for a field that Instant cannot parse.
func NotAnInstant(field string) errs.Field {
	return errs.Field{Field: field, Message: field + " must be an ISO 8601 time such as 2026-06-17T12:00:00Z."}
}
