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

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/run/events"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
)

const (
	// messageTTL is how long after the event a message is still useful.
	messageTTL = time.Hour
	// maxName is the maximum length of the merchant's own reference in a message, in characters: a code's label of 100 and its
	// request id fit.
	maxName = 170
	// portalPage is the portal's page of a payment, relative to its origin.
	portalPage = "/portal/payments/"
)

// payload is what the service worker receives. The README of this service describes it.
type payload struct {
	Type  string `json:"type"`
	Title string `json:"title"`
	Body  string `json:"body"`
	// Tag makes a repeated message replace the visible notification.
	Tag       string      `json:"tag"`
	Reference string      `json:"reference"`
	Amount    money.Cents `json:"amount"`
	Currency  string      `json:"currency"`
	URL       string      `json:"url"`
}

// notice is an event that is pushed to merchants' browsers.
type notice struct {
	event     string
	merchant  string
	livemode  bool
	payload   []byte
	expiresAt time.Time
}

var errSubjectMismatch = errors.New("the subject names another merchant or mode")

// read converts an event to a notice. ok is false if it is not pushed: another type, or too old.
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
	if happened.After(now) { // the clock of another machine
		happened = now
	}
	if now.Sub(happened) >= messageTTL {
		return notice{}, false, nil
	}
	n = notice{event: e.ID, merchant: e.Merchant, livemode: e.Livemode, expiresAt: happened.Add(messageTTL)}
	n.payload, err = say.encode()
	return n, true, err
}

func readPayment(e events.Event) (*timestamppb.Timestamp, payload, error) {
	c := &eventsv1.PaymentChanged{}
	if err := proto.Unmarshal(e.Data, c); err != nil {
		return nil, payload{}, fmt.Errorf("decode: %w", err)
	}
	if p := c.GetPayment(); p.GetMerchantId() != e.Merchant || p.GetLivemode() != e.Livemode {
		return nil, payload{}, errSubjectMismatch
	}
	return c.GetOccurredAt(), describe(e.Type, c), nil
}

func readEndpoint(e events.Event) (*timestamppb.Timestamp, payload, error) {
	c := &eventsv1.WebhookEndpointChanged{}
	if err := proto.Unmarshal(e.Data, c); err != nil {
		return nil, payload{}, fmt.Errorf("decode: %w", err)
	}
	if c.GetMerchantId() != e.Merchant || c.GetLivemode() != e.Livemode {
		return nil, payload{}, errSubjectMismatch
	}
	return c.GetOccurredAt(), describeEndpoint(e.Type, c), nil
}

// describeEndpoint contains only the host of the URL, because its path may contain a secret.
func describeEndpoint(eventType string, c *eventsv1.WebhookEndpointChanged) payload {
	host := c.GetUrl()
	if u, err := url.Parse(c.GetUrl()); err == nil && u.Host != "" {
		host = u.Host
	}
	out := payload{
		Type: eventType, Title: "Webhook endpoint failing", Body: truncate(host) + " does not accept events (" + c.GetReason() + ").",
		Tag: "endpoint-" + c.GetEndpointId(), Reference: c.GetEndpointId(), Currency: "EUR", URL: "/portal/",
	}
	if eventType == "webhook_endpoint.disabled" {
		out.Title, out.Body = "Webhook endpoint disabled", truncate(host)+" receives no events until you enable it again."
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
		if c.GetRefundReference() != "" { // a tag of its own: the next partial refund must not replace this one
			out.Reference = c.GetRefundReference()
		}
	}
	out.Tag = out.Reference
	out.Body = formatAmount(out.Amount, out.Currency) + " · " + truncate(nameOf(p))
	return out
}

// nameOf returns the name by which the merchant knows a payment: its own reference, the label of the scanned code, or our
// reference.
func nameOf(p *paymentsv1.Payment) string {
	var metadata struct {
		QR struct {
			RequestID string `json:"request_id"`
			Label     string `json:"label"`
		} `json:"qr"`
	}
	// Only the platform sets the origin, so this is not merchant metadata.
	if p.GetOrigin() == "qr" && json.Unmarshal(p.GetMetadataJson(), &metadata) == nil && metadata.QR.Label != "" {
		return metadata.QR.Label + " · " + metadata.QR.RequestID
	}
	return cmp.Or(p.GetMerchantReference(), p.GetReference())
}

// encode returns the JSON that is encrypted. All fields are limited, so it always fits into one message.
func (p payload) encode() ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(p); err != nil {
		return nil, fmt.Errorf("write push message: %w", err)
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

// formatAmount formats an amount for people: €1,234.50.
func formatAmount(c money.Cents, currency string) string {
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

func truncate(name string) string {
	if r := []rune(name); len(r) > maxName {
		return string(r[:maxName]) + "…"
	}
	return name
}

// testPayload returns the message with which a user tests a browser. Each is shown, so each has its own tag.
func testPayload(now time.Time) payload {
	return payload{
		Type: "test", Title: "Test notification", Body: "This browser will notify you of payments.",
		Tag: "test-" + strconv.FormatInt(now.UnixMicro(), 10), Currency: "EUR", URL: "/portal/",
	}
}
