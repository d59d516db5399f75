package bank

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"

	"european-pay.eu/eupay/sandbox/internal/fault"
)

// Sign returns the BI-Signature of a delivery: Base64 of HMAC-SHA256 over METHOD.PATH.DATE.BODY. PATH is that of the registered
// listener, DATE the text of BI-Signature-Date.
func Sign(secret, method, path, date string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(method + "." + path + "." + date + "."))
	mac.Write(body)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// signatureDate is the format of BI-Signature-Date.
const signatureDate = "2006-01-02T15:04:05.000000Z"

// deliver sends a webhook, subject to its faults, and reports whether the listener accepted it.
func (d *dispatcher) deliver(ctx context.Context, x *delivery) bool {
	if _, ok := x.Has(fault.HookDrop); ok {
		d.record(x, "", 0, fault.HookDrop)
		return true
	}
	v := view{hook: x.Webhook.Hook}
	for _, f := range x.Faults {
		if f.Kind.IsShape() {
			v.odd = append(v.odd, f.Kind)
		}
	}
	if _, ok := x.Has(fault.HookForged); ok {
		d.forge(ctx, x)
	}
	body := d.b.appendPayment(make([]byte, 0, 2048), x.Webhook, v)
	secret := d.b.cfg.WebhookSecret
	if _, ok := x.Has(fault.HookUnsigned); ok {
		secret = ""
	}
	x.Attempts++
	ok := d.post(ctx, x, body, secret, "")
	if _, twice := x.Has(fault.HookDuplicate); twice && ok {
		d.post(ctx, x, body, secret, fault.HookDuplicate)
	}
	return ok
}

// forge sends a claim that the payment is done, signed with a wrong secret.
func (d *dispatcher) forge(ctx context.Context, x *delivery) {
	lie := x.Webhook.clone()
	lie.State, lie.ErrorCode = StateDone, ""
	body := d.b.appendPayment(nil, lie, view{hook: x.Webhook.Hook + 1})
	d.post(ctx, x, body, "forged "+d.b.cfg.WebhookSecret, fault.HookForged)
}

// post makes one request. Every status except 2XX is a failure.
func (d *dispatcher) post(ctx context.Context, x *delivery, body []byte, secret string, because fault.Kind) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.b.cfg.WebhookURL, bytes.NewReader(body))
	if err != nil {
		d.b.cfg.Log.Error("webhook has no request", "error", err)
		return false
	}
	date := d.b.cfg.Now().UTC().Format(signatureDate)
	req.Header.Set("Content-Type", "application/json")
	if secret != "" {
		req.Header.Set("BI-Signature-Date", date)
		req.Header.Set("BI-Signature", Sign(secret, http.MethodPost, d.path, date, body))
	}
	status := d.Send(req)
	d.record(x, date, status, because)
	return status >= 200 && status < 300
}

func (d *dispatcher) record(x *delivery, date string, status int, because fault.Kind) {
	outcome := "failed"
	if status >= 200 && status < 300 || because == fault.HookDrop {
		outcome = "delivered"
	}
	d.b.stats.count("webhook " + outcome)
	d.log.Add(Webhook{ID: x.Webhook.Hook, Payment: x.Webhook.ID, State: x.Webhook.State, Attempt: x.Attempts, Status: status, Date: date, Fault: string(because)})
}
