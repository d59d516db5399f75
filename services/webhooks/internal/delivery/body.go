// Package delivery delivers events to merchants' webhook endpoints: it records one delivery for each event and endpoint, attempts
// it by the schedule, and records the result of every attempt.
package delivery

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"european-pay.eu/eupay/internal/money"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
)

// envelope is the body of a webhook. The order of the fields is part of the API reference.
type envelope struct {
	Event     string `json:"event"`
	Timestamp string `json:"timestamp"`
	Sequence  int64  `json:"sequence"`
	Data      any    `json:"data"`
}

func encode(e envelope) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false) // the merchant's own texts are returned unchanged
	if err := enc.Encode(e); err != nil {
		return nil, fmt.Errorf("write webhook body: %w", err)
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

type paymentData struct {
	Reference string      `json:"reference"`
	Amount    money.Cents `json:"amount"`
	Currency  string      `json:"currency"`
	Status    string      `json:"status"`
	// MerchantReference is null if the merchant gave none: the key is always present, as in the API reference.
	MerchantReference *string         `json:"merchant_reference"`
	Metadata          json.RawMessage `json:"metadata,omitempty"`
	// Settlement is absent while the payer's bank is not known.
	Settlement string `json:"settlement,omitempty"`
	// What the payment belongs to, and when its money was seen on the merchant's account.
	PaymentLinkID  string `json:"payment_link_id,omitempty"`
	SubscriptionID string `json:"subscription_id,omitempty"`
	SettledAt      string `json:"settled_at,omitempty"`
	// Only in payment.refunded.
	AmountRefunded  *money.Cents `json:"amount_refunded,omitempty"`
	RefundReference string       `json:"refund_reference,omitempty"`
	RefundAmount    *money.Cents `json:"refund_amount,omitempty"`
	// Only in payment.late_receipt: the amount and the time of the receipt.
	LateReceipt *lateReceipt `json:"late_receipt,omitempty"`
	// Only in refund.*: the payment that is refunded.
	OriginalReference string `json:"original_reference,omitempty"`
}

type lateReceipt struct {
	Amount     money.Cents `json:"amount"`
	ReceivedAt string      `json:"received_at"`
}

func paymentBody(eventType string, c *eventsv1.PaymentChanged) paymentData {
	p := c.GetPayment()
	d := paymentData{
		Reference: p.GetReference(), Amount: money.Cents(p.GetAmountCents()), Currency: p.GetCurrency(), Status: p.GetStatus(),
		Metadata: p.GetMetadataJson(), OriginalReference: p.GetOriginalReference(), Settlement: p.GetSettlement(),
		PaymentLinkID: p.GetPaymentLinkId(), SubscriptionID: p.GetSubscriptionId(),
	}
	if ref := p.GetMerchantReference(); ref != "" {
		d.MerchantReference = &ref
	}
	if eventType == "payment.refunded" {
		refunded, amount := money.Cents(p.GetAmountRefundedCents()), money.Cents(c.GetRefundAmountCents())
		d.AmountRefunded, d.RefundAmount, d.RefundReference = &refunded, &amount, c.GetRefundReference()
	}
	if p.GetSettledAt().IsValid() {
		d.SettledAt = p.GetSettledAt().AsTime().UTC().Format(time.RFC3339)
	}
	if late := p.GetLateReceipt(); late != nil && eventType == "payment.late_receipt" {
		d.LateReceipt = &lateReceipt{money.Cents(late.GetAmountCents()), late.GetReceivedAt().AsTime().UTC().Format(time.RFC3339)}
	}
	return d
}

type endpointData struct {
	EndpointID   string  `json:"endpoint_id"`
	URL          string  `json:"url"`
	Reason       string  `json:"reason"`
	FailingSince *string `json:"failing_since"`
}

func endpointBody(c *eventsv1.WebhookEndpointChanged) endpointData {
	d := endpointData{EndpointID: c.GetEndpointId(), URL: c.GetUrl(), Reason: c.GetReason()}
	if c.GetFailingSince().IsValid() {
		since := c.GetFailingSince().AsTime().UTC().Format(time.RFC3339)
		d.FailingSince = &since
	}
	return d
}

type orderData struct {
	OrderID   string      `json:"order_id"`
	Number    int64       `json:"number"`
	TableID   string      `json:"table_id"`
	Table     string      `json:"table"`
	OrderType string      `json:"order_type"`
	Status    string      `json:"status"`
	Total     money.Cents `json:"total"`
	Currency  string      `json:"currency"`
	// PaymentReference is null until the order has a payment.
	PaymentReference *string       `json:"payment_reference"`
	PaidLate         bool          `json:"paid_late"`
	Items            []orderedItem `json:"items"`
	// These distinguish a paid order from an unpaid one. They are absent in events recorded before they existed.
	PaymentStatus string       `json:"payment_status,omitempty"`
	PaidAt        *string      `json:"paid_at,omitempty"`
	Refund        *orderRefund `json:"refund,omitempty"`
	// What merchants have cancelled of it; absent when they have not.
	CancelledAmount money.Cents        `json:"cancelled_amount,omitempty"`
	Cancellation    *orderCancellation `json:"cancellation,omitempty"`
	// PickupAt is when a takeaway order is fetched, where the merchant says so.
	PickupAt *string `json:"pickup_at,omitempty"`
}

// orderRefund is the refund of an order's payment.
type orderRefund struct {
	Status    string      `json:"status"`
	Amount    money.Cents `json:"amount"`
	Reference string      `json:"reference,omitempty"`
}

type orderedItem struct {
	ProductID string      `json:"product_id"`
	Name      string      `json:"name"`
	Quantity  int32       `json:"quantity"`
	Total     money.Cents `json:"total"`
	// Absent when nothing of the line is cancelled.
	CancelledQuantity int32 `json:"cancelled_quantity,omitempty"`
}

func orderBody(c *eventsv1.OrderChanged) orderData {
	d := orderData{
		OrderID: c.GetOrderId(), Number: c.GetNumber(), TableID: c.GetTableId(), Table: c.GetTableName(), OrderType: c.GetOrderType(), Status: c.GetStatus(),
		Total: money.Cents(c.GetTotalCents()), Currency: c.GetCurrency(), PaidLate: c.GetPaidLate(), Items: make([]orderedItem, len(c.GetItems())),
	}
	if ref := c.GetPaymentReference(); ref != "" {
		d.PaymentReference = &ref
	}
	d.PaymentStatus = c.GetPaymentStatus()
	if c.GetPaidAt().IsValid() {
		at := c.GetPaidAt().AsTime().UTC().Format(time.RFC3339)
		d.PaidAt = &at
	}
	if c.GetPickupAt().IsValid() {
		at := c.GetPickupAt().AsTime().UTC().Format(time.RFC3339)
		d.PickupAt = &at
	}
	if status := c.GetRefundStatus(); status != "" {
		d.Refund = &orderRefund{Status: status, Amount: money.Cents(c.GetRefundAmountCents()), Reference: c.GetRefundReference()}
	}
	for i, item := range c.GetItems() {
		d.Items[i] = orderedItem{ProductID: item.GetProductId(), Name: item.GetName(), Quantity: item.GetQuantity(), Total: money.Cents(item.GetTotalCents())}
		d.Items[i].CancelledQuantity = item.GetCancelledQuantity()
	}
	d.CancelledAmount, d.Cancellation = money.Cents(c.GetCancelledCents()), cancellationBody(c)
	return d
}
