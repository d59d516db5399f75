package delivery

import (
	"encoding/json"
	"time"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/run/events"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
)

func paymentLinkMessage(e events.Event, c *eventsv1.PaymentLinkChanged) (Message, error) {
	l := c.GetLink()
	if l.GetMerchantId() != e.Merchant || l.GetLivemode() != e.Livemode {
		return Message{}, errSubjectMismatch
	}
	return Message{
		Reference: l.GetId(), Sequence: l.GetSequence(), MerchantReference: l.GetReference(), at: happened(e, c.GetOccurredAt()),
		data: func(string) any { return paymentLinkBody(c) },
	}, nil
}

type paymentLinkData struct {
	ID     string `json:"id"`
	URL    string `json:"url,omitempty"`
	Status string `json:"status"`
	// Amount is absent when the payer chooses it.
	Amount   *money.Cents `json:"amount,omitempty"`
	Currency string       `json:"currency"`
	// Reference is null if the merchant gave none, as in the events of payments.
	Reference      *string         `json:"reference"`
	Metadata       json.RawMessage `json:"metadata,omitempty"`
	MaxUses        *int32          `json:"max_uses,omitempty"`
	UsesPaid       int32           `json:"uses_paid"`
	AmountPaid     money.Cents     `json:"amount_paid"`
	ExpiresAt      string          `json:"expires_at,omitempty"`
	SubscriptionID string          `json:"subscription_id,omitempty"`
	// Only in payment_link.paid: the payment.
	PaymentReference string       `json:"payment_reference,omitempty"`
	PaymentAmount    *money.Cents `json:"payment_amount,omitempty"`
}

func paymentLinkBody(c *eventsv1.PaymentLinkChanged) paymentLinkData {
	l := c.GetLink()
	d := paymentLinkData{
		ID: l.GetId(), URL: l.GetUrl(), Status: l.GetStatus(), Amount: someCents(l.GetAmountCents()), Currency: l.GetCurrency(), Metadata: l.GetMetadataJson(),
		UsesPaid: l.GetUsesPaid(), AmountPaid: money.Cents(l.GetAmountPaidCents()), SubscriptionID: l.GetSubscriptionId(),
		PaymentReference: c.GetPaymentReference(), PaymentAmount: someCents(c.GetPaymentAmountCents()),
	}
	if ref := l.GetReference(); ref != "" {
		d.Reference = &ref
	}
	if n := l.GetUsesMax(); n > 0 {
		d.MaxUses = &n
	}
	if l.GetExpiresAt().IsValid() {
		d.ExpiresAt = l.GetExpiresAt().AsTime().UTC().Format(time.RFC3339)
	}
	return d
}

// someCents returns nil for an amount that is not set.
func someCents(n int64) *money.Cents {
	if n == 0 {
		return nil
	}
	c := money.Cents(n)
	return &c
}
