package portalapi

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/services/gateway/internal/web"
)

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
