package outbound

import (
	"net/http"
	"strings"
	"time"
)

// RetryAfter reads a Retry-After header (RFC 9110, 10.2.3): seconds, however many, or a date; at most most. 0: it asks for
// nothing, for a time that is over, or for what cannot be understood.
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

// seconds reads digits and stops where most is reached, so that no number is too long.
func seconds(digits string, most time.Duration) time.Duration {
	var n time.Duration
	for _, d := range digits {
		if n = 10*n + time.Duration(d-'0')*time.Second; n >= most {
			return most
		}
	}
	return n
}
