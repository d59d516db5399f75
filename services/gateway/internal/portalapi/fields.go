package portalapi

import (
	"time"

	"github.com/labstack/echo/v4"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/gateway/internal/web"
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

// instantOf reads a time; nil for none.
func instantOf(field string, text *string) (*time.Time, error) {
	if text == nil || *text == "" {
		return nil, nil
	}
	at, ok := web.Instant(*text)
	if !ok {
		return nil, errs.Invalid(web.NotAnInstant(field))
	}
	at = at.UTC().Truncate(time.Microsecond)
	return &at, nil
}

// span of time; nil is no bound.
type span struct{ after, before *timestamppb.Timestamp }

// spanOf reads two times, and names all that is wrong with them.
func spanOf(after string, from *string, before string, to *string) (span, error) {
	var (
		s   span
		bad []errs.Field
	)
	read := func(field string, text *string) *timestamppb.Timestamp {
		at, err := instantOf(field, text)
		if err != nil {
			bad = append(bad, errs.From(err).Fields...)
		}
		if at == nil {
			return nil
		}
		return timestamppb.New(*at)
	}
	s.after, s.before = read(after, from), read(before, to)
	if len(bad) > 0 {
		return span{}, errs.Invalid(bad...)
	}
	return s, nil
}

// between reads a span from the query.
func between(c echo.Context, after, before string) (span, error) {
	f := web.FiltersOf(c)
	s := span{f.Instant(after), f.Instant(before)}
	return s, f.Err()
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
