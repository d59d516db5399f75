package qrimageapi

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/refuse"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

// query parses parameters strictly and collects the errors. Values that the qr service checks are only parsed here.
type query struct {
	refuse.Problems
	values url.Values
}

// queryOf refuses unknown parameters, because a misspelt one would be ignored silently.
func queryOf(c echo.Context, known ...string) *query {
	q := &query{values: c.QueryParams()}
	for name, values := range q.values {
		switch {
		case !slices.Contains(known, name):
			q.Add(clip(name), "is not a parameter of this endpoint: it has %s", strings.Join(known, ", "))
		case len(values) > 1:
			q.Add(name, "is given more than once")
		}
	}
	slices.SortFunc(q.Problems, func(a, b errs.Field) int { return strings.Compare(a.Field, b.Field) })
	return q
}

// clip limits the length of a name that an answer repeats.
func clip(name string) string {
	if name == "" {
		return "query"
	}
	return strings.ToValidUTF8(name[:min(len(name), 40)], "")
}

// oneOf reads one of the words; the first is the default.
func (q *query) oneOf(name string, words ...string) string {
	if !q.values.Has(name) {
		return words[0]
	}
	if v := q.values.Get(name); slices.Contains(words, v) {
		return v
	}
	q.Add(name, "must be %s", strings.Join(words, " or "))
	return words[0]
}

// number reads an integer of the picture's options; nil if it is absent.
func (q *query) number(name string, least, most uint32) *uint32 {
	if !q.values.Has(name) {
		return nil
	}
	n, err := strconv.ParseUint(q.values.Get(name), 10, 32)
	if err != nil || uint32(n) < least || uint32(n) > most {
		q.Add(name, "must be a whole number from %d to %d", least, most)
		return nil
	}
	v := uint32(n)
	return &v
}

// colour reads rrggbb, with or without #, which must be escaped in a query.
func (q *query) colour(name string) string {
	if v := q.values.Get(name); v != "" && v[0] != '#' {
		return "#" + v
	}
	return q.values.Get(name)
}

// The parameters of every picture, and their limits. The qr service has the final say.
var imageParameters = []string{"size", "margin", "dark", "light", "logo"}

const (
	minSize   = 64
	maxSize   = 2048
	maxMargin = 16
)

// image reads the options of a picture, except the logo itself.
func (q *query) image() (o *qrv1.ImageOptions, logo bool) {
	o = &qrv1.ImageOptions{Margin: q.number("margin", 0, maxMargin), Dark: q.colour("dark"), Light: q.colour("light")}
	if size := q.number("size", minSize, maxSize); size != nil {
		o.Size = *size
	}
	return o, q.oneOf("logo", "none", "merchant") == "merchant"
}

// plain reports whether the code of a SEPA transfer is asked for, which has no room for a logo.
func (q *query) plain(withLogo bool) bool {
	plain := q.oneOf("type", "app", "epc") == "epc"
	if plain && withLogo {
		q.Add("logo", "is not possible with type=epc, whose level of error correction has no room for it")
	}
	return plain
}
