package push

import (
	"context"
	"net/http"
	"time"

	"github.com/SherClockHolmes/webpush-go"

	"european-pay.eu/eupay/internal/outbound"
	"european-pay.eu/eupay/services/webhooks/internal/egress"
)

// The words for what came of a message, beside those of egress.
const (
	wordSent = "sent"
	wordGone = "gone"
)

// reply is what a push service said to a message.
type reply struct {
	// word is "sent", "gone" or why not.
	word string
	// status is 0 when no answer came.
	status int
	// retryAfter is how long the push service asked to wait.
	retryAfter time.Duration
}

// courier encrypts messages and hands them to push services.
type courier struct {
	key    *Key
	client *egress.Client
	now    func() time.Time
}

// send makes one attempt within ctx. The message is padded to one length, so that an observer cannot tell amounts
// apart. No error is returned: its text would hold the URL, which is a capability.
func (c courier) send(ctx context.Context, t target, payload []byte, ttl time.Duration) reply {
	resp, err := webpush.SendNotificationWithContext(ctx, payload,
		&webpush.Subscription{Endpoint: t.Endpoint, Keys: webpush.Keys{P256dh: t.P256dh, Auth: t.Auth}},
		&webpush.Options{
			HTTPClient: c.client, Subscriber: c.key.subject, VAPIDPublicKey: c.key.public, VAPIDPrivateKey: c.key.private,
			TTL: max(int(ttl/time.Second), 0), Urgency: webpush.UrgencyHigh,
		})
	if err != nil {
		return reply{word: egress.Word(err)}
	}
	defer resp.Body.Close()
	r := reply{word: egress.Status, status: resp.StatusCode, retryAfter: outbound.RetryAfter(resp.Header.Get("Retry-After"), c.now(), worth)}
	switch {
	case r.status >= 200 && r.status < 300:
		r.word = wordSent
	case r.status == http.StatusNotFound || r.status == http.StatusGone:
		r.word = wordGone
	}
	return r
}
