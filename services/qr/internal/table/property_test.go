package table

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"european-pay.eu/eupay/internal/kit/rounds"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/vat"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

// init draws fewer histories where every change is tested.
func init() { rounds.Draws(100) }

// held is what orders have out of the stock of a product.
func (f *fixture) held(t testing.TB, product string) (n int) {
	t.Helper()
	err := f.pool.QueryRow(t.Context(), `select coalesce(sum(l.quantity), 0) from order_lines l join orders o on o.id = l.order_id
		where l.product_id = $1 and o.holds_stock`, product).Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestTheStockAlwaysBalances: whatever happens to orders, what is in the stock and what orders hold is what there was.
func TestTheStockAlwaysBalances(t *testing.T) {
	t.Parallel()
	f := setup(t)
	const stock = 12
	products := []string{f.product(t, f.merchant, "A", 350, stock), f.product(t, f.merchant, "B", 1, stock), f.product(t, f.merchant, "C", 99_999, stock)}
	var orders []*qrv1.Order
	payments := 0
	rapid.Check(t, func(r *rapid.T) {
		for range rapid.IntRange(1, 12).Draw(r, "steps") {
			switch rapid.IntRange(0, 4).Draw(r, "what") {
			case 0, 1:
				req := f.request()
				req.PaymentReference = "PAY-1"
				req.PayNow = rapid.Bool().Draw(r, "pay")
				for range rapid.IntRange(1, 4).Draw(r, "items") {
					req.Items = append(req.Items, item(rapid.SampledFrom(products).Draw(r, "product"), rapid.Int32Range(1, 5).Draw(r, "count")))
				}
				if res, err := f.PlaceOrder(t.Context(), req); err == nil {
					orders = append(orders, res.GetOrder())
				}
			case 2:
				if len(orders) > 0 {
					payments++
					o := orders[len(orders)-1-rapid.IntRange(0, min(5, len(orders)-1)).Draw(r, "order")]
					f.apply(t, payment(rapid.SampledFrom([]string{"completed", "failed", "cancelled"}).Draw(r, "event"), o, fmt.Sprintf("PAY-%d", payments%3)))
				}
			case 3:
				if len(orders) > 0 {
					o := orders[len(orders)-1-rapid.IntRange(0, min(5, len(orders)-1)).Draw(r, "order")]
					to := rapid.SampledFrom([]Status{Preparing, Ready, Served, Cancelled, Cancelled}).Draw(r, "to")
					_, _ = f.SetOrderStatus(t.Context(), &qrv1.SetOrderStatusRequest{MerchantId: f.merchant, Id: o.GetId(), Status: string(to)})
				}
			case 4:
				f.clock.Advance(rapid.SampledFrom([]time.Duration{time.Minute, 40 * time.Minute}).Draw(r, "wait"))
				if _, err := f.Sweep(t.Context()); err != nil {
					r.Fatal(err)
				}
			}
		}
		for _, p := range products {
			if left, held := f.stock(t, p), f.held(t, p); left+held != stock {
				r.Fatalf("%d in stock and %d held, want %d together", left, held, stock)
			}
		}
		// The next round begins with a full stock: all that is held counts as sold.
		if _, err := f.pool.Exec(t.Context(), `with o as (delete from order_history), l as (delete from order_lines), t as (delete from payment_tasks), r as (delete from order_refunds), c as (delete from order_cancellations) update products set stock_quantity = $1`, stock); err != nil {
			r.Fatal(err)
		}
		if _, err := f.pool.Exec(t.Context(), `delete from orders`); err != nil {
			r.Fatal(err)
		}
		orders = nil
	})
}

func TestSumsHoldToTheCent(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC)
	rapid.Check(t, func(r *rapid.T) {
		lines := make([]line, rapid.IntRange(1, 30).Draw(r, "lines"))
		for i := range lines {
			lines[i] = line{
				ProductID: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(r, "product"), Quantity: rapid.Int32Range(1, 99).Draw(r, "count"),
				Unit: money.Cents(rapid.Int64Range(0, maxCents).Draw(r, "unit")), VATPerMill: rapid.SampledFrom([]vat.Rate{200, 100, 55, 21}).Draw(r, "vat"),
			}
		}
		var offers []offer
		for range rapid.IntRange(0, 5).Draw(r, "offers") {
			o := offer{ProductID: rapid.SampledFrom([]string{"", "a", "b"}).Draw(r, "on"), Type: percentage, Value: rapid.Int64Range(1, wholePercent).Draw(r, "percent")}
			if rapid.Bool().Draw(r, "fixed") {
				o.Type, o.Value = fixedPrice, rapid.Int64Range(0, maxCents).Draw(r, "value")
				if o.ProductID == "" {
					o.Type = fixedAmount
				}
			}
			offers = append(offers, o)
		}
		got := price(lines, offers, now)
		var sum totals
		for _, l := range lines {
			if l.Total < 0 || l.Discount < 0 || l.VAT < 0 || l.VAT > l.Total || l.Total+l.Discount != money.Cents(l.Quantity)*l.Unit {
				r.Fatalf("line %+v", l)
			}
			sum.Subtotal, sum.Discount, sum.Total, sum.VAT = sum.Subtotal+l.Total+l.Discount, sum.Discount+l.Discount, sum.Total+l.Total, sum.VAT+l.VAT
		}
		sum.Offer = got.Offer
		if sum != got {
			r.Fatalf("lines sum up to %+v, want %+v", sum, got)
		}
	})
}

func TestPricesAreRoundedHalfUp(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC)
	later := now.Add(time.Hour)
	lines := func() []line {
		return []line{{ProductID: "a", Quantity: 3, Unit: 333, VATPerMill: 200}, {ProductID: "b", Quantity: 1, Unit: 250, VATPerMill: 55}}
	}
	for name, c := range map[string]struct {
		offers []offer
		want   totals
	}{
		"none":                {nil, totals{1249, 0, 1249, 180, ""}},
		"half of a line":      {[]offer{{ProductID: "a", Type: percentage, Value: 5000}}, totals{1249, 499, 750, 96, ""}},
		"the better one":      {[]offer{{ProductID: "a", Type: percentage, Value: 100}, {ProductID: "a", Type: fixedPrice, Value: 100}}, totals{1249, 699, 550, 63, ""}},
		"never dearer":        {[]offer{{ProductID: "b", Type: fixedPrice, Value: 900}}, totals{1249, 0, 1249, 180, ""}},
		"off the order":       {[]offer{{Type: fixedAmount, Value: 100, Name: "One"}, {Type: percentage, Value: 1, Name: "Two"}}, totals{1249, 100, 1149, 165, "One"}},
		"below the minimum":   {[]offer{{Type: fixedAmount, Value: 100, MinOrder: 1250}}, totals{1249, 0, 1249, 180, ""}},
		"minimum after lines": {[]offer{{ProductID: "a", Type: fixedPrice, Value: 0}, {Type: percentage, Value: 1000, MinOrder: 251}}, totals{1249, 999, 250, 13, ""}},
		"not yet":             {[]offer{{Type: fixedAmount, Value: 100, StartsAt: &later}}, totals{1249, 0, 1249, 180, ""}},
		"over":                {[]offer{{Type: fixedAmount, Value: 100, EndsAt: &now}}, totals{1249, 0, 1249, 180, ""}},
		"more than all":       {[]offer{{Type: fixedAmount, Value: 9999, Name: "All"}}, totals{1249, 1249, 0, 0, "All"}},
	} {
		if got := price(lines(), c.offers, now); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}
