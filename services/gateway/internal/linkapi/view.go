package linkapi

import (
	"encoding/json"

	"european-pay.eu/eupay/internal/money"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// link is a payment link in an answer to its merchant.
type link struct {
	ID           string `json:"id"`
	URL          string `json:"url,omitempty"`
	Status       string `json:"status"`
	StatusDetail string `json:"status_detail,omitempty"`
	Host         string `json:"host"`
	// Amount is absent when the payer chooses it.
	Amount         *money.Cents    `json:"amount,omitempty"`
	Minimum        *money.Cents    `json:"minimum_amount,omitempty"`
	Maximum        *money.Cents    `json:"maximum_amount,omitempty"`
	Currency       string          `json:"currency"`
	Description    string          `json:"description"`
	Reference      string          `json:"reference,omitempty"`
	Reusable       bool            `json:"reusable"`
	MaxUses        *int32          `json:"max_uses,omitempty"`
	UsesOpen       int32           `json:"uses_open"`
	UsesPaid       int32           `json:"uses_paid"`
	AmountPaid     money.Cents     `json:"amount_paid"`
	ExpiresAt      string          `json:"expires_at,omitempty"`
	SuccessURL     string          `json:"success_url,omitempty"`
	Metadata       json.RawMessage `json:"metadata,omitempty"`
	SubscriptionID string          `json:"subscription_id,omitempty"`
	Livemode       bool            `json:"livemode"`
	Sequence       int64           `json:"sequence"`
	CreatedAt      string          `json:"created_at"`
	UpdatedAt      string          `json:"updated_at"`
	PaidAt         string          `json:"paid_at,omitempty"`
	ExpiredAt      string          `json:"expired_at,omitempty"`
	RevokedAt      string          `json:"revoked_at,omitempty"`
	// History is in the answer for one link alone.
	History []step `json:"history,omitempty"`
}

// step is a row of a link's history.
type step struct {
	Sequence  int64  `json:"sequence"`
	Event     string `json:"event"`
	Status    string `json:"status"`
	Payment   string `json:"payment_reference,omitempty"`
	Actor     string `json:"actor,omitempty"`
	CreatedAt string `json:"created_at"`
}

func view(l *paymentsv1.PaymentLink) link {
	v := link{
		ID: l.GetId(), URL: l.GetUrl(), Status: l.GetStatus(), StatusDetail: l.GetStatusDetail(), Host: l.GetHost(),
		Amount: some(l.GetAmountCents()), Minimum: some(l.GetMinimumCents()), Maximum: some(l.GetMaximumCents()), Currency: l.GetCurrency(),
		Description: l.GetDescription(), Reference: l.GetReference(), Reusable: l.GetUsesMax() != 1, UsesOpen: l.GetUsesOpen(), UsesPaid: l.GetUsesPaid(),
		AmountPaid: money.Cents(l.GetAmountPaidCents()), ExpiresAt: web.StampOrNone(l.GetExpiresAt()), SuccessURL: l.GetSuccessUrl(),
		Metadata: l.GetMetadataJson(), SubscriptionID: l.GetSubscriptionId(), Livemode: l.GetLivemode(), Sequence: l.GetSequence(),
		CreatedAt: web.StampOrNone(l.GetCreatedAt()), UpdatedAt: web.StampOrNone(l.GetUpdatedAt()), PaidAt: web.StampOrNone(l.GetPaidAt()),
		ExpiredAt: web.StampOrNone(l.GetExpiredAt()), RevokedAt: web.StampOrNone(l.GetRevokedAt()),
	}
	if n := l.GetUsesMax(); n > 0 {
		v.MaxUses = &n
	}
	return v
}

// some returns nil for an amount that is not set.
func some(cents int64) *money.Cents {
	if cents == 0 {
		return nil
	}
	v := money.Cents(cents)
	return &v
}

func steps(history []*paymentsv1.LinkChange) []step {
	out := make([]step, len(history))
	for i, h := range history {
		out[i] = step{h.GetSequence(), h.GetWhat(), h.GetStatus(), h.GetPaymentReference(), h.GetActor(), web.StampOrNone(h.GetOccurredAt())}
	}
	return out
}
