package edge

import (
	"encoding/json"

	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/money"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// payment is a payment or refund in an answer: first the documented fields, then the rest.
type payment struct {
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
	LateReceipt        *lateReceipt `json:"late_receipt,omitempty"`
}

// lateReceipt is money that came for a payment which had ended without it.
type lateReceipt struct {
	Amount     money.Cents `json:"amount"`
	ReceivedAt string      `json:"received_at"`
	BookedAt   string      `json:"booked_at"`
}

func view(p *paymentsv1.Payment) *payment {
	v := &payment{
		Reference: p.GetReference(), Original: p.GetOriginalReference(), Amount: money.Cents(p.GetAmountCents()), Currency: p.GetCurrency(),
		Status: p.GetStatus(), PaymentURL: p.GetPaymentUrl(), CreatedAt: timeText(p.GetCreatedAt()),
		MerchantReference: p.GetMerchantReference(), Description: p.GetDescription(), Livemode: p.GetLivemode(),
		SuccessURL: p.GetSuccessUrl(), CancelURL: p.GetCancelUrl(), Metadata: p.GetMetadataJson(),
		ExecutionType: p.GetExecutionType(), ExecutionDate: p.GetExecutionDate(), StatusDetail: p.GetStatusDetail(),
		FailureCode: p.GetFailureCode(), FailureMessage: IdentityMessage(p.GetFailureCode()), CancelRequested: p.GetCancelRequested(), Sequence: p.GetSequence(),
		UpdatedAt: timeText(p.GetUpdatedAt()), CompletedAt: timeText(p.GetCompletedAt()), StalledAt: timeText(p.GetStalledAt()),
		AuthorisationURL: p.GetAuthorisationUrl(), SettlementDeadline: timeText(p.GetSettlementDeadline()),
	}
	if late := p.GetLateReceipt(); late != nil {
		v.LateReceipt = &lateReceipt{money.Cents(late.GetAmountCents()), timeText(late.GetReceivedAt()), timeText(late.GetBookedAt())}
	}
	if p.GetKind() != "refund" {
		refunded := money.Cents(p.GetAmountRefundedCents())
		v.AmountRefunded = &refunded
	}
	return v
}

func views(list []*paymentsv1.Payment) []*payment {
	out := make([]*payment, len(list))
	for i, p := range list {
		out[i] = view(p)
	}
	return out
}

func timeText(t *timestamppb.Timestamp) string {
	if t == nil {
		return ""
	}
	return web.Time(t.AsTime())
}

// publicStatus is all that the world may know of a payment.
type publicStatus struct {
	Reference string      `json:"reference"`
	Status    string      `json:"status"`
	Amount    money.Cents `json:"amount"`
	Currency  string      `json:"currency"`
}

// change is one entry of a payment's history.
type change struct {
	Sequence    int64  `json:"sequence"`
	Status      string `json:"status"`
	FromStatus  string `json:"from_status,omitempty"`
	Detail      string `json:"detail,omitempty"`
	FailureCode string `json:"failure_code,omitempty"`
	Cause       string `json:"cause"`
	Actor       string `json:"actor,omitempty"`
	Note        string `json:"note,omitempty"`
	OccurredAt  string `json:"occurred_at"`
}

func changes(list []*paymentsv1.HistoryEntry) []change {
	out := make([]change, len(list))
	for i, e := range list {
		out[i] = change{
			Sequence: e.GetSequence(), Status: e.GetToStatus(), FromStatus: e.GetFromStatus(), Detail: e.GetStatusDetail(),
			FailureCode: e.GetFailureCode(), Cause: e.GetCause(), Actor: e.GetActor(), Note: e.GetNote(), OccurredAt: timeText(e.GetOccurredAt()),
		}
	}
	return out
}
