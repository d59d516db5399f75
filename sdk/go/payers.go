package eupay

import (
	"context"
	"net/http"
	"time"
)

// Payers is what a payer may do without a login or a key. Its calls carry no credentials.
type Payers struct{ c *caller }

// PreviewedQR is what a code says to a payer without a login.
type PreviewedQR struct {
	MerchantName string `json:"merchantName"`
	// Zero: the payer chooses.
	Amount Amount `json:"amount"`
	// Whether the code says the amount.
	FixedAmount bool `json:"fixedAmount"`
	// What the merchant wrote on its code.
	Label string `json:"label"`
	// Zero: permanent.
	ExpiresAt time.Time `json:"expiresAt"`
	// One of gateway_qr_payment, powens_qr_payment_request.
	Type string `json:"type"`
	// Whether it is paid with real money.
	Livemode bool `json:"livemode"`
	// Only with gateway_qr_payment. The payment that the code pays.
	GatewayReference string `json:"gatewayReference"`
	// Only with gateway_qr_payment. How that payment stands.
	Status PaymentStatus `json:"status"`
	// Only with gateway_qr_payment while it can be paid. Where the payer authorises.
	PaymentURL string `json:"paymentUrl"`
}

// CheckoutParams is a merchant's own code to pay.
type CheckoutParams struct {
	// The text of the code: its link, its deep link or the data of either.
	QRData string `json:"qrData"`
	// Required where the code leaves it open; else it may only repeat the code's.
	Amount Amount `json:"amount,omitzero"`
	// The id of a bank of QRBanks; empty: the payer chooses later.
	Bank string `json:"bank,omitzero"`
	// IdempotencyKey makes a repetition of the request harmless; random, of one payer and one payment. Empty: the client makes one, for its
	// own repetitions.
	IdempotencyKey string `json:"-"`
}

// Checkout is a payment that was begun with a merchant's own code.
type Checkout struct {
	Reference string        `json:"reference"`
	Amount    Amount        `json:"amount"`
	Currency  string        `json:"currency"`
	Status    PaymentStatus `json:"status"`
	Livemode  bool          `json:"livemode"`
	// Where the payer authorises. Absent until the bank has given it: the same request returns it later.
	PaymentURL string `json:"paymentUrl"`
	// Replayed: an earlier request with the same key or reference has done it, and nothing was done now.
	Replayed bool `json:"-"`
}

// Receipt is what a payer keeps of a payment.
type Receipt struct {
	Reference string        `json:"reference"`
	Status    PaymentStatus `json:"status"`
	// not_paid: no money was taken. unconfirmed: the bank did not confirm in time, so money may still leave the account. late: the money
	// came after the payment had ended. One of open, paid, refunded, not_paid, unconfirmed, late.
	Outcome      string    `json:"outcome"`
	Amount       Amount    `json:"amount"`
	Currency     string    `json:"currency"`
	MerchantName string    `json:"merchant_name"`
	Livemode     bool      `json:"livemode"`
	CreatedAt    time.Time `json:"created_at"`
	// Only of a payment that is paid.
	CompletedAt time.Time `json:"completed_at"`
	// ReturnURL is where the merchant wants the payer after this outcome; empty: it gave none.
	ReturnURL string `json:"return_url"`
	// InApp: a customer of the app has paid it there.
	InApp bool `json:"in_app"`
}

// Preview checks a code and says who asks for how much. Nothing is begun. qrData is the text of the code.
func (s Payers) Preview(ctx context.Context, qrData string) (*PreviewedQR, error) {
	body := struct {
		QRData string `json:"qrData"`
	}{qrData}
	return get[PreviewedQR](ctx, s.c, call{method: http.MethodPost, path: "/qr/preview", body: body, open: true})
}

// QRBanks reads one page of the banks that a merchant's own code can be paid from, by name. qrData is the text of the code.
func (s Payers) QRBanks(ctx context.Context, qrData string, p PayerBankListParams) (*Page[PayerBank], error) {
	q := p.query()
	q.text("qrData", qrData)
	return s.banks(ctx, "/qr/banks", nil, q, p)
}

// Checkout begins to pay a merchant's own code.
func (s Payers) Checkout(ctx context.Context, p CheckoutParams) (*Checkout, error) {
	v, a, err := ask[Checkout](ctx, s.c, call{method: http.MethodPost, path: "/qr/checkout", body: p, key: p.IdempotencyKey, once: true, open: true})
	if err == nil {
		v.Replayed = a.replayed()
	}
	return v, err
}

// Receipt reads what a payer keeps of a payment.
func (s Payers) Receipt(ctx context.Context, reference string) (*Receipt, error) {
	return get[Receipt](ctx, s.c, call{method: http.MethodGet, path: paymentPath + "/receipt", ids: []string{reference}, open: true, wrapped: true})
}
