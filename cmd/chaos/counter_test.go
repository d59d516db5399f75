package chaos

import (
	"context"
	"fmt"
	"net/http"
	"path"
	"sync"
	"testing"

	"european-pay.eu/eupay/cmd/internal/system"
)

// counter is a merchant whose guests order at a table and pay at once.
type counter struct {
	menu
	own    string   // begins the keys of its orders
	tables []string // where guests order; each takes so many orders within five minutes

	mu     sync.Mutex
	orders []served
}

// served is an order and what its guest did: whether the bank was told yes, and not whether it has been paid.
type served struct {
	id, reference string
	authorised    bool
}

// counterStock is more than all guests will order.
const counterStock = 100_000

const counterTables = 40

func newCounter(t *testing.T, w *world) *counter {
	t.Helper()
	c := &counter{menu: newMenu(t, w), own: "GUEST"}
	if status := c.owner.call(t.Context(), http.MethodPut, "/product/"+c.product, object{"stock_quantity": counterStock}, nil); status != http.StatusOK {
		t.Fatalf("stock: %d\n%s", status, w.log(system.Gateway))
	}
	for n := range counterTables {
		var table struct {
			Token string `json:"qr_token"`
		}
		body := object{"name": fmt.Sprint("Counter ", n), "zone": "Salle", "capacity": 4}
		if status := c.owner.call(t.Context(), http.MethodPost, "/table-order/tables", body, &table); status != http.StatusCreated {
			t.Fatalf("table: %d\n%s", status, w.log(system.Gateway))
		}
		c.tables = append(c.tables, path.Dir(c.path)+"/"+table.Token)
	}
	return c
}

// use is a guest who orders, and pays or gives up at the bank.
func (c *counter) use(ctx context.Context, n int) {
	guest := newClient(c.owner.t, c.owner.w)
	guest.http.Transport = moving{guest.http.Transport}
	key := fmt.Sprint(c.own, "-", n)
	var got placed
	until(ctx, pause, func() bool {
		got = placed{}
		status := guest.insist(ctx, http.MethodPost, c.tables[n%counterTables], c.order(), &got, "Idempotency-Key", key)
		return status != http.StatusCreated || got.Payment.PaymentURL != "" || c.ended(ctx, got.Payment.Reference)
	})
	if got.Order.ID == "" || got.Payment.Reference == "" {
		if ctx.Err() == nil {
			c.owner.t.Errorf("order %s: %+v", key, got)
		}
		return
	}
	s := served{id: got.Order.ID, reference: got.Payment.Reference}
	if got.Payment.PaymentURL == "" {
		c.note(s)
		return
	}
	if n%4 == 3 {
		guest.refuse(ctx, s.reference)
	} else {
		s.authorised = guest.authorise(ctx, s.reference)
	}
	c.note(s)
}

func (c *counter) note(s served) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.orders = append(c.orders, s)
}

// ended reports whether a payment has ended: the bank never took it, and there is nothing to authorise.
func (c *counter) ended(ctx context.Context, reference string) bool {
	var got answer
	return reference != "" && c.owner.call(ctx, http.MethodGet, "/gateway/payments/"+reference, nil, &got) == http.StatusOK &&
		(got.Data.Status == "failed" || got.Data.Status == "cancelled")
}

// compareBooks waits until each order has ended as its payment has, and the stock is what was not sold.
func (c *counter) compareBooks(ctx context.Context, t *testing.T) {
	t.Helper()
	agree(ctx, t, []*counter{c}, func(ctx context.Context, c *counter) (wrong []string) {
		sold := 0
		for _, s := range c.orders {
			var got answer
			if status := c.owner.call(ctx, http.MethodGet, "/gateway/payments/"+s.reference, nil, &got); status != http.StatusOK {
				return []string{fmt.Sprint(s.reference, ": REST answers ", status)}
			}
			paid := got.Data.Status == "completed"
			if paid {
				sold++
			}
			if s.authorised != paid {
				wrong = append(wrong, fmt.Sprintf("%s of order %s is %s, authorised: %t", s.reference, s.id, got.Data.Status, s.authorised))
			}
		}
		var product struct {
			Stock int `json:"stock_quantity"`
		}
		if status := c.owner.call(ctx, http.MethodGet, "/product/"+c.product, nil, &product); status != http.StatusOK || product.Stock != counterStock-sold {
			wrong = append(wrong, fmt.Sprintf("product: %d; %d are in stock of %d, and %d were sold", status, product.Stock, counterStock, sold))
		}
		return wrong
	})
	t.Logf("%d orders", len(c.orders))
}
