package delivery

import (
	"testing"
	"time"

	"european-pay.eu/eupay/services/webhooks/internal/egress"
	"european-pay.eu/eupay/services/webhooks/internal/fair"
)

// TestASlowSuccessIsNoFailure: what an endpoint's answer means for its share of the workers.
func TestASlowSuccessIsNoFailure(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer egress.Answer
		took   time.Duration
		want   fair.Verdict
	}{
		"success":         {egress.Answer{Status: 204}, fast - 1, fair.Fast},
		"slow success":    {egress.Answer{Status: 200}, fast, fair.Late},
		"tarpit":          {egress.Answer{Status: 200}, 9900 * time.Millisecond, fair.Late},
		"failure":         {egress.Answer{Status: 500, Error: egress.Status}, time.Millisecond, fair.Same},
		"slow failure":    {egress.Answer{Status: 500, Error: egress.Status}, slow + 1, fair.Slow},
		"timeout":         {egress.Answer{Error: egress.Timeout}, time.Millisecond, fair.Slow},
		"asks for a rest": {egress.Answer{Status: 429, Error: egress.Status}, time.Millisecond, fair.Slow},
	} {
		if got := verdict(result{answer: c.answer, duration: c.took}); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
