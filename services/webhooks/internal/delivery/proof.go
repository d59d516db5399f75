package delivery

import (
	"bytes"
	"context"
	"encoding/hex"
	"strings"

	"european-pay.eu/eupay/services/webhooks/internal/egress"
	"european-pay.eu/eupay/services/webhooks/internal/endpoint"
)

// ChallengeHeader of a test has a value that the merchant's server returns, in a header or in the body, to prove that the URL
// belongs to the merchant who tests it.
const ChallengeHeader = "EuPay-Challenge"

// challenge returns the value for one event. It cannot be guessed without the request.
func challenge(j Job, t endpoint.Target) string {
	return hex.EncodeToString(sum([]byte(t.Secrets[0]), []byte("challenge."+j.EventID)))
}

// resultVisible reports whether the merchant may see the details of a result. Otherwise a test of someone else's URL would reveal
// what is there: until the URL is proven, a test shows only whether it succeeded.
func (e *Engine) resultVisible(ctx context.Context, j Job, t endpoint.Target, a egress.Answer) bool {
	if j.EventType != TestEvent {
		return true
	}
	value := challenge(j, t)
	if a.Error == "" && (strings.Contains(a.Headers, value) || bytes.Contains(a.Body, []byte(value))) {
		if err := e.recordProof(ctx, j.EndpointID, t.URL); err != nil {
			e.log.WarnContext(ctx, "proof of an endpoint not stored, its next test repeats it", "endpoint", j.EndpointID, "error", err)
		}
		return true
	}
	proven, err := e.proven(ctx, j.EndpointID, t.URL)
	if err != nil {
		e.log.WarnContext(ctx, "response to a test hidden, endpoint not read", "endpoint", j.EndpointID, "error", err)
	}
	return proven
}

// redacted reduces a result to success or failure.
func (r result) redacted() result {
	r.duration = 0
	if r.answer.Error != "" {
		r.answer = egress.Answer{Error: egress.Unproven}
		return r
	}
	r.answer = egress.Answer{Status: r.answer.Status}
	return r
}
