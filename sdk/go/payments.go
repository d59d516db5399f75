package eupay

import (
	"bytes"
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"time"
)

// Payments creates, reads and cancels payments.
type Payments struct{ c *caller }

const (
	paymentsPath = "/gateway/payments"
	paymentPath  = paymentsPath + "/{}"
)

// Metadata is data of your own that a payment carries: texts, numbers and booleans. A number is read as a json.Number, with the
// digits that were sent.
type Metadata map[string]any

// UnmarshalJSON implements json.Unmarshaler.
func (m *Metadata) UnmarshalJSON(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return d.Decode((*map[string]any)(m))
}

// Create makes a payment. Send the payer to its PaymentURL or show its QRData. When the bank has not answered in time the payment
// is PaymentPending and has no PaymentURL yet: Get returns it later.
//
// With the Reference or the IdempotencyKey of a payment that exists it returns that one, with Replayed set.
func (s Payments) Create(ctx context.Context, p PaymentParams) (*Payment, error) {
	v, a, err := ask[Payment](ctx, s.c, call{method: http.MethodPost, path: paymentsPath, body: p, once: true, key: p.IdempotencyKey, moded: true, wrapped: true})
	if err == nil {
		v.Replayed = a.replayed()
	}
	return v, err
}

// Get reads a payment or a refund.
func (s Payments) Get(ctx context.Context, reference string) (*Payment, error) {
	return get[Payment](ctx, s.c, call{method: http.MethodGet, path: paymentPath, ids: []string{reference}, moded: true, wrapped: true})
}

// Status is what anybody may know of a payment, without a key. It is limited to 30 requests a minute from one address.
func (s Payments) Status(ctx context.Context, reference string) (*PublicStatus, error) {
	return get[PublicStatus](ctx, s.c, call{method: http.MethodGet, path: paymentPath + "/status", ids: []string{reference}, open: true, wrapped: true})
}

// History is every change of a payment, the oldest first.
func (s Payments) History(ctx context.Context, reference string) ([]PaymentChange, error) {
	return list[PaymentChange](ctx, s.c, call{method: http.MethodGet, path: paymentPath + "/history", ids: []string{reference}, moded: true})
}

// Cancel asks the bank to cancel a payment. It is cancelled once its Status says so.
func (s Payments) Cancel(ctx context.Context, reference string) (*Payment, error) {
	return s.about(ctx, reference, "/cancel", nil)
}

// ConfirmReceived says that the money of a payment came.
func (s Payments) ConfirmReceived(ctx context.Context, reference string, p ReceivedParams) (*Payment, error) {
	return s.about(ctx, reference, "/confirm-received", p)
}

// ConfirmNotReceived says that the money of a payment did not come.
func (s Payments) ConfirmNotReceived(ctx context.Context, reference string, p NotReceivedParams) (*Payment, error) {
	return s.about(ctx, reference, "/confirm-not-received", p)
}

// BookLateReceipt books money that came for a payment that had failed or was cancelled, so that it can be refunded.
func (s Payments) BookLateReceipt(ctx context.Context, reference string, p LateReceiptParams) (*Payment, error) {
	return s.about(ctx, reference, "/late-receipt", p)
}

func (s Payments) about(ctx context.Context, reference, what string, body any) (*Payment, error) {
	return get[Payment](ctx, s.c, call{method: http.MethodPost, path: paymentPath + what, ids: []string{reference}, body: body, moded: true, wrapped: true})
}

// QRImage draws the code of a payment. It ends 30 minutes after the payment was created.
func (s Payments) QRImage(ctx context.Context, reference string, p QRImageParams) (*File, error) {
	q := p.query()
	return s.c.file(ctx, call{path: paymentPath + "/qr." + string(p.format()), ids: []string{reference}, query: q, moded: true})
}

// SettledFilter chooses payments by what became of their money on your account.
type SettledFilter string

// The values of SettledFilter.
const (
	// SettledYes: the money was seen.
	SettledYes SettledFilter = "true"
	// SettledNo: the payment is paid, and its money was not seen, also because no account is connected.
	SettledNo SettledFilter = "false"
	// SettledMissed: the money was not seen in time, or the bank has taken it back.
	SettledMissed SettledFilter = "unsettled"
)

// PaymentListParams choose payments. What is empty chooses nothing.
type PaymentListParams struct {
	ListParams
	// StartingAfter is the reference of the payment after which the list goes on, in place of Page.
	StartingAfter string
	Status        PaymentStatus
	StatusDetail  StatusDetail
	// From is inclusive, To is not; both are of when the payment was created.
	From, To time.Time
	// Reference is EU Pay's, MerchantReference yours.
	Reference, MerchantReference string
	// Amount is the very amount, the others are bounds of it.
	Amount, MinAmount, MaxAmount Amount
	// Search is part of a reference, a description or a payer's name, or an amount, or a value of the metadata.
	Search string
	// Metadata is a value of the metadata, or key:value.
	Metadata string
	// Settled is what became of the money on your account.
	Settled SettledFilter
	// PaymentLinkID is the link that is paid.
	PaymentLinkID string
	// Uncounted: do not count all that match, which is faster. The page has HasMore in place of Pagination.
	Uncounted bool
}

func (p PaymentListParams) query() query {
	q := p.ListParams.query()
	q.text("starting_after", p.StartingAfter)
	if p.Uncounted {
		q.flag("total", false)
	}
	return p.filter(q)
}

// filter adds what chooses payments, whatever the page.
func (p PaymentListParams) filter(q query) query {
	q.text("status", string(p.Status))
	q.text("status_detail", string(p.StatusDetail))
	q.time("from", p.From)
	q.time("to", p.To)
	q.text("reference", p.Reference)
	q.text("merchant_reference", p.MerchantReference)
	q.amount("amount", p.Amount)
	q.amount("min_amount", p.MinAmount)
	q.amount("max_amount", p.MaxAmount)
	q.text("search", p.Search)
	q.text("metadata", p.Metadata)
	q.text("settled", string(p.Settled))
	q.text("payment_link_id", p.PaymentLinkID)
	return q
}

func (s Payments) listing(p PaymentListParams) listing[Payment] {
	return listing[Payment]{s.c, call{path: paymentsPath, query: p.query(), moded: true}, func(p *Payment) string { return p.Reference }}
}

// List reads one page of the payments, the newest first.
func (s Payments) List(ctx context.Context, p PaymentListParams) (*Page[Payment], error) {
	return s.listing(p).page(ctx)
}

// All reads the payments to their end, the newest first. None comes twice when new ones are made meanwhile.
func (s Payments) All(ctx context.Context, p PaymentListParams) iter.Seq2[Payment, error] {
	return s.listing(p).all(ctx)
}

// Refunds gives money back. Payments.Get reads a refund by its reference.
type Refunds struct{ c *caller }

// RefundParams is money to give back.
type RefundParams struct {
	// Amount is at most what is left of the payment. 0: all of that.
	Amount Amount `json:"amount,omitzero"`
	// IdempotencyKey makes a repetition of the request harmless. Empty: the client makes one, for its own repetitions.
	IdempotencyKey string `json:"-"`
}

// Create gives back a payment or a part of it. Where the merchant has to authorise the refund at the bank, its PaymentURL is where.
func (s Refunds) Create(ctx context.Context, payment string, p RefundParams) (*Payment, error) {
	v, a, err := ask[Payment](ctx, s.c, call{
		method: http.MethodPost, path: paymentPath + "/refund", ids: []string{payment}, body: p, once: true, key: p.IdempotencyKey,
		moded: true, wrapped: true,
	})
	if err == nil {
		v.Replayed = a.replayed()
	}
	return v, err
}

// List reads the refunds of a payment.
func (s Refunds) List(ctx context.Context, payment string) ([]Payment, error) {
	return list[Payment](ctx, s.c, call{method: http.MethodGet, path: paymentPath + "/refunds", ids: []string{payment}, moded: true})
}

// Cancel asks the bank to cancel a refund. It takes an API key.
func (s Refunds) Cancel(ctx context.Context, payment, refund string) (*Payment, error) {
	return get[Payment](ctx, s.c, call{method: http.MethodPost, path: paymentPath + "/refunds/{}/cancel", ids: []string{payment, refund}, wrapped: true})
}
