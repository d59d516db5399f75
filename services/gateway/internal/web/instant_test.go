package web

import (
	"testing"
	"time"
)

func TestEveryFormOfISO8601IsRead(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"2026-06-17T12:00:00Z": at, "2026-06-17T14:00:00+02:00": at, "2026-06-17T14:00:00 02:00": at, "2026-06-17T12:00:00": at,
		"2026-06-17T12:00:00.000Z": at, "2026-06-17T12:00": at, "2026-06-17": at.Add(-12 * time.Hour),
		"2026-06-17T12:00Z": at, "2026-06-17T14:00+0200": at, "2026-06-17T14:00:00+02": at, "2026-06-17t12:00:00z": at,
		"2026-06-17T12Z": at, "20260617T120000Z": at, "20260617T1400+0200": at, "20260617": at.Add(-12 * time.Hour),
		"2026-06-17 12:00:00": at, "2026-06-17 14:00:00+02:00": at, "2026-06-17T12:00:00,5Z": at.Add(time.Second / 2),
	} {
		if got, ok := Instant(text); !ok || !got.Equal(want) {
			t.Errorf("%s: %v %v", text, got, ok)
		}
	}
	for _, text := range []string{"", "x", "2026", "2026-06", "2026-13-01", "2026-06-31", "17/06/2026", "1234567890", "2026-06-17T25:00Z", "1969-12-31", "2026-06-17T12:00:00Z Z", "-2026-06-17"} {
		if got, ok := Instant(text); ok {
			t.Errorf("%q was read as %v", text, got)
		}
	}
}
