// Package web has what all HTTP handlers of the gateway share: strict decoding of request bodies, the forms of answers, the only
// renderer of errors, and the middleware of all requests.
package web

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/refuse"
	"european-pay.eu/eupay/services/gateway/internal/patience"
)

// Limits of lists.
const (
	defaultLimit = 20
	maxLimit     = 100
	// maxPage keeps page*limit far from overflow, and an OFFSET from scanning the whole table for nothing.
	maxPage = 1_000_000
)

// Pagination is the "pagination" of a list. Pages is computed from Total and Limit.
type Pagination struct {
	Page  int   `json:"page"`
	Limit int   `json:"limit"`
	Total int64 `json:"total"`
	Pages int64 `json:"pages"`
	// TotalIsMinimum says that there are more than Total, which are not counted: see internal/tally.
	TotalIsMinimum bool `json:"total_is_minimum,omitempty"`
}

type answer struct {
	Success bool `json:"success"`
	Data    any  `json:"data"`
}

type listAnswer struct {
	Success    bool       `json:"success"`
	Data       any        `json:"data"`
	Pagination Pagination `json:"pagination"`
}

// OK answers {"success":true,"data":…}.
func OK(c echo.Context, status int, data any) error {
	return Answer(c, status, answer{Success: true, Data: data})
}

// List answers with a page. data must be a non-nil slice, so that an empty page is [].
func List(c echo.Context, data any, p Pagination) error {
	return Answer(c, http.StatusOK, listAnswer{Success: true, Data: data, Pagination: p.counted()})
}

// counted returns p with Pages set.
func (p Pagination) counted() Pagination {
	p.Pages = 0
	if p.Limit > 0 {
		p.Pages = (p.Total + int64(p.Limit) - 1) / int64(p.Limit)
	}
	return p
}

// Listing is a page as Answer writes it, without the envelope of List. Make it with ListingOf.
type Listing[T any] struct {
	Data       []T        `json:"data"`
	Pagination Pagination `json:"pagination"`
}

// ListingOf returns the page with that number (from 1), with the view of each element. total is the number of elements of all
// pages together.
func ListingOf[E, T any](elements []E, view func(E) T, number, limit int, total int64) Listing[T] {
	l := Listing[T]{Data: make([]T, len(elements)), Pagination: Pagination{Page: number, Limit: limit, Total: total}.counted()}
	for i, e := range elements {
		l.Data[i] = view(e)
	}
	return l
}

// AtLeast says whether the total of the list is a minimum.
func (l Listing[T]) AtLeast(minimum bool) Listing[T] {
	l.Pagination.TotalIsMinimum = minimum
	return l
}

// Cursored is a part of a list that continues after its last element. Make it with CursoredOf.
type Cursored[T any] struct {
	Data    []T  `json:"data"`
	HasMore bool `json:"has_more"`
}

// CursoredOf returns a part with the view of each element. more means that others follow.
func CursoredOf[E, T any](elements []E, view func(E) T, more bool) Cursored[T] {
	l := Cursored[T]{Data: make([]T, len(elements)), HasMore: more}
	for i, e := range elements {
		l.Data[i] = view(e)
	}
	return l
}

// After reads the query parameter starting_after: the element after which a list continues, instead of the parameter page.
func After(c echo.Context) (string, error) {
	after := c.QueryParam("starting_after")
	if after != "" && c.QueryParams().Has("page") {
		return "", errs.Invalid(errs.Field{Field: "starting_after", Message: "starting_after cannot be combined with page."})
	}
	return after, nil
}

// ListPart answers with a part of a list, in the envelope of List.
func ListPart(c echo.Context, data any, more bool) error {
	return Answer(c, http.StatusOK, struct {
		answer
		HasMore bool `json:"has_more"`
	}{answer{Success: true, Data: data}, more})
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// Answer writes body without the envelope of OK. It encodes first, so that a body that cannot be encoded becomes an error and not
// half an answer. HTML is not escaped: a URL stays readable, and signed text stays byte for byte unchanged.
func Answer(c echo.Context, status int, body any) error {
	b := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(b)
	b.Reset()
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(body); err != nil {
		return fmt.Errorf("encode answer: %w", err)
	}
	return Send(c, status, echo.MIMEApplicationJSON, b.Bytes())
}

// Page reads the query parameters page (from 1, default 1) and limit (1 to 100, default 20). An invalid value is a
// VALIDATION_ERROR.
func Page(c echo.Context) (page, limit int, err error) {
	var bad refuse.Problems
	page, limit = number(c, &bad, "page", 1, maxPage), number(c, &bad, "limit", defaultLimit, maxLimit)
	if err := bad.Err(); err != nil {
		return 0, 0, err
	}
	return page, limit, nil
}

func number(c echo.Context, bad *refuse.Problems, name string, fallback, highest int) int {
	text := c.QueryParam(name)
	if text == "" && !c.QueryParams().Has(name) {
		return fallback
	}
	n, err := strconv.Atoi(text)
	bad.If(err != nil || n < 1 || n > highest, name, "must be an integer from 1 to %d", highest)
	return n
}

// Calling returns the context for calls to other services: the request's, with a deadline of limit, multiplied by the request's
// patience.
func Calling(c echo.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	ctx := c.Request().Context()
	return context.WithTimeout(ctx, patience.Of(ctx, limit))
}

// Patient multiplies all waits of a request.
func Patient(times int) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if r := c.Request(); times > 1 {
				c.SetRequest(r.WithContext(patience.With(r.Context(), times)))
			}
			return next(c)
		}
	}
}

// Time formats an instant as in the API: UTC, milliseconds, "Z".
func Time(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
