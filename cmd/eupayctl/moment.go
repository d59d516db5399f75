package main

import (
	"strconv"
	"strings"
	"time"

	"golang.org/x/time/rate"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/cmd/eupayctl/internal/operate"
)

// instant returns the zero time for none.
func instant(at *timestamppb.Timestamp) time.Time {
	if at == nil {
		return time.Time{}
	}
	return at.AsTime()
}

// moment parses a time: RFC 3339, or how long ago, as 90m, 36h or 7d. Empty: zero.
func moment(flag, text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return at.UTC(), nil
	}
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n >= 0 && n < 36500 {
			return now.UTC().AddDate(0, 0, -n), nil
		}
	}
	if ago, err := time.ParseDuration(text); err == nil && ago >= 0 {
		return now.UTC().Add(-ago), nil
	}
	return time.Time{}, operate.Invalid(flag + " " + text + " is no time: write it as 2026-06-17T10:00:00Z, or as how long ago, 90m, 36h or 7d")
}

// pace parses how many events are sent per time, as 100/s or 600/m.
func pace(text string) (rate.Limit, error) {
	number, unit, _ := strings.Cut(text, "/")
	n, err := strconv.Atoi(number)
	per := map[string]time.Duration{"": time.Second, "s": time.Second, "m": time.Minute}[unit]
	if err != nil || n <= 0 || n > 1_000_000 || per == 0 || strings.HasSuffix(text, "/") {
		return 0, operate.Invalid("--rate " + text + " is no rate: write it as 100/s or 600/m")
	}
	return rate.Every(per / time.Duration(n)), nil
}
