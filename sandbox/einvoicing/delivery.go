package einvoicing

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"

	"european-pay.eu/eupay/sandbox/internal/fault"
)

// SignatureHeader is the header with the result of Sign.
const SignatureHeader = "X-Seqino-Signature"

// Sign returns the signature of a webhook: the hex HMAC-SHA256 of the raw body.
func Sign(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

// sponsor is the only sponsor.
const sponsor = "spo_sandbox"

func (n *notice) body() []byte {
	text, err := json.Marshal(struct {
		ID         string `json:"event_id"`
		Type       string `json:"event_type"`
		At         string `json:"timestamp"`
		Sponsor    string `json:"sponsor_id"`
		Client     string `json:"client_id,omitempty"`
		ObjectType string `json:"object_type,omitempty"`
		Object     string `json:"object_id,omitempty"`
	}{n.ID, n.Type, timestamp(n.At), sponsor, n.Client, n.ObjectType, n.Object})
	if err != nil { // strings only
		panic(err)
	}
	return text
}

// deliver sends a webhook, subject to its faults, and reports whether the listener accepted it.
func (d *dispatcher) deliver(ctx context.Context, x *delivery) bool {
	to := d.p.target()
	if to == nil {
		return true
	}
	if _, ok := x.Has(fault.HookDrop); ok {
		d.record(x, 0, fault.HookDrop)
		return true
	}
	if _, ok := x.Has(fault.HookForged); ok {
		lie := *x.Webhook
		lie.ID = newID("evt")
		d.post(ctx, to.URL, x, lie.body(), "forged "+to.Secret, fault.HookForged)
	}
	secret := to.Secret
	if _, ok := x.Has(fault.HookUnsigned); ok {
		secret = ""
	}
	body := x.Webhook.body()
	x.Attempts++
	ok := d.post(ctx, to.URL, x, body, secret, "")
	if _, twice := x.Has(fault.HookDuplicate); twice && ok {
		d.post(ctx, to.URL, x, body, secret, fault.HookDuplicate)
	}
	return ok
}

// post makes one request. Every status except 2XX is a failure.
func (d *dispatcher) post(ctx context.Context, to string, x *delivery, body []byte, secret string, because fault.Kind) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		d.p.cfg.Log.Error("webhook has no request", "error", err)
		return false
	}
	req.Header.Set("Content-Type", "application/json")
	if secret != "" {
		req.Header.Set(SignatureHeader, Sign(secret, body))
	}
	status := d.Send(req)
	d.record(x, status, because)
	return status >= 200 && status < 300
}

func (d *dispatcher) record(x *delivery, status int, because fault.Kind) {
	d.log.Add(Webhook{Event: x.Webhook.ID, Type: x.Webhook.Type, Object: x.Webhook.Object, Attempt: x.Attempts, Status: status, Fault: string(because)})
}

// Webhook is a delivery attempt, or what a fault made of it.
type Webhook struct {
	Event   string `json:"event_id"`
	Type    string `json:"event_type"`
	Object  string `json:"object_id"`
	Attempt int    `json:"attempt"`
	// Status of the listener's answer; 0 if there was none.
	Status int `json:"status"`
	// Fault says why it was sent or not sent: webhook-duplicate, webhook-forged, webhook-missing.
	Fault string `json:"fault,omitempty"`
}
