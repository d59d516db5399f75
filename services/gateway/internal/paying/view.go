package paying

import (
	"encoding/json"

	"european-pay.eu/eupay/internal/money"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// Payment is a payment or refund in an answer: first the documented fields, then the rest.
type Payment struct {
	Reference  string      `json:"reference"`
	Original   string      `json:"original_reference,omitempty"`
	Amount     money.Cents `json:"amount"`
	Currency   string      `json:"currency"`
	Status     string      `json:"status"`
	PaymentURL string      `json:"payment_url,omitempty"`
	// QRData is absent in reads, and null in a creation whose QR code could not be signed in time.
	QRData    any    `json:"qr_data,omitempty"`
	CreatedAt string `json:"created_at"`

	MerchantReference string          `json:"merchant_reference,omitempty"`
	Description       string          `json:"description"`
	Livemode          bool            `json:"livemode"`
	SuccessURL        string          `json:"success_url,omitempty"`
	CancelURL         string          `json:"cancel_url,omitempty"`
	Metadata          json.RawMessage `json:"metadata,omitempty"`
	ExecutionType     string          `json:"execution_type,omitempty"`
	ExecutionDate     string          `json:"execution_date,omitempty"`
	AmountRefunded    *money.Cents    `json:"amount_refunded,omitempty"`
	StatusDetail      string          `json:"status_detail,omitempty"`
	FailureCode       string          `json:"failure_code,omitempty"`
	FailureMessage    string          `json:"failure_message,omitempty"`
	CancelRequested   bool            `json:"cancel_requested,omitempty"`
	Sequence          int64           `json:"sequence"`
	UpdatedAt         string          `json:"updated_at,omitempty"`
	CompletedAt       string          `json:"completed_at,omitempty"`
	StalledAt         string          `json:"stalled_at,omitempty"`
	AuthorisationURL  string          `json:"authorisation_url,omitempty"`
	// SettlementDeadline is set while only the merchant can say whether the money came.
	SettlementDeadline string       `json:"settlement_deadline,omitempty"`
	LateReceipt        *LateReceipt `json:"late_receipt,omitempty"`
	Bank               string       `json:"bank,omitempty"`
	Settlement         string       `json:"settlement,omitempty"`
	PaymentLinkID      string       `json:"payment_link_id,omitempty"`
	SubscriptionID     string       `json:"subscription_id,omitempty"`
	SettledAt          string       `json:"settled_at,omitempty"`
	UnsettledAt        string       `json:"unsettled_at,omitempty"`
}

// LateReceipt is money that came for a payment which had ended without it.
type LateReceipt struct {
	Amount     money.Cents `json:"amount"`
	ReceivedAt string      `json:"received_at"`
	BookedAt   string      `json:"booked_at"`
}

// View is a payment or refund as an answer shows it.
func View(p *paymentsv1.Payment) *Payment {
	v := &Payment{
		Reference: p.GetReference(), Original: p.GetOriginalReference(), Amount: money.Cents(p.GetAmountCents()), Currency: p.GetCurrency(),
		Status: p.GetStatus(), PaymentURL: p.GetPaymentUrl(), CreatedAt: web.StampOrNone(p.GetCreatedAt()),
		MerchantReference: p.GetMerchantReference(), Description: p.GetDescription(), Livemode: p.GetLivemode(),
		SuccessURL: p.GetSuccessUrl(), CancelURL: p.GetCancelUrl(), Metadata: p.GetMetadataJson(),
		ExecutionType: p.GetExecutionType(), ExecutionDate: p.GetExecutionDate(), StatusDetail: p.GetStatusDetail(),
		FailureCode: p.GetFailureCode(), FailureMessage: IdentityMessage(p.GetFailureCode()), CancelRequested: p.GetCancelRequested(), Sequence: p.GetSequence(),
		UpdatedAt: web.StampOrNone(p.GetUpdatedAt()), CompletedAt: web.StampOrNone(p.GetCompletedAt()), StalledAt: web.StampOrNone(p.GetStalledAt()),
		AuthorisationURL: p.GetAuthorisationUrl(), SettlementDeadline: web.StampOrNone(p.GetSettlementDeadline()),
		Bank: p.GetBankId(), Settlement: p.GetSettlement(), PaymentLinkID: p.GetPaymentLinkId(), SubscriptionID: p.GetSubscriptionId(),
		SettledAt: web.StampOrNone(p.GetSettledAt()), UnsettledAt: web.StampOrNone(p.GetUnsettledAt()),
	}
	if late := p.GetLateReceipt(); late != nil {
		v.LateReceipt = &LateReceipt{money.Cents(late.GetAmountCents()), web.StampOrNone(late.GetReceivedAt()), web.StampOrNone(late.GetBookedAt())}
	}
	if p.GetKind() != "refund" {
		refunded := money.Cents(p.GetAmountRefundedCents())
		v.AmountRefunded = &refunded
	}
	return v
}

// Views is View for each of a list.
func Views(list []*paymentsv1.Payment) []*Payment {
	out := make([]*Payment, len(list))
	for i, p := range list {
		out[i] = View(p)
	}
	return out
}
