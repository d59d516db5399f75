package webhook

import (
	"time"

	eupay "european-pay.eu/eupay/sdk/go"
)

// PaymentLink is what an event says of a payment link.
type PaymentLink struct {
	ID     string                  `json:"id"`
	URL    string                  `json:"url"`
	Status eupay.PaymentLinkStatus `json:"status"`
	// Amount is zero when the payer chooses it.
	Amount   eupay.Amount `json:"amount"`
	Currency string       `json:"currency"`
	// Reference is your own.
	Reference string         `json:"reference"`
	Metadata  eupay.Metadata `json:"metadata"`
	// MaxUses is how many payments it takes; 0: any number.
	MaxUses        int          `json:"max_uses"`
	UsesPaid       int          `json:"uses_paid"`
	AmountPaid     eupay.Amount `json:"amount_paid"`
	ExpiresAt      time.Time    `json:"expires_at"`
	SubscriptionID string       `json:"subscription_id"`
	// PaymentReference and PaymentAmount only come with payment_link.paid.
	PaymentReference string       `json:"payment_reference"`
	PaymentAmount    eupay.Amount `json:"payment_amount"`
}
