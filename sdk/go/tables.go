package eupay

import (
	"context"
	"iter"
	"net/http"
)

// Tables are the merchant's tables, each with a code that leads guests to its menu. It takes a login.
type Tables struct{ c *caller }

const (
	tablesPath = "/table-order/tables"
	tablePath  = tablesPath + "/{}"
)

// Create adds a table.
func (s Tables) Create(ctx context.Context, p TableParams) (*Table, error) {
	return get[Table](ctx, s.c, call{method: http.MethodPost, path: tablesPath, body: p})
}

// Get reads a table.
func (s Tables) Get(ctx context.Context, id string) (*Table, error) {
	return get[Table](ctx, s.c, call{method: http.MethodGet, path: tablePath, ids: []string{id}})
}

// Update changes a table.
func (s Tables) Update(ctx context.Context, id string, p TableChange) (*Table, error) {
	return get[Table](ctx, s.c, call{method: http.MethodPut, path: tablePath, ids: []string{id}, body: p})
}

// Delete removes a table. Its code leads nowhere then.
func (s Tables) Delete(ctx context.Context, id string) error {
	return do(ctx, s.c, call{method: http.MethodDelete, path: tablePath, ids: []string{id}})
}

// RefreshCode gives a table a new code. The old one leads nowhere from then on.
func (s Tables) RefreshCode(ctx context.Context, id string) (*Table, error) {
	return get[Table](ctx, s.c, call{method: http.MethodPost, path: tablePath + "/refresh-qr", ids: []string{id}})
}

// Card is a card to print with the code of a table.
func (s Tables) Card(ctx context.Context, id string, p CardParams) (*File, error) {
	return s.c.file(ctx, call{path: tablePath + "/card.pdf", ids: []string{id}, query: p.query()})
}

func (s Tables) listing(p ListParams) listing[Table] {
	return listing[Table]{s.c, call{path: tablesPath, query: p.query()}, nil}
}

// List reads one page of the tables, the oldest first.
func (s Tables) List(ctx context.Context, p ListParams) (*Page[Table], error) {
	return s.listing(p).page(ctx)
}

// All reads the tables to their end, the oldest first.
func (s Tables) All(ctx context.Context, p ListParams) iter.Seq2[Table, error] {
	return s.listing(p).all(ctx)
}

// Menus are what guests see at a table, and how they order. They are public: merchant and token are in the code of the table.
type Menus struct{ c *caller }

const menuPath = "/table-order/menu/{}/{}"

// Get reads the menu at a table.
func (s Menus) Get(ctx context.Context, merchant, token string) (*Menu, error) {
	return get[Menu](ctx, s.c, call{method: http.MethodGet, path: menuPath, ids: []string{merchant, token}, open: true})
}

// Order places an order at a table. With PayNow, or for takeaway, the guest pays it at the PaymentURL. Give IdempotencyKey, so that a
// double tap makes one order.
func (s Menus) Order(ctx context.Context, merchant, token string, p OrderParams) (*PlacedOrder, error) {
	v, a, err := ask[PlacedOrder](ctx, s.c, call{
		method: http.MethodPost, path: menuPath, ids: []string{merchant, token}, body: p, once: true, key: p.IdempotencyKey, open: true,
	})
	if err == nil {
		v.Replayed = a.replayed()
	}
	return v, err
}
