package push

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/events"
	"european-pay.eu/eupay/internal/money"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
)

const (
	// worth is how long after the change a message is still wanted.
	worth = time.Hour
	// maxName bounds the merchant's own reference in a message, in characters: a code's label of 100 and its request id fit.
	maxName = 170
	// portalPage is where the portal shows a payment, relative to the page's own origin.
	portalPage = "/portal/payments/"
)

// payload is what the service worker gets. It is described in the README of this service.
type payload struct {
	Type  string `json:"type"`
	Title string `json:"title"`
	Body  string `json:"body"`
	// Tag makes a repeated message replace the notification that is shown.
	Tag       string      `json:"tag"`
	Reference string      `json:"reference"`
	Amount    money.Cents `json:"amount"`
	Currency  string      `json:"currency"`
	URL       string      `json:"url"`
}

// notice is an event that merchants' browsers are told of.
type notice struct {
	event     string
	merchant  string
	livemode  bool
	payload   []byte
	expiresAt time.Time
}

var errForeign = errors.New("its subject names another merchant or mode")

// read turns an event into a notice. ok is false when nobody is told of it: another type, or too old.
func read(e events.Event, now time.Time) (n notice, ok bool, err error) {
	var (
		at  *timestamppb.Timestamp
		say payload
	)
	switch e.Type {
	case "payment.completed", "payment.refunded":
		at, say, err = readPayment(e)
	case "webhook_endpoint.failing", "webhook_endpoint.disabled":
		at, say, err = readEndpoint(e)
	default:
		return notice{}, false, nil
	}
	if err != nil {
		return notice{}, false, fmt.Errorf("event %s (%s): %w", e.ID, e.Type, err)
	}
	happened := e.Time
	if at.IsValid() && at.AsTime().Unix() > 0 {
		happened = at.AsTime()
	}
	if happened.After(now) { // another machine's clock
		happened = now
	}
	if now.Sub(happened) >= worth {
		return notice{}, false, nil
	}
	n = notice{event: e.ID, merchant: e.Merchant, livemode: e.Livemode, expiresAt: happened.Add(worth)}
	n.payload, err = say.encode()
	return n, true, err
}

func readPayment(e events.Event) (*timestamppb.Timestamp, payload, error) {
	c := &eventsv1.PaymentChanged{}
	if err := proto.Unmarshal(e.Data, c); err != nil {
		return nil, payload{}, fmt.Errorf("decode: %w", err)
	}
	if p := c.GetPayment(); p.GetMerchantId() != e.Merchant || p.GetLivemode() != e.Livemode {
		return nil, payload{}, errForeign
	}
	return c.GetOccurredAt(), describe(e.Type, c), nil
}

func readEndpoint(e events.Event) (*timestamppb.Timestamp, payload, error) {
	c := &eventsv1.WebhookEndpointChanged{}
	if err := proto.Unmarshal(e.Data, c); err != nil {
		return nil, payload{}, fmt.Errorf("decode: %w", err)
	}
	if c.GetMerchantId() != e.Merchant || c.GetLivemode() != e.Livemode {
		return nil, payload{}, errForeign
	}
	return c.GetOccurredAt(), describeEndpoint(e.Type, c), nil
}

// describeEndpoint names the server and no more of the URL: its path may hold a secret.
func describeEndpoint(eventType string, c *eventsv1.WebhookEndpointChanged) payload {
	host := c.GetUrl()
	if u, err := url.Parse(c.GetUrl()); err == nil && u.Host != "" {
		host = u.Host
	}
	out := payload{
		Type: eventType, Title: "Webhook endpoint fails", Body: cut(host) + " does not take events (" + c.GetReason() + ").",
		Tag: "endpoint-" + c.GetEndpointId(), Reference: c.GetEndpointId(), Currency: "EUR", URL: "/portal/",
	}
	if eventType == "webhook_endpoint.disabled" {
		out.Title, out.Body = "Webhook endpoint disabled", cut(host)+" gets no more events until you enable it again."
	}
	return out
}

func describe(eventType string, c *eventsv1.PaymentChanged) payload {
	p := c.GetPayment()
	out := payload{
		Type: eventType, Title: "Payment received", Reference: p.GetReference(), Amount: money.Cents(p.GetAmountCents()),
		Currency: p.GetCurrency(), URL: portalPage + p.GetReference(),
	}
	if eventType == "payment.refunded" {
		out.Title, out.Amount = "Refund sent", money.Cents(c.GetRefundAmountCents())
		if c.GetRefundReference() != "" { // its own: the next partial refund must not replace this one
			out.Reference = c.GetRefundReference()
		}
	}
	out.Tag = out.Reference
	out.Body = display(out.Amount, out.Currency) + " · " + cut(nameOf(p))
	return out
}

// nameOf is by what the merchant knows a payment: its own reference, what it wrote on the code that was scanned, or ours.
func nameOf(p *paymentsv1.Payment) string {
	var metadata struct {
		QR struct {
			RequestID string `json:"request_id"`
			Label     string `json:"label"`
		} `json:"qr"`
	}
	// Only the platform sets the origin, so this is no merchant's metadata.
	if p.GetOrigin() == "qr" && json.Unmarshal(p.GetMetadataJson(), &metadata) == nil && metadata.QR.Label != "" {
		return metadata.QR.Label + " · " + metadata.QR.RequestID
	}
	return cmp.Or(p.GetMerchantReference(), p.GetReference())
}

// encode writes the JSON that is encrypted. With everything in it bounded it always fits into one message.
func (p payload) encode() ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(p); err != nil {
		return nil, fmt.Errorf("write push message: %w", err)
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

// display writes an amount for people: €1,234.50.
func display(c money.Cents, currency string) string {
	text := c.String() // two decimals
	sign, digits := "", text
	if c < 0 {
		sign, digits = "-", text[1:]
	}
	whole, cents := digits[:len(digits)-3], digits[len(digits)-3:]
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if currency == "EUR" {
		return sign + "€" + whole + cents
	}
	return sign + whole + cents + " " + currency
}

func cut(name string) string {
	if r := []rune(name); len(r) > maxName {
		return string(r[:maxName]) + "…"
	}
	return name
}

// trial is the message by which a user tries a browser out; each one is shown, so each has a tag of its own.
func trial(now time.Time) payload {
	return payload{
		Type: "test", Title: "Test notification", Body: "This browser will tell you of payments.",
		Tag: "test-" + strconv.FormatInt(now.UnixMicro(), 10), Currency: "EUR", URL: "/portal/",
	}
}
