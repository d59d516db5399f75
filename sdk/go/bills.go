package eupay

import (
	"context"
	"iter"
	"net/http"
)

// Bills are what tables owe that pay later. It takes a login.
type Bills struct{ c *caller }

const (
	billsPath     = "/table-order/bills"
	billPath      = billsPath + "/{}"
	guestBillPath = "/table-order/bill/{}"
	sharePath     = "/shares/{}"
)

// BillListParams choose bills. What is empty chooses nothing.
type BillListParams struct {
	ListParams
	Status BillStatus
	// Table is the id of a table.
	Table string
}

func (s Bills) listing(p BillListParams) listing[BillSummary] {
	q := p.query()
	q.text("status", string(p.Status))
	q.text("table", p.Table)
	return listing[BillSummary]{s.c, call{path: billsPath, query: q}, nil}
}

// List reads one page of the bills, the newest first.
func (s Bills) List(ctx context.Context, p BillListParams) (*Page[BillSummary], error) {
	return s.listing(p).page(ctx)
}

// All reads the bills to their end, the newest first.
func (s Bills) All(ctx context.Context, p BillListParams) iter.Seq2[BillSummary, error] {
	return s.listing(p).all(ctx)
}

// Get reads a bill.
func (s Bills) Get(ctx context.Context, id string) (*Bill, error) {
	return get[Bill](ctx, s.c, call{method: http.MethodGet, path: billPath, ids: []string{id}})
}

// RecordPayment records money that the merchant received itself.
func (s Bills) RecordPayment(ctx context.Context, id string, p BillPaymentParams) (*Bill, error) {
	v, a, err := ask[Bill](ctx, s.c, call{
		method: http.MethodPost, path: billPath + "/payments", ids: []string{id}, body: p, once: true, key: p.IdempotencyKey,
	})
	if err == nil {
		v.Replayed = a.replayed()
	}
	return v, err
}

// RefundPayment gives back what was paid too much with one of the bill's payments.
func (s Bills) RefundPayment(ctx context.Context, id, payment string, p BillRefundParams) (*Bill, error) {
	return get[Bill](ctx, s.c, call{method: http.MethodPost, path: billPath + "/payments/{}/refund", ids: []string{id, payment}, body: p})
}

// TakeShare has a guest pay a share, at a screen of the merchant's.
func (s Bills) TakeShare(ctx context.Context, id string, p BillShareParams) (*TakenBillShare, error) {
	return takeShare(ctx, s.c, call{path: billPath + "/shares", ids: []string{id}, body: p, key: p.IdempotencyKey})
}

// CancelShare makes the part of an open share free again.
func (s Bills) CancelShare(ctx context.Context, id, share string) (*BillShare, error) {
	return get[BillShare](ctx, s.c, call{method: http.MethodPost, path: billPath + sharePath + "/cancel", ids: []string{id, share}})
}

// Close ends a bill that is paid, or whose rest nobody will pay.
func (s Bills) Close(ctx context.Context, id string, p BillCloseParams) (*Bill, error) {
	return get[Bill](ctx, s.c, call{method: http.MethodPost, path: billPath + "/close", ids: []string{id}, body: p})
}

// GuestBills are bills as guests see and pay them. They are public: the token is that of a bill's link.
type GuestBills struct{ c *caller }

// AtTable reads the open bill at a table: merchant and token are in the code of the table.
func (s GuestBills) AtTable(ctx context.Context, merchant, token string) (*GuestBill, error) {
	return get[GuestBill](ctx, s.c, call{method: http.MethodGet, path: menuPath + "/bill", ids: []string{merchant, token}, open: true})
}

// Get reads a bill by its link.
func (s GuestBills) Get(ctx context.Context, token string) (*GuestBill, error) {
	return get[GuestBill](ctx, s.c, call{method: http.MethodGet, path: guestBillPath, ids: []string{token}, open: true})
}

// TakeShare sets a part aside, which the guest pays at the PaymentURL. Give IdempotencyKey, so that a double tap takes one share.
func (s GuestBills) TakeShare(ctx context.Context, token string, p BillShareParams) (*TakenBillShare, error) {
	return takeShare(ctx, s.c, call{path: guestBillPath + "/shares", ids: []string{token}, body: p, key: p.IdempotencyKey, open: true})
}

// GetShare reads a share.
func (s GuestBills) GetShare(ctx context.Context, token, share string) (*BillShare, error) {
	return get[BillShare](ctx, s.c, call{method: http.MethodGet, path: guestBillPath + sharePath, ids: []string{token, share}, open: true})
}

// CancelShare makes the part of an open share free again.
func (s GuestBills) CancelShare(ctx context.Context, token, share string) (*BillShare, error) {
	return get[BillShare](ctx, s.c, call{method: http.MethodPost, path: guestBillPath + sharePath + "/cancel", ids: []string{token, share}, open: true})
}

func takeShare(ctx context.Context, c *caller, op call) (*TakenBillShare, error) {
	op.method, op.once = http.MethodPost, true
	v, a, err := ask[TakenBillShare](ctx, c, op)
	if err == nil {
		v.Replayed = a.replayed()
	}
	return v, err
}
