package eupay

import "time"

// SignedQR is a code of a merchant.
type SignedQR struct {
	// The link to draw.
	QRData string `json:"qrData"`
	// Opens the app directly.
	DeepLinkData string `json:"deepLinkData"`
	// What was signed.
	Payload QRPayload `json:"payload"`
	// Zero: permanent.
	ExpiresAt time.Time `json:"expiresAt"`
}

// QRPayload is what was signed.
type QRPayload struct {
	V    int    `json:"v"`
	Type string `json:"type"`
	// Identifies the code.
	RequestID string     `json:"requestId"`
	Merchant  QRMerchant `json:"merchant"`
	Amount    Amount     `json:"amount"`
	Currency  string     `json:"currency"`
	ExpiresAt time.Time  `json:"expiresAt"`
	// Only when the code has one.
	Label string `json:"label"`
}

// QRMerchant is who is paid.
type QRMerchant struct {
	ID string `json:"id"`
	// The same as id.
	MerchantID string `json:"merchantId"`
	Name       string `json:"name"`
	// Your public id.
	EuPayID string `json:"euPayId"`
}

// QRParams is a code to make.
type QRParams struct {
	// Fixed amount in euros. Without it the customer chooses.
	Amount Amount `json:"amount,omitzero"`
	// Shown to the customer.
	Label string `json:"label,omitzero"`
	// Without it the code is permanent.
	ExpiresInMinutes int `json:"expiresInMinutes,omitzero"`
}

// ScannedQR is what a code says.
type ScannedQR struct {
	MerchantName string `json:"merchantName"`
	// Zero: the customer chooses.
	Amount Amount `json:"amount"`
	// Whether the code says the amount.
	FixedAmount bool   `json:"fixedAmount"`
	Label       string `json:"label"`
	// Zero: permanent.
	ExpiresAt time.Time `json:"expiresAt"`
	// One of gateway_qr_payment, powens_qr_payment_request.
	Type string `json:"type"`
	// Only with gateway_qr_payment. The payment that the code pays.
	GatewayReference string `json:"gatewayReference"`
}

// ScanPayParams is a scanned code to pay.
type ScanPayParams struct {
	// What the code holds.
	QRData string `json:"qrData"`
	// One of the customer's linked accounts.
	AccountID string `json:"accountId"`
	Amount    Amount `json:"amount,omitzero"`
	// IdempotencyKey makes a repetition of the request harmless. Empty: the client makes one, for its own repetitions.
	IdempotencyKey string `json:"-"`
}

// ScanPayment is how a scanned code is paid.
type ScanPayment struct {
	// Where the customer authorises. Absent until the bank has given it.
	WebauthURL    string        `json:"webauthUrl"`
	TransferID    string        `json:"transferId"`
	TransactionID string        `json:"transactionId"`
	Amount        Amount        `json:"amount"`
	Status        PaymentStatus `json:"status"`
	// Replayed: an earlier request with the same key or reference has done it, and nothing was done now.
	Replayed bool `json:"-"`
}

// ScanTransaction is what a customer paid.
type ScanTransaction struct {
	TransactionID string        `json:"transactionId"`
	Status        PaymentStatus `json:"status"`
	Amount        Amount        `json:"amount"`
	Currency      string        `json:"currency"`
	MerchantName  string        `json:"merchantName"`
	// What the merchant wrote on its code, or whom it pays.
	Description string `json:"description"`
	// The payment that it pays.
	GatewayReference string      `json:"gateway_reference"`
	FailureCode      FailureCode `json:"failureCode"`
	// Where the customer authorises it.
	WebauthURL  string    `json:"webauthUrl"`
	CreatedAt   time.Time `json:"createdAt"`
	CompletedAt time.Time `json:"completedAt"`
	Livemode    bool      `json:"livemode"`
	// What came back of it.
	AmountRefunded Amount `json:"amountRefunded"`
	// What the merchant gives back, the oldest first.
	Refunds []ScanRefund `json:"refunds"`
}

// ScanRefund is money that goes back to a customer.
type ScanRefund struct {
	RefundID    string        `json:"refundId"`
	Status      PaymentStatus `json:"status"`
	Amount      Amount        `json:"amount"`
	CreatedAt   time.Time     `json:"createdAt"`
	CompletedAt time.Time     `json:"completedAt"`
}
