package eupay

import "time"

// Payment is a payment or, with a reference that begins with REF-, a refund.
type Payment struct {
	Reference string `json:"reference"`
	// Only of a refund.
	OriginalReference string        `json:"original_reference"`
	Amount            Amount        `json:"amount"`
	Currency          string        `json:"currency"`
	Status            PaymentStatus `json:"status"`
	// Where the payer authorises. Absent until the bank has given it, and from a payment that is final.
	PaymentURL string    `json:"payment_url"`
	CreatedAt  time.Time `json:"created_at"`
	// Your own reference of it.
	MerchantReference string `json:"merchant_reference"`
	Description       string `json:"description"`
	Livemode          bool   `json:"livemode"`
	SuccessURL        string `json:"success_url"`
	CancelURL         string `json:"cancel_url"`
	// Your own data, as you sent it.
	Metadata      Metadata      `json:"metadata"`
	ExecutionType ExecutionType `json:"execution_type"`
	ExecutionDate string        `json:"execution_date"`
	// Sum of the completed refunds. Absent from a refund.
	AmountRefunded Amount `json:"amount_refunded"`
	// What happens within the status.
	StatusDetail StatusDetail `json:"status_detail"`
	// Why it failed.
	FailureCode FailureCode `json:"failure_code"`
	// What to do about a FailureCode, where you can mend it.
	FailureMessage string `json:"failure_message"`
	// It is being cancelled.
	CancelRequested bool `json:"cancel_requested"`
	// Counts the changes of this payment.
	Sequence    int       `json:"sequence"`
	UpdatedAt   time.Time `json:"updated_at"`
	CompletedAt time.Time `json:"completed_at"`
	// The payment has been silent for too long; it is still followed.
	StalledAt time.Time `json:"stalled_at"`
	// While a cancellation waits for approval: where the payer (of a refund: you) approves it.
	AuthorisationURL string `json:"authorisation_url"`
	// Only you can say whether the money came. When you have not by then, accepted_by_bank completes and amount_mismatch fails.
	SettlementDeadline time.Time `json:"settlement_deadline"`
	// Money that came although the payment had failed or was cancelled. It can be refunded.
	LateReceipt *LateReceipt `json:"late_receipt"`
	// The id of the bank from which it is paid, once that is known.
	Bank string `json:"bank"`
	// Whether that bank reports the execution. Empty while the bank is not known.
	Settlement Settlement `json:"settlement"`
	// The payment link and the subscription that it belongs to; empty: none.
	PaymentLinkID  string `json:"payment_link_id"`
	SubscriptionID string `json:"subscription_id"`
	// When the money was seen on your account; zero: not yet, or no account is connected.
	SettledAt time.Time `json:"settled_at"`
	// When the money was missed there; zero: it was not.
	UnsettledAt time.Time `json:"unsettled_at"`
	// None when the QR code could not be signed in time; the same request returns it later.
	QRData *QRData `json:"qr_data"`
	// Replayed: an earlier request with the same key or reference has done it, and nothing was done now.
	Replayed bool `json:"-"`
}

// PaymentParams is a payment to make.
type PaymentParams struct {
	Amount Amount `json:"amount"`
	// EUR, also when empty.
	Currency string `json:"currency,omitzero"`
	// Shown to the customer. One line. On the bank statements of both sides it stands in Latin letters, as banks require, followed
	// by " - " and your reference (or, when you give none or banks cannot write it, the last 16 characters of ours). What is longer
	// than 140 characters together is shortened at the end of the description, which then ends with three dots.
	Description string `json:"description"`
	// Your order reference. The same one within 30 minutes returns the existing payment, unless that failed or was cancelled.
	Reference string `json:"reference,omitzero"`
	// Where the payer goes after the bank's authorisation, with reference and status added to the query, in place of any that it
	// has. http or https; https in live mode.
	SuccessURL string `json:"success_url,omitzero"`
	// Where the payer goes after cancelling or a refusal.
	CancelURL string `json:"cancel_url,omitzero"`
	// Your own data, at most 20 texts, numbers and booleans. Webhooks bring it back.
	Metadata Metadata `json:"metadata,omitzero"`
	// How the bank executes the transfer.
	ExecutionType ExecutionType `json:"execution_type,omitzero"`
	// YYYY-MM-DD, only with deferred: after today and within a year.
	ExecutionDate string `json:"execution_date,omitzero"`
	// Bank opens the authorisation at this bank. Banks lists them. Empty: the payer chooses.
	Bank string `json:"bank,omitzero"`
	// Customer identifies the payer. Nil if you do not know who will pay.
	Customer *Payer `json:"customer,omitzero"`
	// IdempotencyKey makes a repetition of the request harmless. Empty: the client makes one, for its own repetitions.
	IdempotencyKey string `json:"-"`
}

// Payer is who pays: a person (FirstName and LastName) or a company (Company). Some banks want to know before a live payment.
type Payer struct {
	FirstName string `json:"first_name,omitzero"`
	LastName  string `json:"last_name,omitzero"`
	// The registered name. Not together with FirstName and LastName.
	Company string `json:"company,omitzero"`
	// Of a French company: 9 digits with a valid check digit. Give it, or euid, where you know it.
	SIREN string `json:"siren,omitzero"`
	// Of a company elsewhere in Europe: its European unique identifier.
	EUID    string       `json:"euid,omitzero"`
	Email   string       `json:"email,omitzero"`
	Address PayerAddress `json:"address,omitzero"`
	// YYYY-MM-DD, of a person.
	BirthDate string `json:"birth_date,omitzero"`
	BirthCity string `json:"birth_city,omitzero"`
	// ISO 3166-1 alpha-2.
	BirthCountry string `json:"birth_country,omitzero"`
}

// PayerAddress is where a payer lives or has its seat.
type PayerAddress struct {
	Street   string `json:"street"`
	PostCode string `json:"post_code"`
	City     string `json:"city"`
	// ISO 3166-1 alpha-2.
	Country string `json:"country"`
}

// QRData is the code of a payment.
type QRData struct {
	// Render it as a QR code, error correction level H. Valid for 30 minutes.
	QRData string `json:"qrData"`
	// Opens the EU Pay app on the same device.
	DeepLinkData string `json:"deepLinkData"`
}

// LateReceipt is money that came after its payment had failed.
type LateReceipt struct {
	Amount     Amount    `json:"amount"`
	ReceivedAt time.Time `json:"received_at"`
	BookedAt   time.Time `json:"booked_at"`
}

// PaymentChange is one row of the history of a payment.
type PaymentChange struct {
	Sequence    int           `json:"sequence"`
	Status      PaymentStatus `json:"status"`
	FromStatus  PaymentStatus `json:"from_status"`
	Detail      StatusDetail  `json:"detail"`
	FailureCode FailureCode   `json:"failure_code"`
	// api, provider, reconciler, expiry, refund, scan, merchant or rebuilt.
	Cause string `json:"cause"`
	// What the bank's side answered, in its own word. It may be new at any time.
	BankState string `json:"bank_state"`
	// Of merchant: the key or user who said so.
	Actor      string    `json:"actor"`
	Note       string    `json:"note"`
	OccurredAt time.Time `json:"occurred_at"`
	// TraceID finds what happened within EU Pay: quote it when you ask for help. Old changes have none.
	TraceID string `json:"trace_id"`
}

// PublicStatus is what anybody may know of a payment.
type PublicStatus struct {
	Reference string        `json:"reference"`
	Status    PaymentStatus `json:"status"`
	Amount    Amount        `json:"amount"`
	Currency  string        `json:"currency"`
}

// ReceivedParams is what a merchant says of money that came.
type ReceivedParams struct {
	Amount     Amount    `json:"amount,omitzero"`
	ReceivedAt time.Time `json:"received_at,omitzero"`
	// For the history.
	Note string `json:"note,omitzero"`
}

// NotReceivedParams is what a merchant says of money that did not come.
type NotReceivedParams struct {
	// For the history.
	Note string `json:"note,omitzero"`
}

// LateReceiptParams is money that came for a payment that had failed or was cancelled.
type LateReceiptParams struct {
	// What came. The payment's amount when absent.
	Amount Amount `json:"amount,omitzero"`
	// Now when absent.
	ReceivedAt time.Time `json:"received_at,omitzero"`
	// For the history.
	Note      string `json:"note,omitzero"`
	PayerName string `json:"payer_name,omitzero"`
	PayerIBAN string `json:"payer_iban,omitzero"`
}
