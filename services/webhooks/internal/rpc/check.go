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

// check collects the refused fields of a request.
type check struct{ refuse.Problems }

func (c *check) oneOf(field, value string, allowed []string, message string) {
	c.If(!slices.Contains(allowed, value), field, "%s", message)
}

// endpointID of a filter may be absent.
func (c *check) endpointID(id string) {
	c.If(id != "" && !endpoint.IsID(id), "endpoint_id", "is not the id of an endpoint")
}

// text: PostgreSQL takes no zero bytes.
func (c *check) text(field, s string) {
	c.If(len(s) > 200 || !utf8.ValidString(s) || strings.ContainsRune(s, 0), field, "is not valid")
}

// time is nil for none, and for one that no clock shows.
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

// page of a list: the first one, and 20 entries, when the request does not say.
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
