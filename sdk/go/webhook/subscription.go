package webhook

import eupay "european-pay.eu/eupay/sdk/go"

// Subscription is what an event says of a subscription.
type Subscription struct {
	// ID is SUB-….
	ID           string                   `json:"id"`
	Status       eupay.SubscriptionStatus `json:"status"`
	StatusDetail string                   `json:"status_detail"`
	FailureCode  string                   `json:"failure_code"`
	// Amount is that of each occurrence.
	Amount    eupay.Amount    `json:"amount"`
	Currency  string          `json:"currency"`
	Frequency eupay.Frequency `json:"frequency"`
	// Days are YYYY-MM-DD. An empty EndDate: it runs until it is stopped.
	StartDate  string           `json:"start_date"`
	EndDate    string           `json:"end_date"`
	Collect    eupay.Collect    `json:"collect"`
	Settlement eupay.Settlement `json:"settlement"`
	// StopAtBank: only the payer can end the standing order, at the bank.
	StopAtBank bool `json:"stop_at_bank"`
	// Replaces and ReplacedBy are other subscriptions; empty: none.
	Replaces   string `json:"replaces"`
	ReplacedBy string `json:"replaced_by"`
	// Reference and Metadata are your own.
	Reference string         `json:"reference"`
	Metadata  eupay.Metadata `json:"metadata"`
}

// Occurrence is what an event says of one day on which a subscription is due.
type Occurrence struct {
	SubscriptionID     string                   `json:"subscription_id"`
	SubscriptionStatus eupay.SubscriptionStatus `json:"subscription_status"`
	// Number counts from 1.
	Number int `json:"number"`
	// Date is by the schedule, ExecutionDate the bank day: YYYY-MM-DD.
	Date          string                 `json:"date"`
	ExecutionDate string                 `json:"execution_date"`
	Status        eupay.OccurrenceStatus `json:"status"`
	// Evidence is by what it was decided, EvidenceReference what shows it, such as a payment.
	Evidence          string       `json:"evidence"`
	EvidenceReference string       `json:"evidence_reference"`
	Amount            eupay.Amount `json:"amount"`
	Currency          string       `json:"currency"`
	// PaymentLinkURL is what you send to the payer, of subscription.occurrence.due.
	PaymentLinkID  string `json:"payment_link_id"`
	PaymentLinkURL string `json:"payment_link_url"`
	Reminders      int    `json:"reminders"`
	// Reference and Metadata are those of the subscription.
	Reference string         `json:"reference"`
	Metadata  eupay.Metadata `json:"metadata"`
}
