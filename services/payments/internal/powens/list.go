package powens

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// List calls visit with each payment that was registered since the day of the given time, until it returns an error. Payments that
// are made meanwhile may be missed.
func (c *Client) List(ctx context.Context, since time.Time, visit func(Payment) error) error {
	for offset := 0; ; offset += pageSize {
		page, err := c.page(ctx, since, offset)
		if err != nil {
			return err
		}
		for _, p := range page {
			if err := visit(p); err != nil {
				return err
			}
		}
		if len(page) < pageSize {
			return nil
		}
	}
}

func (c *Client) page(ctx context.Context, since time.Time, offset int) ([]Payment, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.CallTimeout)
	defer cancel()
	const op = "list payments"
	query := url.Values{"min_date": {since.UTC().Format(time.DateOnly)}, "limit": {strconv.Itoa(pageSize)}, "offset": {strconv.Itoa(offset)}}
	answer, err := c.do(ctx, request{op: op, method: http.MethodGet, path: "/payments?" + query.Encode(), repeatable: true})
	if err != nil {
		return nil, err
	}
	page, _, err := readList(answer.body)
	if err != nil {
		return nil, unreadable(op, answer.status)
	}
	return page, nil
}
