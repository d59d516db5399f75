package outbound_test

import (
	"strings"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/outbound"
)

func TestAnAbsurdRetryAfterIsClamped(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 6, 17, 12, 25, 30, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 0, "0": 0, "1": time.Second, " 120 ": 2 * time.Minute, "0090": 90 * time.Second, "3600": time.Hour, "3601": time.Hour,
		"4294967296": time.Hour, "9223372036854775808": time.Hour, "99999999999999999999": time.Hour, strings.Repeat("9", 500): time.Hour,
		"-5": 0, "+5": 0, "1.5": 0, "1e9": 0, "soon": 0, "١٢": 0,
		"Wed, 17 Jun 2026 12:26:30 GMT": time.Minute, "Wed, 17 Jun 2026 12:25:30 GMT": 0, "Thu, 01 Jan 1970 00:00:00 GMT": 0,
		"Fri, 31 Dec 9999 23:59:59 GMT": time.Hour, "Wednesday, 17-Jun-26 12:26:30 GMT": time.Minute,
	} {
		if got := outbound.RetryAfter(text, now, time.Hour); got != want {
			t.Errorf("%q asks for %v, want %v", text, got, want)
		}
	}
}
