package chaos

import (
	"context"
	"net/http"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/cmd/internal/system"
)

// TestChaosAnOrderIsCancelledWithItsPayment kills the gateway, which was asked to cancel an order, before payments can hear that the
// order's payment is to be cancelled too: it stayed payable for a day, for goods that nobody would bring.
func TestChaosAnOrderIsCancelledWithItsPayment(t *testing.T) {
	t.Parallel()
	w := build(t)
	w.start()
	n := newMenu(t, w)
	var order placed
	if status := newClient(t, w).call(t.Context(), http.MethodPost, n.path, n.order(), &order); status != http.StatusCreated {
		t.Fatalf("order: %d\n%s", status, w.log(system.Gateway))
	}

	// Nothing that anybody says reaches payments now.
	w.signal(nats, syscall.SIGSTOP)
	cancelled := make(chan struct{})
	go func() {
		defer close(cancelled)
		n.owner.call(t.Context(), http.MethodPost, "/table-order/orders/"+order.Order.ID+"/status", object{"status": "cancelled"}, nil)
	}()
	limit, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	db, err := pgx.Connect(t.Context(), w.sys.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(t.Context())
	if !until(limit, pause, func() bool {
		var status string
		err := db.QueryRow(t.Context(), `select status from qr.orders where id = $1`, order.Order.ID).Scan(&status)
		return err == nil && status == "cancelled"
	}) {
		t.Fatalf("the order was not cancelled\n%s", w.log(system.QR))
	}
	w.end(system.Gateway)
	<-cancelled
	w.signal(nats, syscall.SIGCONT)
	w.spawn(system.Gateway)
	w.allReady()
	if !until(limit, pause, func() bool {
		var got answer
		return n.owner.call(t.Context(), http.MethodGet, "/gateway/payments/"+order.Payment.Reference, nil, &got) == http.StatusOK && got.Data.Status == "cancelled"
	}) {
		t.Errorf("the payment of a cancelled order can still be paid\n%s", w.log(system.QR))
	}
}

// TestChaosAnOrderGetsItsPayment kills the service that is making the payment of an order, after the order was stored and before
// payments gets the command. The order waited with no payment, and the guest could not pay it.
func TestChaosAnOrderGetsItsPayment(t *testing.T) {
	t.Parallel()
	w := build(t)
	w.start()
	n := newMenu(t, w)
	db, err := pgx.Connect(t.Context(), w.sys.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(t.Context())
	limit, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	for _, victim := range []string{system.Gateway, system.QR} {
		w.signal(nats, syscall.SIGSTOP) // nothing that anybody says reaches payments now
		ordered := make(chan struct{})
		go func() {
			defer close(ordered)
			newClient(t, w, "Idempotency-Key", victim).call(t.Context(), http.MethodPost, n.path, n.order(), nil)
		}()
		var id string
		if !until(limit, pause, func() bool {
			return db.QueryRow(limit, `select id::text from qr.orders where idempotency_key = $1 and status = 'awaiting_payment'`, victim).Scan(&id) == nil
		}) {
			t.Fatalf("no order was stored\n%s", w.log(system.QR))
		}
		w.end(victim)
		<-ordered
		w.signal(nats, syscall.SIGCONT)
		w.spawn(victim)
		w.allReady()
		payments := func() (references []string) {
			rows, err := db.Query(limit, `select reference from payments.payments where order_id = $1`, id)
			if err == nil {
				references, err = pgx.CollectRows(rows, pgx.RowTo[string])
			}
			if err != nil {
				t.Fatal(err)
			}
			return references
		}
		// Nobody asks again but the qr service.
		if !until(limit, pause, func() bool {
			var url string
			return db.QueryRow(limit, `select payment_url from qr.orders where id = $1`, id).Scan(&url) == nil && url != ""
		}) {
			t.Fatalf("%s died, and the order has no payment\n%s", victim, w.log(system.QR))
		}
		var again placed
		if status := newClient(t, w, "Idempotency-Key", victim).call(t.Context(), http.MethodPost, n.path, n.order(), &again); status != http.StatusCreated {
			t.Fatalf("the guest's second request: %d\n%s", status, w.log(system.Gateway))
		}
		if made := payments(); len(made) != 1 || again.Order.ID != id || again.Payment.Reference != made[0] || again.Payment.PaymentURL == "" {
			t.Errorf("%s died: the order %s has the payments %v, and its guest got %+v", victim, id, made, again)
		}
	}
}

// placed is what a guest gets for an order.
type placed struct {
	Order   struct{ ID string }
	Payment struct {
		Reference  string
		PaymentURL string `json:"payment_url"`
	}
}

// menu is a table of the demo merchant with one product on its menu.
type menu struct {
	owner         *client
	path, product string
}

func newMenu(t *testing.T, w *world) menu {
	t.Helper()
	want := func(status, wanted int) {
		t.Helper()
		if status != wanted {
			t.Fatalf("%d, want %d\n%s", status, wanted, w.log(system.Gateway))
		}
	}
	var session struct{ Token string }
	login := object{"email": system.MerchantEmail, "password": w.sys.Secrets.MerchantLogin}
	want(newClient(t, w).call(t.Context(), http.MethodPost, "/auth/login", login, &session), http.StatusOK)
	owner := newClient(t, w, "Authorization", "Bearer "+session.Token)
	var me, product struct{ ID string }
	want(owner.call(t.Context(), http.MethodGet, "/merchant", nil, &me), http.StatusOK)
	want(owner.call(t.Context(), http.MethodPost, "/product/create", object{"name": "Café", "price_ttc": 3.5, "vat_rate": 10, "stock_quantity": 10}, &product), http.StatusCreated)
	var table struct {
		Token string `json:"qr_token"`
	}
	want(owner.call(t.Context(), http.MethodPost, "/table-order/tables", object{"name": "Table 4", "zone": "Terrasse", "capacity": 4}, &table), http.StatusCreated)
	return menu{owner, "/table-order/menu/" + me.ID + "/" + table.Token, product.ID}
}

// order is a guest's request that is paid now.
func (n menu) order() object {
	return object{"items": []object{{"productId": n.product, "quantity": 1}}, "orderType": "dine_in", "payNow": true}
}
