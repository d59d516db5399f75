package subscriptionapi

import (
	"encoding/json"

	"european-pay.eu/eupay/internal/money"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/gateway/internal/paying"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// subscription is a subscription in an answer.
type subscription struct {
	ID     string `json:"id"`
	Status string `json:"status"`
	// AuthorisationURL is where the payer authorises it, or approves its cancellation; absent when there is nothing to do.
	AuthorisationURL string          `json:"authorisation_url,omitempty"`
	Amount           money.Cents     `json:"amount"`
	Currency         string          `json:"currency"`
	Frequency        string          `json:"frequency"`
	StartDate        string          `json:"start_date"`
	EndDate          string          `json:"end_date,omitempty"`
	Count            *int32          `json:"count,omitempty"`
	Collect          string          `json:"collect"`
	DaysBefore       *int32          `json:"days_before,omitempty"`
	NotifyCustomer   bool            `json:"notify_customer,omitempty"`
	Bank             string          `json:"bank,omitempty"`
	Settlement       string          `json:"settlement,omitempty"`
	Description      string          `json:"description"`
	Reference        string          `json:"reference,omitempty"`
	SuccessURL       string          `json:"success_url,omitempty"`
	CancelURL        string          `json:"cancel_url,omitempty"`
	Metadata         json.RawMessage `json:"metadata,omitempty"`
	Livemode         bool            `json:"livemode"`
	StatusDetail     string          `json:"status_detail,omitempty"`
	FailureCode      string          `json:"failure_code,omitempty"`
	FailureMessage   string          `json:"failure_message,omitempty"`
	CancelRequested  bool            `json:"cancel_requested,omitempty"`
	// StopAtBank: only the payer can end the standing order; StopInstructions says how.
	StopAtBank       bool   `json:"stop_at_bank,omitempty"`
	StopInstructions string `json:"stop_instructions,omitempty"`
	Replaces         string `json:"replaces,omitempty"`
	ReplacedBy       string `json:"replaced_by,omitempty"`
	Sequence         int64  `json:"sequence"`
	CreatedAt        string `json:"created_at"`
	UpdatedAt        string `json:"updated_at"`
	ActivatedAt      string `json:"activated_at,omitempty"`
	EndedAt          string `json:"ended_at,omitempty"`
	// Next is in the answer for one subscription alone.
	Next *occurrence `json:"next_occurrence,omitempty"`
}

// stopInstructions is what a payer does whose bank does not cancel for us.
const stopInstructions = "Ask the payer to end the standing order with this subscription's id as its reference in the bank's app, website or branch. " +
	"Then cancel with stopped_at_bank."

func view(s *paymentsv1.Subscription) subscription {
	v := subscription{
		ID: s.GetId(), Status: s.GetStatus(), AuthorisationURL: s.GetAuthorisationUrl(), Amount: money.Cents(s.GetAmountCents()), Currency: s.GetCurrency(),
		Frequency: s.GetFrequency(), StartDate: s.GetStartDate(), EndDate: s.GetEndDate(), Collect: s.GetCollect(), NotifyCustomer: s.GetNotifyCustomer(), Bank: s.GetBankId(),
		Settlement: s.GetSettlement(), Description: s.GetDescription(), Reference: s.GetMerchantReference(), SuccessURL: s.GetSuccessUrl(),
		CancelURL: s.GetCancelUrl(), Metadata: s.GetMetadataJson(), Livemode: s.GetLivemode(), StatusDetail: s.GetStatusDetail(),
		FailureCode: s.GetFailureCode(), FailureMessage: paying.IdentityMessage(s.GetFailureCode()), StopAtBank: s.GetStopAtBank(),
		CancelRequested: s.GetEnding() == "cancelled" && s.GetEndedAt() == nil, Replaces: s.GetReplaces(), ReplacedBy: s.GetReplacedBy(), Sequence: s.GetSequence(),
		CreatedAt: web.StampOrNone(s.GetCreatedAt()), UpdatedAt: web.StampOrNone(s.GetUpdatedAt()),
		ActivatedAt: web.StampOrNone(s.GetActivatedAt()), EndedAt: web.StampOrNone(s.GetEndedAt()),
	}
	if n := s.GetCount(); n > 0 {
		v.Count = &n
	}
	if days := s.GetDaysBefore(); s.GetCollect() == "links" {
		v.DaysBefore = &days
	}
	if url := s.GetApprovalUrl(); url != "" {
		v.AuthorisationURL = url
	}
	if v.StopAtBank && s.GetEndedAt() == nil {
		v.StopInstructions = stopInstructions
	}
	return v
}

// occurrence is one day on which a subscription is due, in an answer.
type occurrence struct {
	Number        int32       `json:"number"`
	Date          string      `json:"date"`
	ExecutionDate string      `json:"execution_date"`
	Amount        money.Cents `json:"amount"`
	Status        string      `json:"status"`
	Evidence      string      `json:"evidence,omitempty"`
	// EvidenceReference is what shows that it was paid, such as a payment.
	EvidenceReference string `json:"evidence_reference,omitempty"`
	PaymentLinkID     string `json:"payment_link_id,omitempty"`
	PaymentLinkURL    string `json:"payment_link_url,omitempty"`
	Reminders         int32  `json:"reminders,omitempty"`
	DecidedAt         string `json:"decided_at,omitempty"`
}

func occurrenceView(o *paymentsv1.Occurrence) occurrence {
	return occurrence{
		Number: o.GetNumber(), Date: o.GetDate(), ExecutionDate: o.GetExecutionDate(), Amount: money.Cents(o.GetAmountCents()), Status: o.GetStatus(),
		Evidence: o.GetEvidence(), EvidenceReference: o.GetEvidenceReference(), PaymentLinkID: o.GetPaymentLinkId(), PaymentLinkURL: o.GetPaymentLinkUrl(),
		Reminders: o.GetReminders(), DecidedAt: web.StampOrNone(o.GetDecidedAt()),
	}
}

// change is an entry of a subscription's history.
type change struct {
	Sequence int64 `json:"sequence"`
	// Occurrence is absent in a change of the subscription itself.
	Occurrence  int32  `json:"occurrence,omitempty"`
	Status      string `json:"status"`
	FromStatus  string `json:"from_status,omitempty"`
	Detail      string `json:"detail,omitempty"`
	FailureCode string `json:"failure_code,omitempty"`
	Cause       string `json:"cause"`
	Actor       string `json:"actor,omitempty"`
	Note        string `json:"note,omitempty"`
	OccurredAt  string `json:"occurred_at"`
}

func changes(list []*paymentsv1.SubscriptionChange) []change {
	out := make([]change, len(list))
	for i, e := range list {
		out[i] = change{
			Sequence: e.GetSequence(), Occurrence: e.GetOccurrence(), Status: e.GetToStatus(), FromStatus: e.GetFromStatus(), Detail: e.GetStatusDetail(),
			FailureCode: e.GetFailureCode(), Cause: e.GetCause(), Actor: e.GetActor(), Note: e.GetNote(), OccurredAt: web.StampOrNone(e.GetOccurredAt()),
		}
	}
	return out
}
