package eupay

import (
	"context"
	"encoding/json"
	"net/http"
	"time"
)

const cancellationsPath = orderPath + "/cancellations"

// Cancel takes pieces out of an order, or all that is left of it. What was paid for them is given back unless Refund says otherwise.
func (s Orders) Cancel(ctx context.Context, id string, p CancelParams) (*CancelledOrder, error) {
	v, a, err := ask[CancelledOrder](ctx, s.c, call{
		method: http.MethodPost, path: cancellationsPath, ids: []string{id}, body: p, once: true, key: p.IdempotencyKey,
	})
	if err == nil {
		v.Replayed = a.replayed()
	}
	return v, err
}

// Cancellations are what was cancelled of an order, the oldest first, at most 101.
func (s Orders) Cancellations(ctx context.Context, id string) ([]Cancellation, error) {
	return list[Cancellation](ctx, s.c, call{method: http.MethodGet, path: cancellationsPath, ids: []string{id}})
}

// RefundCancellation gives back what a cancellation took out of an order, when nothing was given back or the refund has failed. Asking twice gives
// back once.
func (s Orders) RefundCancellation(ctx context.Context, id, cancellation string) (*CancelledOrder, error) {
	return get[CancelledOrder](ctx, s.c, call{method: http.MethodPost, path: cancellationsPath + "/{}/refund", ids: []string{id, cancellation}})
}

// Cancellation is what was taken out of an order at one time.
type Cancellation struct {
	// Empty in a dry run.
	ID string `json:"id"`
	// Counts those of the order.
	Number int             `json:"number"`
	Lines  []CancelledLine `json:"lines"`
	// VAT included: the sum of the lines.
	Amount Amount     `json:"amount"`
	Taxes  []TaxShare `json:"taxes"`
	Reason string     `json:"reason"`
	// The pieces are in the stock again.
	Restocked bool `json:"restocked"`
	// What is given back.
	RefundAmount Amount `json:"refund_amount"`
	// The latest refund. None in a dry run, and when nothing is given back.
	Refund    *OrderRefund `json:"refund"`
	CreatedAt time.Time    `json:"created_at"`
}

// CancelledLine is what was taken out of one line of an order.
type CancelledLine struct {
	Position int        `json:"position"`
	Name     string     `json:"name"`
	Quantity int        `json:"quantity"`
	Amount   Amount     `json:"amount"`
	Taxes    []TaxShare `json:"taxes"`
}

// TaxShare is the part of an amount at one rate of VAT.
type TaxShare struct {
	VATRate json.Number `json:"vat_rate"`
	// VAT included.
	Amount    Amount `json:"amount"`
	VATAmount Amount `json:"vat_amount"`
}

// CancelParams is what becomes of an order.
type CancelParams struct {
	// Absent: all that is left.
	Lines []CancelLine `json:"lines,omitzero"`
	// At most 200 characters.
	Reason string `json:"reason,omitzero"`
	// nil: what was paid is given back.
	Refund *bool `json:"refund,omitzero"`
	// nil: the pieces go back to the stock unless their preparation has begun.
	Restock *bool `json:"restock,omitzero"`
	// Only say what would come of it.
	DryRun bool `json:"dry_run,omitzero"`
	// IdempotencyKey makes a repetition of the request harmless. Empty: the client makes one, for its own repetitions.
	IdempotencyKey string `json:"-"`
}

// CancelLine is how many pieces of which line.
type CancelLine struct {
	Position int `json:"position"`
	Quantity int `json:"quantity"`
}

// CancelledOrder is a cancellation and the order after it.
type CancelledOrder struct {
	Cancellation Cancellation `json:"cancellation"`
	// In a dry run, as it would be.
	Order Order `json:"order"`
	// Replayed: an earlier request with the same key has done it, and nothing was done now.
	Replayed bool `json:"-"`
}
