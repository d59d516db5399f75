package rpc

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/refuse"
	"european-pay.eu/eupay/services/webhooks/internal/endpoint"
)

const (
	defaultLimit = 20
	maxLimit     = 100
	maxPage      = 1_000_000
)

// check collects the problems of a request.
type check struct{ refuse.Problems }

func (c *check) oneOf(field, value string, allowed []string, message string) {
	c.If(!slices.Contains(allowed, value), field, "%s", message)
}

// endpointID of a filter is optional.
func (c *check) endpointID(id string) {
	c.If(id != "" && !endpoint.IsID(id), "endpoint_id", "is not the id of an endpoint")
}

// text refuses zero bytes, which PostgreSQL does not accept.
func (c *check) text(field, s string) {
	c.If(len(s) > 200 || !utf8.ValidString(s) || strings.ContainsRune(s, 0), field, "is not valid")
}

// time returns nil for an absent or invalid time.
func (c *check) time(field string, t *timestamppb.Timestamp) *time.Time {
	if t == nil {
		return nil
	}
	if !t.IsValid() {
		c.Add(field, "is not a time")
		return nil
	}
	at := t.AsTime()
	return &at
}

type page struct{ limit, offset int64 }

// page of a list. The defaults are the first page and 20 entries.
func (c *check) page(r interface {
	GetPage() int32
	GetLimit() int32
},
) page {
	c.If(r.GetPage() < 0 || r.GetPage() > maxPage, "page", "must be from 1 to 1000000")
	c.If(r.GetLimit() < 0 || r.GetLimit() > maxLimit, "limit", "must be from 1 to 100")
	limit := int64(r.GetLimit())
	if limit == 0 {
		limit = defaultLimit
	}
	return page{limit: limit, offset: (max(int64(r.GetPage()), 1) - 1) * limit}
}
