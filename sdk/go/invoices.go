package eupay

import (
	"context"
	"iter"
	"net/http"
	"time"
)

// Invoices issues French e-invoices and what corrects them. An id is the ID or the InvoiceNumber of one.
type Invoices struct{ c *caller }

const (
	invoicesPath = "/einvoice/invoices"
	invoicePath  = invoicesPath + "/{}"
)

// Business looks up where a business receives its invoices. The national directory is asked through the platform: ErrNotFound if
// it does not know the SIREN.
func (s Invoices) Business(ctx context.Context, siren string) (*Business, error) {
	return get[Business](ctx, s.c, call{method: http.MethodGet, path: "/einvoice/directory/{}", ids: []string{siren}, moded: true})
}

// Create issues an invoice under the next number and hands it in. When that does not succeed the invoice exists all the same:
// SeqinoStatus and Seqino.Error say why, and EU Pay goes on trying.
//
// With the Reference or the IdempotencyKey of an invoice that exists it returns that one, with Replayed set.
func (s Invoices) Create(ctx context.Context, p InvoiceParams) (*Invoice, error) {
	return s.once(ctx, call{path: invoicesPath, body: p, key: p.IdempotencyKey})
}

// MarkPaid records money that was received for an invoice.
func (s Invoices) MarkPaid(ctx context.Context, id string, p MarkPaidParams) (*Invoice, error) {
	return s.once(ctx, call{path: invoicePath + "/mark-paid", ids: []string{id}, body: p, key: p.IdempotencyKey})
}

// Credit issues a credit note for an invoice or a part of it, and returns the credit note.
func (s Invoices) Credit(ctx context.Context, id string, p CreditParams) (*Invoice, error) {
	return s.once(ctx, call{path: invoicePath + "/credit-note", ids: []string{id}, body: p, key: p.IdempotencyKey})
}

func (s Invoices) once(ctx context.Context, op call) (*Invoice, error) {
	op.method, op.once, op.moded = http.MethodPost, true, true
	v, a, err := ask[Invoice](ctx, s.c, op)
	if err == nil {
		v.Replayed = a.replayed()
	}
	return v, err
}

// Get reads an invoice with everything, as the platform knows it at this moment.
func (s Invoices) Get(ctx context.Context, id string) (*Invoice, error) {
	return get[Invoice](ctx, s.c, call{method: http.MethodGet, path: invoicePath, ids: []string{id}, moded: true})
}

// Submit tries at once to hand an invoice in, which would be tried later by itself.
func (s Invoices) Submit(ctx context.Context, id string) (*Invoice, error) {
	return get[Invoice](ctx, s.c, call{method: http.MethodPost, path: invoicePath + "/submit", ids: []string{id}, moded: true})
}

// Cancel makes an invoice one that is owed no more.
func (s Invoices) Cancel(ctx context.Context, id string, p CancelInvoiceParams) (*Invoice, error) {
	return get[Invoice](ctx, s.c, call{method: http.MethodPost, path: invoicePath + "/cancel", ids: []string{id}, body: p, moded: true})
}

// PDF is the Factur-X. It is there once SeqinoStatus is submitted: ErrInvalidState before that.
func (s Invoices) PDF(ctx context.Context, id string) (*File, error) {
	return s.c.file(ctx, call{path: invoicePath + "/pdf", ids: []string{id}, moded: true})
}

// Trail is how a document came about: what happened from the order to the payment and the reports, the oldest first.
func (s Invoices) Trail(ctx context.Context, id string) (*InvoiceTrail, error) {
	return get[InvoiceTrail](ctx, s.c, call{method: http.MethodGet, path: invoicePath + "/trail", ids: []string{id}, moded: true})
}

// InvoiceListParams choose invoices. What is empty chooses nothing.
type InvoiceListParams struct {
	ListParams
	// StartingAfter is the id or the number of the invoice after which the list goes on, in place of Page.
	StartingAfter string
	Status        InvoiceStatus
	// From is inclusive, To is not; both are of when the invoice was created.
	From, To time.Time
	// PaymentReference is the payment that the invoice was made for or paid by. With it, what corrects such an invoice is listed too.
	PaymentReference string
}

func (s Invoices) listing(p InvoiceListParams) listing[Invoice] {
	q := p.query()
	q.text("starting_after", p.StartingAfter)
	q.text("status", string(p.Status))
	q.time("from", p.From)
	q.time("to", p.To)
	q.text("payment_reference", p.PaymentReference)
	return listing[Invoice]{s.c, call{path: invoicesPath, query: q, moded: true}, func(i *Invoice) string { return i.ID }}
}

// List reads one page of the invoices, the newest first, without Items, Payments, LifecycleEvents and Corrections.
func (s Invoices) List(ctx context.Context, p InvoiceListParams) (*Page[Invoice], error) {
	return s.listing(p).page(ctx)
}

// All reads the invoices to their end, the newest first, without Items, Payments, LifecycleEvents and Corrections.
func (s Invoices) All(ctx context.Context, p InvoiceListParams) iter.Seq2[Invoice, error] {
	return s.listing(p).all(ctx)
}
