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
	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/sdk/go/webhook"
)

const webhookLimit = 60 * time.Second

// demo calls one running system.
type demo struct {
	eupay *eupay.Client
	out   io.Writer
	step  int
}

// newDemo returns a demo that calls the system at url, and shows every request and answer.
func newDemo(url, key, secret string, out io.Writer) *demo {
	return &demo{out: out, eupay: eupay.New(key, eupay.Secret(secret), eupay.Options{BaseURL: url, HTTPClient: &http.Client{Transport: shown{out}}})}
}

func (d *demo) run(ctx context.Context) error {
	hooks, err := receiver.Listen()
	if err != nil {
		return err
	}
	defer hooks.Close()

	d.title("Tell EU Pay where webhooks go")
	endpoint, err := d.eupay.WebhookEndpoints.Create(ctx, eupay.EndpointParams{URL: hooks.URL})
	if err != nil {
		return err
	}
	if endpoint.Secret == "" {
		return errors.New("the new webhook endpoint has no secret")
	}
	defer d.remove(context.WithoutCancel(ctx), endpoint.ID)

	paid, err := d.pay(ctx)
	if err != nil {
		return err
	}
	if err := d.receive(ctx, hooks, string(endpoint.Secret), paid); err != nil {
		return err
	}
	return d.confirm(ctx, paid)
}

// pay creates a payment and authorises it as its payer.
func (d *demo) pay(ctx context.Context) (*eupay.Payment, error) {
	d.title("Create a payment")
	created, err := d.eupay.Payments.Create(ctx, eupay.PaymentParams{
		Amount: 2999, Currency: "EUR", Description: "Order #1042", Reference: fmt.Sprintf("ORDER-%d", time.Now().UnixMilli()),
		SuccessURL: "https://yourstore.com/success", CancelURL: "https://yourstore.com/cancel",
	})
	if err != nil {
		return nil, err
	}
	if created.Replayed || created.PaymentURL == "" {
		return nil, fmt.Errorf("payment %s is not new, or has no payment_url", created.Reference)
	}
	d.title("The customer pays at the bank")
	who := payer.Payer{See: func(what string) { fmt.Fprintf(d.out, "  The customer %s.\n", what) }}
	landed, err := who.Pay(ctx, created.PaymentURL, payer.Authorise)
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(landed, "https://yourstore.com/success?") {
		return nil, fmt.Errorf("the customer came to %s instead of the success page", landed)
	}
	return created, nil
}

// receive waits for the payment's webhook and verifies it as a merchant should.
func (d *demo) receive(ctx context.Context, hooks *receiver.Receiver, secret string, paid *eupay.Payment) error {
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
		event, err := webhook.ConstructEvent(secret, hook.Header, hook.Body)
		if err != nil {
			return err
		}
		fmt.Fprintln(d.out, "  The signature is right.")
		said, ok := event.Data.(*webhook.Payment)
		if !ok || event.Type != webhook.PaymentCompleted || said.Reference != paid.Reference {
			continue // of another payment of this merchant
		}
		if said.Status != eupay.PaymentCompleted || said.Amount != paid.Amount {
			return fmt.Errorf("the webhook says %s %s", said.Status, said.Amount)
		}
		return nil
	}
}

// confirm reads the payment again, as a merchant does before shipping goods.
func (d *demo) confirm(ctx context.Context, paid *eupay.Payment) error {
	d.title("Ask for the payment before the goods are sent")
	now, err := d.eupay.Payments.Get(ctx, paid.Reference)
	if err != nil {
		return err
	}
	if now.Status != eupay.PaymentCompleted {
		return fmt.Errorf("payment %s is %s", now.Reference, now.Status)
	}
	fmt.Fprintf(d.out, "\n%s EUR are paid: %s.\n", now.Amount, now.Reference)
	return nil
}

func (d *demo) title(text string) {
	d.step++
	fmt.Fprintf(d.out, "\n%d. %s\n", d.step, text)
}

func (d *demo) remove(ctx context.Context, endpoint string) {
	if err := d.eupay.WebhookEndpoints.Delete(ctx, endpoint); err != nil {
		fmt.Fprintln(d.out, "  The webhook endpoint could not be removed:", err)
	}
}

// shown prints every request and its answer.
type shown struct{ out io.Writer }

// RoundTrip implements http.RoundTripper.
func (s shown) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := req.GetBody()
	if err != nil {
		return nil, err
	}
	asked, err := io.ReadAll(body)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(s.out, "  %s %s\n%s", req.Method, req.URL, indent(asked))
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(s.out, "  → %s\n%s", resp.Status, indent(answer))
	resp.Body = io.NopCloser(bytes.NewReader(answer))
	return resp, nil
}

// indent formats JSON for reading.
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
