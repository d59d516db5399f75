package delivery

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"strings"

	"european-pay.eu/eupay/services/webhooks/internal/egress"
	"european-pay.eu/eupay/services/webhooks/internal/endpoint"
)

// ChallengeHeader of a test has a value that the merchant's server sends back, in a header or in the body, to prove that its
// URL belongs to whoever tests it.
const ChallengeHeader = "EuPay-Challenge"

// challenge is the value for one event: who does not see the request cannot know it.
func challenge(j Job, t endpoint.Target) string {
	return hex.EncodeToString(sum([]byte(t.Secrets[0]), []byte("challenge."+j.EventID)))
}

// shown reports whether the merchant may read what came of an attempt. What anybody could send to anybody's URL must not tell what
// is there: a test says no more than whether it was taken, until the URL is proven.
func (e *Engine) shown(ctx context.Context, j Job, t endpoint.Target, a egress.Answer) bool {
	if j.EventType != TestEvent {
		return true
	}
	value := challenge(j, t)
	if a.Error == "" && (strings.Contains(a.Headers, value) || bytes.Contains(a.Body, []byte(value))) {
		_, err := e.db.Exec(ctx, `update endpoints set proven_at = $3 where id = $1 and url = $2 and proven_at is null`, j.EndpointID, t.URL, e.now())
		if err != nil {
			e.log.Warn("proof of an endpoint not noted, its next test proves it", "endpoint", j.EndpointID, "error", err)
		}
		return true
	}
	proven, err := e.proven(ctx, j.EndpointID, t.URL)
	if err != nil {
		e.log.Warn("answer to a test is not shown, its endpoint cannot be read", "endpoint", j.EndpointID, "error", err)
	}
	return proven
}

// proven reports whether the endpoint still has that URL, and its server has proven itself. A delivery of the first minute after a
// change of the URL proves nothing: it may have gone to the URL before.
func (e *Engine) proven(ctx context.Context, endpointID, url string) (proven bool, err error) {
	err = e.db.QueryRow(ctx, `select coalesce((select e.proven_at is not null or exists (select from deliveries d
			where d.endpoint_id = e.id and d.status = 'delivered' and d.event_type <> $3 and d.created_at >= coalesce(e.url_since + interval '1 minute', e.created_at))
		from endpoints e where e.id = $1 and e.url = $2), false)`, endpointID, url, TestEvent).Scan(&proven)
	if err != nil {
		return false, fmt.Errorf("read proof of endpoint: %w", err)
	}
	return proven, nil
}

// hide leaves of a result whether the event was taken.
func (r result) hide() result {
	r.duration = 0
	if r.answer.Error != "" {
		r.answer = egress.Answer{Error: egress.Unproven}
		return r
	}
	r.answer = egress.Answer{Status: r.answer.Status}
	return r
}
