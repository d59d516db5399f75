package subscription

import (
	"context"
	"time"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/run/pg"
)

// Links makes the payment links of occurrences. Both functions write in the transaction that they are given, and call nobody.
type Links interface {
	// Create records a link for one payment and returns its id and the address that the payer opens.
	Create(ctx context.Context, tx pg.DB, l Link) (id, url string, err error)
	// Revoke ends a link that is not paid. A link that has ended is left as it is.
	Revoke(ctx context.Context, tx pg.DB, merchantID string, livemode bool, id string) error
}

// Link is a payment link for one occurrence.
type Link struct {
	MerchantID     string
	Livemode       bool
	SubscriptionID string
	Amount         money.Cents
	Currency       string
	Description    string
	SuccessURL     string
	CancelURL      string
	Metadata       string
	ExpiresAt      time.Time
}
