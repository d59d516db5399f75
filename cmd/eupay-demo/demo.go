package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"european-pay.eu/eupay/cmd/internal/payer"
	"european-pay.eu/eupay/cmd/internal/receiver"
	"european-pay.eu/eupay/sdk/go/webhook"
)

const (
	callLimit    = 30 * time.Second
	webhookLimit = 60 * time.Second
)

// demo talks to one running system.
type demo struct {
	url, key, secret string
	out              io.Writer
	step             int
}

func (d *demo) run(ctx context.Context) error {
	hooks, err := receiver.Listen()
	if err != nil {
		return err
	}
	defer hooks.Close()

	d.title("Tell EU Pay where webhooks go")
	var endpoint struct {
		ID     string `json:"id"`
		Secret string `json:"secret"`
	}
	if err := d.post(ctx, "/webhook-endpoints", map[string]any{"url": hooks.URL}, http.StatusCreated, &endpoint); err != nil {
		return err
	}
	if endpoint.Secret == "" {
		return errors.New("the new webhook endpoint has no secret")
	}
	defer d.remove(context.WithoutCancel(ctx), "/webhook-endpoints/"+endpoint.ID)

	paid, err := d.pay(ctx)
	if err != nil {
		return err
	}
	if err := d.receive(ctx, hooks, endpoint.Secret, paid); err != nil {
		return err
	}
	return d.confirm(ctx, paid)
}

type payment struct {
	Reference  string      `json:"reference"`
	Amount     json.Number `json:"amount"`
	Status     string      `json:"status"`
	PaymentURL string      `json:"payment_url"`
}

// pay creates a payment and authorises it as its payer.
func (d *demo) pay(ctx context.Context) (payment, error) {
	d.title("Create a payment")
	var created payment
	order := fmt.Sprintf("ORDER-%d", time.Now().UnixMilli())
	body := map[string]any{
		"amount": json.Number("29.99"), "currency": "EUR", "description": "Order #1042", "reference": order,
		"success_url": "https://yourstore.com/success", "cancel_url": "https://yourstore.com/cancel",
	}
	if err := d.post(ctx, "/gateway/payments", body, http.StatusCreated, &created); err != nil {
		return created, err
	}
	if created.PaymentURL == "" {
		return created, fmt.Errorf("payment %s has no payment_url", created.Reference)
	}
	d.title("The customer pays at the bank")
	who := payer.Payer{See: func(what string) { fmt.Fprintf(d.out, "  The customer %s.\n", what) }}
	landed, err := who.Pay(ctx, created.PaymentURL, payer.Authorise)
	if err != nil {
		return created, err
	}
	if !strings.HasPrefix(landed, "https://yourstore.com/success?") {
		return created, fmt.Errorf("the customer came to %s instead of the success page", landed)
	}
	return created, nil
}

// receive waits for the webhook of the payment and checks it as a merchant should.
func (d *demo) receive(ctx context.Context, hooks *receiver.Receiver, secret string, paid payment) error {
	d.title("EU Pay calls the merchant's webhook")
	ctx, cancel := context.WithTimeout(ctx, webhookLimit)
	defer cancel()
	for {
		hook, err := hooks.Next(ctx)
		if err != nil {
			return err
		}
		fmt.Fprintf(d.out, "  X-EuPay-Event: %s\n  X-EuPay-Signature: %s\n%s\n",
			hook.Header.Get("X-EuPay-Event"), hook.Header.Get("X-EuPay-Signature"), indent(hook.Body))
		if err := webhook.EuPay(secret, hook.Body, hook.Header.Get("X-EuPay-Signature")); err != nil {
			return err
		}
		fmt.Fprintln(d.out, "  The signature is right.")
		var event struct {
			Event string  `json:"event"`
			Data  payment `json:"data"`
		}
		if err := json.Unmarshal(hook.Body, &event); err != nil {
			return fmt.Errorf("read the webhook: %w", err)
		}
		if event.Event != "payment.completed" || event.Data.Reference != paid.Reference {
			continue // of another payment of this merchant
		}
		if event.Data.Status != "completed" || event.Data.Amount != paid.Amount {
			return fmt.Errorf("the webhook says %s %s", event.Data.Status, event.Data.Amount)
		}
		return nil
	}
}

// confirm asks once more, as a merchant does before goods are sent.
func (d *demo) confirm(ctx context.Context, paid payment) error {
	d.title("Ask for the payment before the goods are sent")
	var now payment
	if err := d.call(ctx, http.MethodGet, "/gateway/payments/"+paid.Reference, nil, http.StatusOK, &now); err != nil {
		return err
	}
	if now.Status != "completed" {
		return fmt.Errorf("payment %s is %s", now.Reference, now.Status)
	}
	fmt.Fprintf(d.out, "\n%s EUR are paid: %s.\n", now.Amount, now.Reference)
	return nil
}

func (d *demo) title(text string) {
	d.step++
	fmt.Fprintf(d.out, "\n%d. %s\n", d.step, text)
}

func (d *demo) post(ctx context.Context, path string, body any, want int, into any) error {
	return d.call(ctx, http.MethodPost, path, body, want, into)
}

func (d *demo) remove(ctx context.Context, path string) {
	if err := d.call(ctx, http.MethodDelete, path, nil, http.StatusNoContent, nil); err != nil {
		fmt.Fprintln(d.out, "  The webhook endpoint could not be removed:", err)
	}
}

// call shows and sends a request, shows the answer, and reads the data of it into the last argument.
func (d *demo) call(ctx context.Context, method, path string, body any, want int, into any) error {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	var raw []byte
	if body != nil {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			return fmt.Errorf("write the request: %w", err)
		}
	}
	fmt.Fprintf(d.out, "  %s %s/api/v1%s\n%s", method, d.url, path, indent(raw))
	req, err := http.NewRequestWithContext(ctx, method, d.url+"/api/v1"+path, bytes.NewReader(raw))
	if err != nil {
		return fmt.Errorf("make the request: %w", err)
	}
	req.Header.Set("X-Api-Key", d.key)
	req.Header.Set("X-Api-Secret", d.secret)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	fmt.Fprintf(d.out, "  → %s\n%s", resp.Status, indent(answer))
	if resp.StatusCode != want {
		return fmt.Errorf("%s %s answers %s, not %d", method, path, resp.Status, want)
	}
	return decode(answer, into)
}

// decode reads the data of an answer: with the envelope of the gateway family, or bare.
func decode(answer []byte, into any) error {
	if into == nil {
		return nil
	}
	var envelope struct {
		Data json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(answer, &envelope); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if envelope.Data != nil {
		answer = envelope.Data
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	return nil
}

// indent lays JSON out for reading.
func indent(raw []byte) string {
	if len(raw) == 0 {
		return ""
	}
	var b bytes.Buffer
	if err := json.Indent(&b, raw, "    ", "  "); err != nil {
		return "    " + string(raw) + "\n"
	}
	return "    " + b.String() + "\n"
}
