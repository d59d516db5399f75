package web

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/labstack/echo/v4"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/refuse"
)

// Filters reads the filters of a list from the query and collects the errors. An empty filter is an error: one that was not
// filled in must not list everything.
type Filters struct {
	c   echo.Context
	bad refuse.Problems
}

// FiltersOf reads the filters of a request.
func FiltersOf(c echo.Context) *Filters { return &Filters{c: c} }

// Err names all invalid filters; nil if there are none.
func (f *Filters) Err() error { return f.bad.Err() }

func (f *Filters) given(name string) (value string, ok bool) {
	return f.c.QueryParam(name), f.c.QueryParams().Has(name)
}

// OneOf reads one of the values; empty if it is absent.
func (f *Filters) OneOf(name string, values []string) string {
	value, ok := f.given(name)
	if ok && !slices.Contains(values, value) {
		f.bad.Add(name, "must be one of %s", strings.Join(values, ", "))
	}
	return value
}

// Instant reads an ISO 8601 time; nil if it is absent.
func (f *Filters) Instant(name string) *timestamppb.Timestamp {
	value, ok := f.given(name)
	if !ok {
		return nil
	}
	at, ok := Instant(value)
	if !ok {
		f.bad = append(f.bad, NotAnInstant(name))
	}
	return timestamppb.New(at)
}

// Bool reads true or false; other when it is not given.
func (f *Filters) Bool(name string, other bool) bool {
	value, ok := f.given(name)
	switch {
	case !ok:
		return other
	case value != "true" && value != "false":
		f.bad.Add(name, "must be true or false")
	}
	return value == "true"
}

// Country reads an ISO 3166-1 alpha-2 code in capitals; empty if it is absent.
func (f *Filters) Country(name string) string {
	value, ok := f.given(name)
	if ok && (len(value) != 2 || strings.ContainsFunc(value, func(r rune) bool { return r < 'A' || r > 'Z' })) {
		f.bad.Add(name, "must be a country by its two capital letters, such as FR")
	}
	return value
}

// Amount reads an amount in euros, from one cent; 0 when it is not given.
func (f *Filters) Amount(name string) money.Cents {
	value, ok := f.given(name)
	if !ok {
		return 0
	}
	cents, err := money.Parse(value)
	if err != nil || cents < 1 {
		f.bad.Add(name, "must be an amount in euros such as 29.99")
	}
	return cents
}

// Text reads one line of at most that many characters; empty if it is absent.
func (f *Filters) Text(name string, most int) string {
	value, ok := f.given(name)
	if ok && (value == "" || !utf8.ValidString(value) || utf8.RuneCountInString(value) > most || strings.ContainsFunc(value, unicode.IsControl)) {
		f.bad.Add(name, "must be text of 1 to %d characters", most)
	}
	return value
}
