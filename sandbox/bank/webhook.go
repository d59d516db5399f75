package bank

import (
	"fmt"
	"net/url"

	"european-pay.eu/eupay/sandbox/internal/dispatch"
	"european-pay.eu/eupay/sandbox/internal/fault"
)

// dispatcher delivers webhooks: those of one payment in order, those of different payments concurrently.
type dispatcher struct {
	*dispatch.Dispatcher[*record]
	b    *Bank
	path string
	log  dispatch.Log[Webhook]
}

type delivery = dispatch.Delivery[*record]

func newDispatcher(b *Bank) (*dispatcher, error) {
	u, err := url.Parse(b.cfg.WebhookURL)
	if err != nil {
		return nil, fmt.Errorf("read webhook URL: %w", err)
	}
	d := &dispatcher{b: b, path: signedPath(u), log: dispatch.Log[Webhook]{Size: b.cfg.WebhookLog}}
	d.Dispatcher = dispatch.New(dispatch.Settings[*record]{
		Workers: b.cfg.WebhookWorkers, Timeout: b.cfg.WebhookTimeout, Retry: b.cfg.WebhookRetry, Log: b.cfg.Log,
		Faults: b.hookFaults, Deliver: d.deliver, Done: b.acknowledge,
	})
	return d, nil
}

// signedPath returns the path of the listener as signed: with a leading slash, without the query.
func signedPath(u *url.URL) string {
	if u.EscapedPath() == "" {
		return "/"
	}
	return u.EscapedPath()
}

// announce queues the webhook about a change of a payment.
func (b *Bank) announce(r *record) { b.hooks.Enqueue(r.ID, r) }

// hookFaults returns the faults of a webhook: those that the payment requests and the active rules.
func (b *Bank) hookFaults(r *record) []fault.Fault {
	faults := b.faults.Pick(fault.Webhook)
	for _, f := range r.Faults {
		if f.Kind.IsHook() {
			faults = append(faults, f)
		}
	}
	return faults
}

// acknowledge records that a webhook needs no more attempts.
func (b *Bank) acknowledge(r *record) {
	if err := b.journal.Append(line{Ack: r.Hook}); err != nil {
		b.cfg.Log.Error("webhook will be repeated after a restart", "webhook", r.Hook, "error", err)
	}
}
