// Package delivery brings events to merchants' endpoints: it records one delivery for each event and endpoint, attempts
// it by the schedule, and keeps what came of every attempt.
package delivery

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"european-pay.eu/eupay/internal/money"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
)

// message is the body of a webhook; the order of the fields is part of the contract.
type message struct {
	Event     string `json:"event"`
	Timestamp string `json:"timestamp"`
	Sequence  int64  `json:"sequence"`
	Data      data   `json:"data"`
}

type data struct {
	Reference string      `json:"reference"`
	Amount    money.Cents `json:"amount"`
	Currency  string      `json:"currency"`
	Status    string      `json:"status"`
	// MerchantReference is null when the merchant gave none: the key is always there, as in the documented example.
	MerchantReference *string         `json:"merchant_reference"`
	Metadata          json.RawMessage `json:"metadata,omitempty"`
	// Only in payment.refunded.
	AmountRefunded  *money.Cents `json:"amount_refunded,omitempty"`
	RefundReference string       `json:"refund_reference,omitempty"`
	RefundAmount    *money.Cents `json:"refund_amount,omitempty"`
	// Only in refund.*: the payment that is given back.
	OriginalReference string `json:"original_reference,omitempty"`
}

// compose writes the body that announces the change under eventType.
func compose(eventType string, c *eventsv1.PaymentChanged, at time.Time) ([]byte, error) {
	p := c.GetPayment()
	m := message{
		Event: eventType, Timestamp: at.UTC().Format("2006-01-02T15:04:05Z"), Sequence: p.GetSequence(),
		Data: data{
			Reference: p.GetReference(), Amount: money.Cents(p.GetAmountCents()), Currency: p.GetCurrency(), Status: p.GetStatus(),
			Metadata: p.GetMetadataJson(), OriginalReference: p.GetOriginalReference(),
		},
	}
	if ref := p.GetMerchantReference(); ref != "" {
		m.Data.MerchantReference = &ref
	}
	if eventType == "payment.refunded" {
		refunded, amount := money.Cents(p.GetAmountRefundedCents()), money.Cents(c.GetRefundAmountCents())
		m.Data.AmountRefunded, m.Data.RefundAmount, m.Data.RefundReference = &refunded, &amount, c.GetRefundReference()
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false) // what the merchant sent comes back as it was
	if err := enc.Encode(m); err != nil {
		return nil, fmt.Errorf("write webhook body: %w", err)
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}
