package table

import (
	"testing"
	"time"

	"european-pay.eu/eupay/internal/errs"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

// TestOneGuestCannotHoldTheWholeStock by one order, by many, or by many lines.
func TestOneGuestCannotHoldTheWholeStock(t *testing.T) {
	t.Parallel()
	f := setup(t)
	few, many := f.product(t, f.merchant, "Tarte", 600, 8), f.product(t, f.merchant, "Café", 350, 60)
	_, err := f.PlaceOrder(t.Context(), f.request(item(few, 1), item(many, 31)))
	wantFields(t, err, "items[1].quantity")
	_, err = f.PlaceOrder(t.Context(), f.request(item(many, 20), item(many, 11)))
	wantFields(t, err, "items[0].quantity", "items[1].quantity")
	f.mustPlace(t, f.request(item(many, 30), item(few, 8))) // a table of four may have two each
	_, err = f.PlaceOrder(t.Context(), f.request(item(many, 1)))
	wantFields(t, err, "items[0].quantity")
	if f.stock(t, many) != 30 || f.stock(t, few) != 0 {
		t.Errorf("%d and %d left", f.stock(t, many), f.stock(t, few))
	}
	// Another table has its own share, and a paid order holds nothing any more.
	other := f.newTable(t, f.merchant, "Table 5")
	r := f.paidRequest(item(many, 10))
	r.Token = other.GetToken()
	o := f.mustPlace(t, r)
	f.apply(t, payment("completed", o, payRef))
	r = f.request(item(many, 10))
	r.Token = other.GetToken()
	f.mustPlace(t, r)
}

func TestOnlyAcceptedOrdersOfATableCount(t *testing.T) {
	t.Parallel()
	f := setup(t)
	coffee := f.product(t, f.merchant, "Café", 350, 1000)
	none := f.product(t, f.merchant, "Out", 100, 0)
	other := f.newTable(t, f.merchant, "Table 5")
	for range 3 * ordersPerTable {
		if _, err := f.PlaceOrder(t.Context(), f.request(item(none, 1))); !errs.Is(err, errs.ValidationError) {
			t.Fatal(err)
		}
	}
	var last *qrv1.Order
	for range ordersPerTable {
		last = f.mustPlace(t, f.paidRequest(item(coffee, 1)))
		f.apply(t, payment("completed", last, "PAY-"+last.GetId()))
		f.clock.Advance(time.Second)
	}
	_, err := f.PlaceOrder(t.Context(), f.request(item(coffee, 1)))
	if e := wantCode(t, err, errs.RateLimitExceeded); e.RetryAfter != orderWindow-ordersPerTable*time.Second {
		t.Errorf("wait %s", e.RetryAfter)
	}
	// The dining room shares an address: the next table goes on.
	r := f.request(item(coffee, 1))
	r.Token = other.GetToken()
	f.mustPlace(t, r)
	f.clock.Advance(orderWindow - ordersPerTable*time.Second)
	f.mustPlace(t, f.request(item(coffee, 1)))
}

func TestTheOpenOrdersOfATableAreLimited(t *testing.T) {
	t.Parallel()
	f := setup(t)
	coffee := f.product(t, f.merchant, "Café", 350, 1000)
	var first *qrv1.Order
	for i := range openPerTable {
		o := f.mustPlace(t, f.request(item(coffee, 1)))
		if i == 0 {
			first = o
		}
		f.clock.Advance(time.Minute)
	}
	_, err := f.PlaceOrder(t.Context(), f.request(item(coffee, 1)))
	wantCode(t, err, errs.InvalidState)
	if _, err := f.SetOrderStatus(t.Context(), &qrv1.SetOrderStatusRequest{MerchantId: f.merchant, Id: first.GetId(), Status: "preparing"}); err != nil {
		t.Fatal(err)
	}
	f.mustPlace(t, f.request(item(coffee, 1)))
}

func TestAPriceChangeBetweenMenuAndOrderIsRefused(t *testing.T) {
	t.Parallel()
	f := setup(t)
	coffee := f.product(t, f.merchant, "Café", 350, 10)
	shown := int64(700)
	r := f.request(item(coffee, 2))
	r.ExpectedTotalCents = &shown
	if _, err := f.pool.Exec(t.Context(), `update products set price_ttc = 400 where id = $1`, coffee); err != nil {
		t.Fatal(err)
	}
	_, err := f.PlaceOrder(t.Context(), r)
	if e := wantCode(t, err, errs.TotalChanged); e.Total == nil || *e.Total != 800 {
		t.Errorf("error %+v", e)
	}
	if n := f.stock(t, coffee); n != 10 {
		t.Errorf("a refused order took goods: %d left", n)
	}
	shown = 800
	f.mustPlace(t, r)
}

func TestAnUnclaimedOrderReturnsItsGoods(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.unclaimedAfter = 3 * time.Hour
	coffee := f.product(t, f.merchant, "Café", 350, 10)
	left, taken := f.mustPlace(t, f.request(item(coffee, 2))), f.mustPlace(t, f.request(item(coffee, 1)))
	paid := f.mustPlace(t, f.paidRequest(item(coffee, 1)))
	f.apply(t, payment("completed", paid, payRef))
	if _, err := f.SetOrderStatus(t.Context(), &qrv1.SetOrderStatusRequest{MerchantId: f.merchant, Id: taken.GetId(), Status: "preparing"}); err != nil {
		t.Fatal(err)
	}
	f.clock.Advance(3*time.Hour - time.Second)
	if n, err := f.Sweep(t.Context()); n != 0 || err != nil {
		t.Error(n, err)
	}
	f.clock.Advance(time.Second)
	if n, err := f.Sweep(t.Context()); n != 1 || err != nil {
		t.Error(n, err)
	}
	if got := f.wantStatus(t, left.GetId(), Expired); got.GetPaymentStatus() != "not_required" {
		t.Errorf("order %v", got)
	}
	f.wantStatus(t, taken.GetId(), Preparing)
	f.wantStatus(t, paid.GetId(), Received)
	if n := f.stock(t, coffee); n != 8 {
		t.Errorf("%d left", n)
	}
}
