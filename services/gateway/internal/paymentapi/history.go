package paymentapi

import (
	"european-pay.eu/eupay/internal/money"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// publicStatus is the public part of a payment.
type publicStatus struct {
	Reference string      `json:"reference"`
	Status    string      `json:"status"`
	Amount    money.Cents `json:"amount"`
	Currency  string      `json:"currency"`
}

// change is an entry of a payment's history.
type change struct {
	Sequence    int64  `json:"sequence"`
	Status      string `json:"status"`
	FromStatus  string `json:"from_status,omitempty"`
	Detail      string `json:"detail,omitempty"`
	FailureCode string `json:"failure_code,omitempty"`
	Cause       string `json:"cause"`
	BankState   string `json:"bank_state,omitempty"`
	Actor       string `json:"actor,omitempty"`
	Note        string `json:"note,omitempty"`
	OccurredAt  string `json:"occurred_at"`
	TraceID     string `json:"trace_id,omitempty"`
}

func changes(list []*paymentsv1.HistoryEntry) []change {
	out := make([]change, len(list))
	for i, e := range list {
		out[i] = change{
			Sequence: e.GetSequence(), Status: e.GetToStatus(), FromStatus: e.GetFromStatus(), Detail: e.GetStatusDetail(),
			FailureCode: e.GetFailureCode(), Cause: e.GetCause(), BankState: e.GetProviderState(), Actor: e.GetActor(), Note: e.GetNote(),
			OccurredAt: web.StampOrNone(e.GetOccurredAt()), TraceID: e.GetTraceId(),
		}
	}
	return out
}
