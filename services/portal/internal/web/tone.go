package web

import (
	"fmt"
	"maps"
	"slices"
)

// tones are the colours of states: what went well, what waits, what needs somebody, what went wrong. Others are neutral.
var tones = map[string]string{
	"completed": "good", "paid": "good", "active": "good", "delivered": "good", "succeeded": "good", "enabled": "good", "ready": "good",
	"served": "good", "accepted": "good", "approved": "good", "healthy": "good", "merchant_live": "good",
	"pending": "wait", "pending_sca": "wait", "awaiting_payment": "wait", "received": "wait", "preparing": "wait", "submitted": "wait",
	"retrying": "wait", "queued": "wait", "pending_kyb": "wait", "scheduled": "wait", "in_progress": "wait", "proving": "wait", "waiting": "wait",
	"half_open": "wait", "expected": "wait",
	"missed": "warn", "mandate_pending": "warn", "disabled": "warn", "stalled": "warn", "failing": "warn", "merchant_test": "warn",
	"unknown": "warn",
	"draft":   "quiet", "cancelled": "quiet", "expired": "quiet", "revoked": "quiet",
	"failed": "bad", "payment_failed": "bad", "submission_failed": "bad", "rejected": "bad", "refused": "bad", "exhausted": "bad", "dead": "bad",
	"open": "bad", "merchant_frozen": "bad",
	"refunded":     "info",
	"line_matched": "good", "line_partly": "wait", "line_new": "wait", "line_suggested": "warn", "line_unmatched": "quiet", "line_gone": "quiet", "line_coming": "quiet",
}

// tone is the colour of a state.
func tone(state any) string {
	if t, ok := tones[fmt.Sprint(state)]; ok {
		return t
	}
	return "quiet"
}

// States are all states that have a colour, for the page of components.
func States() []string { return slices.Sorted(maps.Keys(tones)) }
