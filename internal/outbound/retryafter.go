package outbound

import (
	"net/http"
	"strings"
	"time"
)

// RetryAfter parses a Retry-After header (RFC 9110, 10.2.3), in seconds or as a date, limited to most. It returns 0 if the header
// is absent, invalid or in the past.
func RetryAfter(text string, now time.Time, most time.Duration) time.Duration {
	text = strings.TrimSpace(text)
	if text != "" && strings.Trim(text, "0123456789") == "" {
		return seconds(text, most)
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	return max(min(at.Sub(now), most), 0)
}

// seconds parses digits and stops once most is reached, so that long numbers cannot overflow.
func seconds(digits string, most time.Duration) time.Duration {
	var n time.Duration
	for _, d := range digits {
		if n = 10*n + time.Duration(d-'0')*time.Second; n >= most {
			return most
		}
	}
	return n
}
