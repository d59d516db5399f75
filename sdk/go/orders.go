package eupay

import (
	"context"
	"iter"
	"net/http"
	"time"
)

// Orders are what guests ordered. It takes a login, but for GetAsGuest.
type Orders struct{ c *caller }

const (
	ordersPath = "/table-order/orders"
	orderPath  = ordersPath + "/{}"
)

// Get reads an order with its history.
func (s Orders) Get(ctx context.Context, id string) (*Order, error) {
	return get[Order](ctx, s.c, call{method: http.MethodGet, path: orderPath, ids: []string{id}})
}

// GetAsGuest reads an order as its guest may: token is that of the table's code.
func (s Orders) GetAsGuest(ctx context.Context, id, token string) (*Order, error) {
	q := query{}
	q.text("token", token)
	return get[Order](ctx, s.c, call{method: http.MethodGet, path: orderPath, ids: []string{id}, query: q, open: true})
}

// SetStatus moves an order on. Cancelled, it may give back what was paid.
func (s Orders) SetStatus(ctx context.Context, id string, p OrderStatusParams) (*Order, error) {
	return get[Order](ctx, s.c, call{method: http.MethodPost, path: orderPath + "/status", ids: []string{id}, body: p})
}

// Kitchen is what is to be done: orders that are received, preparing or ready, the oldest first, at most 200.
func (s Orders) Kitchen(ctx context.Context) ([]Order, error) {
	return list[Order](ctx, s.c, call{method: http.MethodGet, path: ordersPath + "/kitchen"})
}

// OrderListParams choose orders. What is empty chooses nothing.
type OrderListParams struct {
	ListParams
	// StartingAfter is the id of the order after which the list goes on, in place of Page.
	StartingAfter string
	Status        OrderStatus
	// Table is the id of a table.
	Table string
	// From is inclusive, To is not; both are of when the order was placed.
	From, To time.Time
	// PaymentReference is the payment that pays the order.
	PaymentReference string
}

func (s Orders) listing(p OrderListParams) listing[Order] {
	q := p.query()
	q.text("starting_after", p.StartingAfter)
	q.text("status", string(p.Status))
	q.text("table", p.Table)
	q.time("from", p.From)
	q.time("to", p.To)
	q.text("payment_reference", p.PaymentReference)
	return listing[Order]{s.c, call{path: ordersPath, query: q}, func(o *Order) string { return o.ID }}
}

// List reads one page of the orders, the newest first.
func (s Orders) List(ctx context.Context, p OrderListParams) (*Page[Order], error) {
	return s.listing(p).page(ctx)
}

// All reads the orders to their end, the newest first.
func (s Orders) All(ctx context.Context, p OrderListParams) iter.Seq2[Order, error] {
	return s.listing(p).all(ctx)
}
