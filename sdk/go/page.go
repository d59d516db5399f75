package eupay

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Page is one part of a list.
type Page[T any] struct {
	Data []T `json:"data"`
	// Pagination is there when the page was asked for by its number.
	Pagination *Pagination `json:"pagination"`
	// HasMore is there when the list was asked for by its StartingAfter.
	HasMore bool `json:"has_more"`
}

// Pagination says which page it is, and of how many.
type Pagination struct {
	// Page counts from 1.
	Page int `json:"page"`
	// Limit is the most elements of a page, Total how many there are on all.
	Limit int `json:"limit"`
	Total int `json:"total"`
	Pages int `json:"pages"`
	// TotalIsMinimum says that there are more than Total, and more than Pages: they were not counted.
	TotalIsMinimum bool `json:"total_is_minimum"`
}

// more reports whether another page follows one of at most limit elements.
func (p *Page[T]) more(limit int) bool {
	of := p.Pagination
	return p.HasMore || of != nil && (of.Page < of.Pages || of.TotalIsMinimum && len(p.Data) >= limit)
}

// ListParams ask for a page of a list that is read by numbers.
type ListParams struct {
	// Page counts from 1; 0 is the first one.
	Page int
	// Limit is the most elements of a page, up to 100. 0: 20 of a List, 100 of an All.
	Limit int
}

func (p ListParams) query() query {
	q := query{}
	q.number("page", p.Page)
	q.number("limit", p.Limit)
	return q
}

// listing is a list with pages.
type listing[T any] struct {
	*caller
	call
	// id is what starting_after takes of an element; nil: the list has only numbers.
	id func(*T) string
}

// page reads the page that the query asks for.
func (l listing[T]) page(ctx context.Context) (*Page[T], error) {
	l.method = http.MethodGet
	return get[Page[T]](ctx, l.caller, l.call)
}

// most is the largest page that the API gives.
const most = 100

// all reads the list from where the query begins to its end, a page at a time, when they are asked for.
func (l listing[T]) all(ctx context.Context) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		at := l
		at.query = l.query.clone()
		if !at.query.has("limit") {
			at.query.number("limit", most)
		}
		limit, err := strconv.Atoi(url.Values(at.query).Get("limit"))
		if err != nil {
			limit = most
		}
		for {
			p, err := at.page(ctx)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, element := range p.Data {
				if !yield(element, nil) {
					return
				}
			}
			if !p.more(limit) || len(p.Data) == 0 {
				return
			}
			at.next(p)
		}
	}
}

// next moves the query on to what follows p.
func (l listing[T]) next(p *Page[T]) {
	if l.id == nil {
		l.query.number("page", p.Pagination.Page+1)
		return
	}
	delete(l.query, "page")
	l.query.text("starting_after", l.id(&p.Data[len(p.Data)-1]))
}

// query is the query of a request. What is empty is left out.
type query url.Values

func (q query) has(name string) bool { return url.Values(q).Has(name) }

func (q query) clone() query {
	out := make(query, len(q))
	for name, values := range q {
		out[name] = values
	}
	return out
}

func (q query) text(name, value string) {
	if value != "" {
		url.Values(q).Set(name, value)
	}
}

func (q query) number(name string, n int) {
	if n != 0 {
		q.text(name, strconv.Itoa(n))
	}
}

func (q query) flag(name string, is bool) { q.text(name, strconv.FormatBool(is)) }

func (q query) whole(name string, n *int) {
	if n != nil {
		q.text(name, strconv.Itoa(*n))
	}
}

func (q query) choice(name string, is *bool) {
	if is != nil {
		q.flag(name, *is)
	}
}

func (q query) amount(name string, a Amount) {
	if a != 0 {
		q.text(name, a.String())
	}
}

func (q query) time(name string, t time.Time) {
	if !t.IsZero() {
		q.text(name, t.UTC().Format(time.RFC3339Nano))
	}
}
