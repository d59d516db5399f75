package delivery

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/run/events"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
)

// Message is the content of an event for merchants.
type Message struct {
	// Reference identifies the subject of the event (a payment, an endpoint, an order, an invoice); Sequence orders the events
	// about it.
	Reference string
	Sequence  int64
	// MerchantReference is the merchant's own reference; empty if there is none.
	MerchantReference string

	at   time.Time
	data func(as string) any
}

// Body returns the webhook body that announces the event with the type as. It is always the same.
func (m Message) Body(as string) ([]byte, error) {
	return encode(envelope{Event: as, Timestamp: m.at.UTC().Format("2006-01-02T15:04:05Z"), Sequence: m.Sequence, Data: m.data(as)})
}

var errSubjectMismatch = errors.New("the subject names another merchant or mode")

// Read decodes an event. It returns an error if the payload does not belong to the merchant and mode of the subject.
func Read(e events.Event) (Message, error) {
	aggregate, _, _ := strings.Cut(e.Type, ".")
	switch aggregate {
	case "payment", "refund":
		return read(e, paymentMessage)
	case "payment_link":
		return read(e, paymentLinkMessage)
	case "subscription":
		return read(e, subscriptionMessage)
	case "webhook_endpoint":
		return read(e, endpointMessage)
	case "receiving_account":
		return read(e, receivingMessage)
	case "order":
		return read(e, orderMessage)
	case "product":
		return read(e, stockMessage)
	case "printer":
		return read(e, printerMessage)
	case "till":
		return read(e, closingMessage)
	case "bill":
		return read(e, billMessage)
	case "reward":
		return read(e, rewardMessage)
	case "invoice":
		if e.Type == "invoice.received" || e.Type == "invoice.answered" {
			return read(e, receivedMessage)
		}
		return read(e, invoiceMessage)
	default:
		return Message{}, fmt.Errorf("%s events have no recipients", aggregate)
	}
}

// payload is a pointer to a generated message.
type payload[T any] interface {
	*T
	proto.Message
}

func read[T any, P payload[T]](e events.Event, announce func(events.Event, P) (Message, error)) (Message, error) {
	p := P(new(T))
	if err := proto.Unmarshal(e.Data, p); err != nil {
		return Message{}, fmt.Errorf("decode %s: %w", e.Type, err)
	}
	m, err := announce(e, p)
	if err == nil && m.Reference == "" {
		err = errors.New("the reference is missing")
	}
	if err != nil {
		return Message{}, fmt.Errorf("event %s (%s): %w", e.ID, e.Type, err)
	}
	return m, nil
}

func paymentMessage(e events.Event, c *eventsv1.PaymentChanged) (Message, error) {
	p := c.GetPayment()
	if p.GetMerchantId() != e.Merchant || p.GetLivemode() != e.Livemode {
		return Message{}, errSubjectMismatch
	}
	return Message{
		Reference: p.GetReference(), Sequence: p.GetSequence(), MerchantReference: p.GetMerchantReference(), at: happened(e, c.GetOccurredAt()),
		data: func(as string) any { return paymentBody(as, c) },
	}, nil
}

func endpointMessage(e events.Event, c *eventsv1.WebhookEndpointChanged) (Message, error) {
	if c.GetMerchantId() != e.Merchant || c.GetLivemode() != e.Livemode {
		return Message{}, errSubjectMismatch
	}
	return Message{
		Reference: c.GetEndpointId(), Sequence: c.GetSequence(), at: happened(e, c.GetOccurredAt()),
		data: func(string) any { return endpointBody(c) },
	}, nil
}

func orderMessage(e events.Event, c *eventsv1.OrderChanged) (Message, error) {
	if c.GetMerchantId() != e.Merchant || c.GetLivemode() != e.Livemode {
		return Message{}, errSubjectMismatch
	}
	return Message{
		Reference: c.GetOrderId(), Sequence: c.GetSequence(), at: happened(e, c.GetOccurredAt()),
		data: func(string) any { return orderBody(c) },
	}, nil
}

func invoiceMessage(e events.Event, c *eventsv1.InvoiceChanged) (Message, error) {
	v := c.GetInvoice()
	if v.GetMerchantId() != e.Merchant || v.GetLivemode() != e.Livemode {
		return Message{}, errSubjectMismatch
	}
	return Message{
		Reference: v.GetNumber(), Sequence: v.GetSequence(), MerchantReference: v.GetReference(), at: happened(e, c.GetOccurredAt()),
		data: func(string) any { return invoiceBody(c) },
	}, nil
}

func happened(e events.Event, at *timestamppb.Timestamp) time.Time {
	if at.IsValid() && at.AsTime().Unix() > 0 {
		return at.AsTime()
	}
	return e.Time
}
