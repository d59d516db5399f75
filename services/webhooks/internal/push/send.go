package push

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/SherClockHolmes/webpush-go"

	"european-pay.eu/eupay/internal/outbound"
	"european-pay.eu/eupay/internal/run/trace"
	"european-pay.eu/eupay/services/webhooks/internal/egress"
)

// The outcomes of a message, in addition to the reasons of egress.
const (
	outcomeSent = "sent"
	outcomeGone = "gone"
)

// reply is a push service's response to a message.
type reply struct {
	// outcome is "sent", "gone" or the reason of the failure.
	outcome string
	// status is 0 if there was no response.
	status int
	// retryAfter is the delay that the push service asked for.
	retryAfter time.Duration
}

// courier encrypts messages and sends them to push services.
type courier struct {
	key    *Key
	client *egress.Client
	now    func() time.Time
}

// send makes one attempt within ctx. The message is padded to a fixed length, so that an observer cannot distinguish amounts. It
// returns no error, because the text would contain the URL, which is a capability.
func (c courier) send(ctx context.Context, t target, payload []byte, ttl time.Duration) reply {
	ctx, span := trace.Start(ctx, trace.Client, "send push message", trace.Method(http.MethodPost), trace.Host(hostOf(t.Endpoint)))
	r := c.post(ctx, t, payload, ttl)
	span.Set(trace.Outcome(r.outcome))
	if r.status != 0 {
		span.Set(trace.Status(r.status))
	}
	if r.outcome != outcomeSent && r.outcome != outcomeGone {
		span.Fail(r.outcome)
	}
	span.End(nil)
	return r
}

// hostOf returns the name of the push service: the rest of the URL is a capability.
func hostOf(endpoint string) string {
	u, err := url.Parse(endpoint)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

func (c courier) post(ctx context.Context, t target, payload []byte, ttl time.Duration) reply {
	resp, err := webpush.SendNotificationWithContext(ctx, payload,
		&webpush.Subscription{Endpoint: t.Endpoint, Keys: webpush.Keys{P256dh: t.P256dh, Auth: t.Auth}},
		&webpush.Options{
			HTTPClient: c.client, Subscriber: c.key.subject, VAPIDPublicKey: c.key.public, VAPIDPrivateKey: c.key.private,
			TTL: max(int(ttl/time.Second), 0), Urgency: webpush.UrgencyHigh,
		})
	if err != nil {
		return reply{outcome: egress.Reason(err)}
	}
	defer resp.Body.Close()
	r := reply{outcome: egress.Status, status: resp.StatusCode, retryAfter: outbound.RetryAfter(resp.Header.Get("Retry-After"), c.now(), messageTTL)}
	switch {
	case r.status >= 200 && r.status < 300:
		r.outcome = outcomeSent
	case r.status == http.StatusNotFound || r.status == http.StatusGone:
		r.outcome = outcomeGone
	}
	return r
}
