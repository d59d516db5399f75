package portalapi

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/services/gateway/internal/web"
)

type list[T any] struct {
	Data       []T            `json:"data"`
	Pagination web.Pagination `json:"pagination"`
}

// page makes a list of what view shows of each element.
func page[E, T any](elements []E, view func(E) T, number, limit int, total int64) list[T] {
	l := list[T]{Data: make([]T, len(elements)), Pagination: web.Pagination{Page: number, Limit: limit, Total: total}}
	for i, e := range elements {
		l.Data[i] = view(e)
	}
	l.Pagination.Pages = (total + int64(limit) - 1) / int64(limit)
	return l
}

// optionalTime is null for a time that has not come.
func optionalTime(t *time.Time) *string {
	if t == nil {
		return nil
	}
	text := web.Time(*t)
	return &text
}

func optionalStamp(t *timestamppb.Timestamp) *string {
	if t == nil {
		return nil
	}
	at := t.AsTime()
	return optionalTime(&at)
}

func stamp(t *timestamppb.Timestamp) string { return web.Time(t.AsTime()) }
