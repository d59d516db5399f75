package table

import (
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/qr/internal/catalog"
)

// variant puts one below a product, as the catalog does. cents 0: the product's price.
func (f *fixture) variant(t testing.TB, product, name string, cents int64, stock int) string {
	t.Helper()
	id := uuid.NewString()
	err := pgx.BeginFunc(t.Context(), f.pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `insert into product_variants (id, merchant_id, product_id, position, name, sku, ean, price_ttc, stock_quantity, is_available,
			created_at, updated_at) values ($1, $2, $3, 1, $4, '', '', nullif($5, 0), $6, true, now(), now())`, id, f.merchant, product, name, cents, stock)
		if err != nil {
			return err
		}
		return catalog.Bump(t.Context(), tx, f.merchant)
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func (f *fixture) variantStock(t testing.TB, id string) (n int) {
	t.Helper()
	if err := f.pool.QueryRow(t.Context(), `select stock_quantity from product_variants where id = $1`, id).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAnOrderTakesAVariantAndGivesItBack(t *testing.T) {
	t.Parallel()
	f := setup(t)
	shirt := f.product(t, f.merchant, "T-shirt", 2000, 9)
	small, large := f.variant(t, shirt, "S", 0, 3), f.variant(t, shirt, "L", 2400, 3)
	if f.stock(t, shirt) != 6 {
		t.Errorf("the product has %d, its variants 6", f.stock(t, shirt))
	}
	_, err := f.PlaceOrder(t.Context(), f.request(item(shirt, 1)))
	wantFields(t, err, "items[0].variant_id")
	two := func(variant string, n int32) *qrv1.OrderItem {
		return &qrv1.OrderItem{ProductId: shirt, VariantId: variant, Quantity: n}
	}
	_, err = f.PlaceOrder(t.Context(), f.request(two(small, 1), two(large, 4)))
	wantFields(t, err, "items[1].productId")
	_, err = f.PlaceOrder(t.Context(), f.request(two("none", 1)))
	wantFields(t, err, "items[0].productId")

	o := f.mustPlace(t, f.request(two(small, 1), two(large, 2), two(large, 1)))
	if o.GetTotalCents() != 2000+3*2400 || o.GetLines()[1].GetName() != "T-shirt (L)" || o.GetLines()[1].GetVariantId() != large || o.GetLines()[1].GetVariantName() != "L" {
		t.Errorf("the order is %v", o)
	}
	if s, l := f.variantStock(t, small), f.variantStock(t, large); s != 2 || l != 0 || f.stock(t, shirt) != 2 {
		t.Errorf("left are %d and %d of %d", s, l, f.stock(t, shirt))
	}
	shown := f.menu(t, f.replica(), f.table.GetToken())["menu"].(map[string]any)["boissons"].([]any)[0].(map[string]any)["variants"].([]any)
	for _, v := range shown {
		v := v.(map[string]any)
		if want := v["id"] == small; v["is_available"] != want || v["price_ttc"] != map[bool]float64{true: 20, false: 24}[want] {
			t.Errorf("the menu shows %v", v)
		}
	}
	if _, err := f.SetOrderStatus(t.Context(), &qrv1.SetOrderStatusRequest{MerchantId: f.merchant, Id: o.GetId(), Status: "cancelled"}); err != nil {
		t.Fatal(err)
	}
	if s, l := f.variantStock(t, small), f.variantStock(t, large); s != 3 || l != 3 || f.stock(t, shirt) != 6 {
		t.Errorf("a cancelled order leaves %d and %d of %d", s, l, f.stock(t, shirt))
	}
	var reasons []string
	if err := f.pool.QueryRow(t.Context(), `select array_agg(reason order by sequence) from stock_movements where variant_id = $1 and reference = $2`, large, o.GetId()).
		Scan(&reasons); err != nil || len(reasons) != 2 || reasons[0] != "sale" || reasons[1] != "cancellation" {
		t.Errorf("the movements are %q, %v", reasons, err)
	}
}
