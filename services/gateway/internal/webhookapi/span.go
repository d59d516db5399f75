package webhookapi

import (
	"github.com/labstack/echo/v4"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// span is a time range; nil means unbounded.
type span struct{ after, before *timestamppb.Timestamp }

// spanOf parses two times and names all that are invalid.
func spanOf(after string, from *string, before string, to *string) (span, error) {
	var (
		s   span
		bad []errs.Field
	)
	read := func(field string, text *string) *timestamppb.Timestamp {
		at, err := web.InstantOf(field, text)
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
