package delivery

import (
	"encoding/json"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/run/events"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
)

func subscriptionMessage(e events.Event, c *eventsv1.SubscriptionChanged) (Message, error) {
	s := c.GetSubscription()
	if s.GetMerchantId() != e.Merchant || s.GetLivemode() != e.Livemode {
		return Message{}, errSubjectMismatch
	}
	m := Message{
		Reference: s.GetId(), Sequence: s.GetSequence(), MerchantReference: s.GetMerchantReference(), at: happened(e, c.GetOccurredAt()),
		data: func(string) any { return subscriptionBody(c) },
	}
	if c.GetOccurrence() != nil {
		m.data = func(string) any { return occurrenceBody(c) }
	}
	return m, nil
}

type subscriptionData struct {
	ID           string      `json:"id"`
	Status       string      `json:"status"`
	StatusDetail string      `json:"status_detail,omitempty"`
	FailureCode  string      `json:"failure_code,omitempty"`
	Amount       money.Cents `json:"amount"`
	Currency     string      `json:"currency"`
	Frequency    string      `json:"frequency"`
	StartDate    string      `json:"start_date"`
	EndDate      string      `json:"end_date,omitempty"`
	Collect      string      `json:"collect"`
	Settlement   string      `json:"settlement,omitempty"`
	StopAtBank   bool        `json:"stop_at_bank,omitempty"`
	Replaces     string      `json:"replaces,omitempty"`
	ReplacedBy   string      `json:"replaced_by,omitempty"`
	// Reference is null if the merchant gave none, as in the events of payments.
	Reference *string         `json:"reference"`
	Metadata  json.RawMessage `json:"metadata,omitempty"`
}

func subscriptionBody(c *eventsv1.SubscriptionChanged) subscriptionData {
	s := c.GetSubscription()
	return subscriptionData{
		ID: s.GetId(), Status: s.GetStatus(), StatusDetail: s.GetStatusDetail(), FailureCode: s.GetFailureCode(), Amount: money.Cents(s.GetAmountCents()),
		Currency: s.GetCurrency(), Frequency: s.GetFrequency(), StartDate: s.GetStartDate(), EndDate: s.GetEndDate(), Collect: s.GetCollect(),
		Settlement: s.GetSettlement(), StopAtBank: s.GetStopAtBank(), Replaces: s.GetReplaces(), ReplacedBy: s.GetReplacedBy(),
		Reference: textOrNull(s.GetMerchantReference()), Metadata: s.GetMetadataJson(),
	}
}

type occurrenceData struct {
	SubscriptionID     string      `json:"subscription_id"`
	SubscriptionStatus string      `json:"subscription_status"`
	Number             int32       `json:"number"`
	Date               string      `json:"date"`
	ExecutionDate      string      `json:"execution_date"`
	Status             string      `json:"status"`
	Evidence           string      `json:"evidence,omitempty"`
	EvidenceReference  string      `json:"evidence_reference,omitempty"`
	Amount             money.Cents `json:"amount"`
	Currency           string      `json:"currency"`
	PaymentLinkID      string      `json:"payment_link_id,omitempty"`
	PaymentLinkURL     string      `json:"payment_link_url,omitempty"`
	Reminders          int32       `json:"reminders,omitempty"`
	// Reference and Metadata are those of the subscription.
	Reference *string         `json:"reference"`
	Metadata  json.RawMessage `json:"metadata,omitempty"`
}

func occurrenceBody(c *eventsv1.SubscriptionChanged) occurrenceData {
	s, o := c.GetSubscription(), c.GetOccurrence()
	return occurrenceData{
		SubscriptionID: s.GetId(), SubscriptionStatus: s.GetStatus(), Number: o.GetNumber(), Date: o.GetDate(), ExecutionDate: o.GetExecutionDate(),
		Status: o.GetStatus(), Evidence: o.GetEvidence(), EvidenceReference: o.GetEvidenceReference(), Amount: money.Cents(o.GetAmountCents()),
		Currency: s.GetCurrency(), PaymentLinkID: o.GetPaymentLinkId(), PaymentLinkURL: o.GetPaymentLinkUrl(), Reminders: o.GetReminders(),
		Reference: textOrNull(s.GetMerchantReference()), Metadata: s.GetMetadataJson(),
	}
}

// textOrNull returns nil for no text, which is null in a body.
func textOrNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
