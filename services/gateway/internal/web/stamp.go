package web

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"
)

// OptionalTime returns nil for a nil time.
func OptionalTime(t *time.Time) *string {
	if t == nil {
		return nil
	}
	text := Time(*t)
	return &text
}

// OptionalStamp is OptionalTime for a protobuf timestamp.
func OptionalStamp(t *timestamppb.Timestamp) *string {
	if t == nil {
		return nil
	}
	at := t.AsTime()
	return OptionalTime(&at)
}

// Stamp is Time for a protobuf timestamp.
func Stamp(t *timestamppb.Timestamp) string { return Time(t.AsTime()) }

// StampOrNone is Stamp, or empty for none.
func StampOrNone(t *timestamppb.Timestamp) string {
	if t == nil {
		return ""
	}
	return Stamp(t)
}
