package main

import (
	"testing"
	"time"
)

func TestTimesAndRates(t *testing.T) {
	now := time.Date(2026, 6, 17, 10, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"":                          {},
		"90m":                       now.Add(-90 * time.Minute),
		"7d":                        now.AddDate(0, 0, -7),
		"2026-06-17T10:00:00+02:00": now.Add(-2 * time.Hour),
	} {
		if got, err := moment("--since", text, now); err != nil || !got.Equal(want) {
			t.Errorf("%q is %s, %v", text, got, err)
		}
	}
	for _, text := range []string{"-1h", "1", "d", "-2d", "2026-06-17"} {
		if _, err := moment("--since", text, now); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
	for text, want := range map[string]float64{"100/s": 100, "100": 100, "600/m": 10, "30/m": 0.5} {
		if got, err := pace(text); err != nil || float64(got) != want {
			t.Errorf("%q is %v a second, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "0", "-1/s", "1/h", "1/", "1.5/s", "9999999/s"} {
		if _, err := pace(text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}
