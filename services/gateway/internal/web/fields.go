package web

import (
	"time"

	"european-pay.eu/eupay/internal/errs"
)

// Required takes pairs of a field and its value, and refuses the empty values.
func Required(pairs ...string) error {
	var bad []errs.Field
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			bad = append(bad, errs.Field{Field: pairs[i], Message: pairs[i] + " is required."})
		}
	}
	if len(bad) > 0 {
		return errs.Invalid(bad...)
	}
	return nil
}

// InstantOf parses a time; nil for none.
func InstantOf(field string, text *string) (*time.Time, error) {
	if text == nil || *text == "" {
		return nil, nil
	}
	at, ok := Instant(*text)
	if !ok {
		return nil, errs.Invalid(NotAnInstant(field))
	}
	at = at.UTC().Truncate(time.Microsecond)
	return &at, nil
}

// NothingToDo refuses a change without fields, which is most likely a mistake.
func NothingToDo(fields string) error {
	return errs.Invalid(errs.Field{Field: "body", Message: "The body changes nothing: give at least one of " + fields + "."})
}

// OrNull returns nil for an empty text.
func OrNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
