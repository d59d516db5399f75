package web

import (
	"strconv"

	eupay "european-pay.eu/eupay/sdk/go"
)

// Paging is where a numbered list stands, for the component pages.
type Paging struct{ Page, Pages, Total, Previous, NextNumber int }

// PagingOf reads it from an answer of the API; of a list without numbers it is empty.
func PagingOf(p *eupay.Pagination) Paging {
	if p == nil {
		return Paging{}
	}
	pages := p.Pages
	if p.TotalIsMinimum { // there are more than were counted
		pages = max(pages, p.Page+1)
	}
	return Paging{Page: p.Page, Pages: pages, Total: p.Total, Previous: p.Page - 1, NextNumber: p.Page + 1}
}

// ListPage is the page of a list that the request's query asks for, with that many elements. A page that is no number is the first.
func (r *Request) ListPage(limit int) eupay.ListParams {
	n, err := strconv.Atoi(r.URL.Query().Get("page"))
	if err != nil || n < 1 {
		n = 1
	}
	return eupay.ListParams{Page: n, Limit: limit}
}
