package portalapi

import (
	"time"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
)

// required takes pairs of a field and its value, and refuses the empty ones.
func required(pairs ...string) error {
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

// instantOf reads a time with its zone; nil for none.
func instantOf(field string, text *string) (*time.Time, error) {
	if text == nil {
		return nil, nil
	}
	at, err := time.Parse(time.RFC3339, *text)
	// PostgreSQL and JSON agree on years of four digits only.
	if err != nil || at.UTC().Year() < 1970 || at.UTC().Year() > 9999 {
		return nil, errs.Invalid(errs.Field{Field: field, Message: field + " must be a time such as 2026-06-17T12:00:00Z."})
	}
	at = at.UTC().Truncate(time.Microsecond)
	return &at, nil
}

// nothingToDo refuses a change that changes nothing: most likely a misunderstanding.
func nothingToDo(fields string) error {
	return errs.Invalid(errs.Field{Field: "body", Message: "The body changes nothing: give at least one of " + fields + "."})
}

// maxID is longer than every id that we give out.
const maxID = 64

// externalID is the id in the path of something that another service keeps. What can be no id does not exist.
func externalID(c echo.Context, what string) (string, error) {
	id := c.Param("id")
	if id == "" || len(id) > maxID {
		return "", errs.NotFound(what)
	}
	for i := range len(id) {
		b := id[i]
		if (b < '0' || b > '9') && (b < 'a' || b > 'z') && (b < 'A' || b > 'Z') && b != '_' && b != '-' {
			return "", errs.NotFound(what)
		}
	}
	return id, nil
}
