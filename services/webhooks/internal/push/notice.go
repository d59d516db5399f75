package push

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/lifecycle"
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
	// portalPayment and portalInvoice are the portal's pages of a payment and of an invoice, relative to its origin; portalKitchen shows orders.
	portalPayment = "/portal/payments/"
	portalInvoice = "/portal/invoices/"
	portalKitchen = "/portal/kitchen"
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

// happening is an event before it is said in a language.
type happening struct {
	// kind is what the subscriptions choose by, said the key of the phrase.
	kind, said string
	// name and reason are for the body.
	name, reason string
	// payload has everything except the texts.
	payload payload
	at      *timestamppb.Timestamp
}

// in returns the message in a language.
func (h happening) in(language string) ([]byte, error) {
	p, text := h.payload, phrases[language][h.said]
	p.Title = text.title
	p.Body = strings.NewReplacer("{amount}", formatAmount(p.Amount, p.Currency, language), "{name}", truncate(h.name), "{reason}", h.reason).Replace(text.body)
	return p.encode()
}

// notice is an event that is pushed to merchants' browsers of one language.
type notice struct {
	event     string
	merchant  string
	livemode  bool
	kind      string
	language  string
	payload   []byte
	expiresAt time.Time
}

var errSubjectMismatch = errors.New("the subject names another merchant or mode")

// read converts an event to notices, one for each language. There are none if it is not pushed: another type, or too old.
func read(e events.Event, now time.Time) ([]notice, error) {
	h, err := understand(e)
	if err != nil {
		return nil, fmt.Errorf("event %s (%s): %w", e.ID, e.Type, err)
	}
	if h.kind == "" {
		return nil, nil
	}
	happened := e.Time
	if h.at.IsValid() && h.at.AsTime().Unix() > 0 {
		happened = h.at.AsTime()
	}
	if happened.After(now) { // the clock of another machine
		happened = now
	}
	if now.Sub(happened) >= messageTTL {
		return nil, nil
	}
	var list []notice
	for _, language := range languages {
		text, err := h.in(language)
		if err != nil {
			return nil, err
		}
		list = append(list, notice{
			event: e.ID, merchant: e.Merchant, livemode: e.Livemode, kind: h.kind, language: language, payload: text, expiresAt: happened.Add(messageTTL),
		})
	}
	return list, nil
}

// understand returns what happened; without a kind if nobody is told of it.
func understand(e events.Event) (happening, error) {
	switch e.Type {
	case paymentCompleted, paymentFailed, paymentRefunded:
		return readPayment(e)
	case endpointFailing, endpointDisabled:
		return readEndpoint(e)
	case orderReceived:
		return readOrder(e)
	case "invoice.status_updated":
		return readInvoice(e)
	default:
		return happening{}, nil
	}
}

func readPayment(e events.Event) (happening, error) {
	c := &eventsv1.PaymentChanged{}
	if err := proto.Unmarshal(e.Data, c); err != nil {
		return happening{}, fmt.Errorf("decode: %w", err)
	}
	p := c.GetPayment()
	if p.GetMerchantId() != e.Merchant || p.GetLivemode() != e.Livemode {
		return happening{}, errSubjectMismatch
	}
	out := payload{
		Type: e.Type, Reference: p.GetReference(), Amount: money.Cents(p.GetAmountCents()), Currency: p.GetCurrency(), URL: portalPayment + p.GetReference(),
	}
	if e.Type == paymentRefunded {
		out.Amount = money.Cents(c.GetRefundAmountCents())
		if c.GetRefundReference() != "" { // a tag of its own: the next partial refund must not replace this one
			out.Reference = c.GetRefundReference()
		}
	}
	out.Tag = out.Reference
	return happening{kind: e.Type, said: e.Type, name: nameOf(p), payload: out, at: c.GetOccurredAt()}, nil
}

// readEndpoint names only the host of the URL, because its path may contain a secret.
func readEndpoint(e events.Event) (happening, error) {
	c := &eventsv1.WebhookEndpointChanged{}
	if err := proto.Unmarshal(e.Data, c); err != nil {
		return happening{}, fmt.Errorf("decode: %w", err)
	}
	if c.GetMerchantId() != e.Merchant || c.GetLivemode() != e.Livemode {
		return happening{}, errSubjectMismatch
	}
	host := c.GetUrl()
	if u, err := url.Parse(c.GetUrl()); err == nil && u.Host != "" {
		host = u.Host
	}
	return happening{
		kind: endpointFailing, said: e.Type, name: host, reason: c.GetReason(), at: c.GetOccurredAt(),
		payload: payload{Type: e.Type, Tag: "endpoint-" + c.GetEndpointId(), Reference: c.GetEndpointId(), Currency: "EUR", URL: "/portal/"},
	}, nil
}

// readInvoice: only a step that refuses the document is told. It names the document by its number, never its customer, and not the
// reason, which is free text.
func readInvoice(e events.Event) (happening, error) {
	c := &eventsv1.InvoiceChanged{}
	if err := proto.Unmarshal(e.Data, c); err != nil {
		return happening{}, fmt.Errorf("decode: %w", err)
	}
	v := c.GetInvoice()
	if v.GetMerchantId() != e.Merchant || v.GetLivemode() != e.Livemode {
		return happening{}, errSubjectMismatch
	}
	h := happening{
		kind: invoiceRejected, name: v.GetNumber(), at: c.GetOccurredAt(),
		payload: payload{
			Type: e.Type, Tag: "invoice-" + v.GetId(), Reference: v.GetNumber(), Amount: money.Cents(v.GetTotalCents()), Currency: v.GetCurrency(),
			URL: portalInvoice + v.GetId(),
		},
	}
	if !lifecycle.IsRefusal(c.GetStep().GetCode(), c.GetStep().GetReasonCode()) {
		return happening{}, nil // also a second copy of a document that was turned away
	}
	switch c.GetStep().GetCode() {
	case lifecycle.Refused:
		h.said = invoiceRefused
	case lifecycle.Rejected:
		h.said = invoiceRejected
	default:
		return happening{}, nil
	}
	return h, nil
}

// readOrder names the table and the number of an order, never its guest.
func readOrder(e events.Event) (happening, error) {
	c := &eventsv1.OrderChanged{}
	if err := proto.Unmarshal(e.Data, c); err != nil {
		return happening{}, fmt.Errorf("decode: %w", err)
	}
	if c.GetMerchantId() != e.Merchant || c.GetLivemode() != e.Livemode {
		return happening{}, errSubjectMismatch
	}
	return happening{
		kind: orderReceived, said: orderReceived, name: fmt.Sprintf("%s · %d", c.GetTableName(), c.GetNumber()), at: c.GetOccurredAt(),
		payload: payload{
			Type: e.Type, Tag: "order-" + c.GetOrderId(), Reference: c.GetOrderId(), Amount: money.Cents(c.GetTotalCents()), Currency: c.GetCurrency(),
			URL: portalKitchen,
		},
	}, nil
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

// testMessage returns the message with which a user tests a browser. Each is shown, so each has its own tag.
func testMessage(language string, now time.Time) ([]byte, error) {
	return happening{said: subscriptionTried, payload: payload{
		Type: subscriptionTried, Tag: "test-" + strconv.FormatInt(now.UnixMicro(), 10), Currency: "EUR", URL: "/portal/",
	}}.in(language)
}
