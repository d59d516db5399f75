package catalog

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/qr/internal/stock"
)

// variant adds one with a stock to a product.
func (f *fixture) variant(t *testing.T, product, name, ean string, pieces int32) Variant {
	t.Helper()
	v, err := f.store.CreateVariant(t.Context(), us, product, "user_1", VariantFields{Name: &name, codes: codes{EAN: &ean}, Stock: &pieces})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// sell takes pieces as an order does.
func (f *fixture) sell(t *testing.T, order string, pieces ...Quantity) (short []string) {
	t.Helper()
	f.inTx(t, func(tx pgx.Tx) (err error) {
		_, short, err = Reserve(t.Context(), tx, us, pieces, stock.Cause{Reason: stock.Sale, Reference: order, At: noon})
		return err
	})
	return short
}

func (f *fixture) inTx(t *testing.T, do func(pgx.Tx) error) {
	t.Helper()
	if err := pgx.BeginFunc(t.Context(), f.pool, do); err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) get(t *testing.T, id string) Product {
	t.Helper()
	p, err := f.store.Get(t.Context(), us, id)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// balanced checks that the movements of every product and variant add up to its stock, one after the other.
func (f *fixture) balanced(t *testing.T) {
	t.Helper()
	var wrong []string
	err := f.pool.QueryRow(t.Context(), `with items as (
			select id, case when has_variants then 0 else stock_quantity end as has from products union all select id, stock_quantity from product_variants
		), sums as (select item_id, sum(quantity) as total from stock_movements group by 1),
		steps as (select stock_before, lag(stock_after, 1, 0) over (partition by item_id order by sequence) as last, name from stock_movements)
		select array(select id::text from items left join sums on item_id = id where has <> coalesce(total, 0)
			union all select name from steps where stock_before <> last
			union all select p.id::text from products p where has_variants and stock_quantity <> (select sum(stock_quantity) from product_variants where product_id = p.id))`).
		Scan(&wrong)
	if err != nil {
		t.Fatal(err)
	}
	if len(wrong) > 0 {
		t.Errorf("movements do not add up: %q", wrong)
	}
}

func TestACodeHasTheRightCheckDigit(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]bool{
		"4006381333931": true, "96385074": true, "036000291452": true, "10012345678902": true, "4006381333932": false, "400638133393": false, "": false,
		"40063813339a1": false, "00000000": true, "４００６３８１３": false,
	} {
		if got := IsGTIN(code); got != want {
			t.Errorf("%q is %v", code, got)
		}
	}
}

func TestAVariantHasAStockAPriceAndACodeOfItsOwn(t *testing.T) {
	t.Parallel()
	f := setup(t)
	p := f.add(t, us, nil)
	blue, red := f.variant(t, p.GetId(), "M / blue", "4006381333931", 3), f.variant(t, p.GetId(), "M / red", "", 2)
	if got := f.get(t, p.GetId()); got.Stock != 5 || len(got.Variants) != 2 || got.Variants[1].ID != red.ID {
		t.Errorf("the product has %d of %+v", got.Stock, got.Variants)
	}
	price, whole := money.Cents(900), new(*money.Cents)
	if _, err := f.store.UpdateVariant(t.Context(), us, p.GetId(), blue.ID, "", VariantFields{Price: ptr(&price)}); err != nil {
		t.Fatal(err)
	}
	wanted := []Quantity{{ProductID: p.GetId(), VariantID: blue.ID, Count: 3}, {ProductID: p.GetId(), VariantID: red.ID, Count: 1}}
	f.inTx(t, func(tx pgx.Tx) error {
		got, short, err := Reserve(t.Context(), tx, us, wanted, stock.Cause{Reason: stock.Sale, At: noon})
		if b := got[wanted[0].Key()]; len(short) > 0 || b.Price != price || b.Name != "Café Noisette (M / blue)" || got[wanted[1].Key()].Price != 350 {
			t.Errorf("reserved %+v, short of %q", got, short)
		}
		return err
	})
	if got := f.get(t, p.GetId()); got.Stock != 1 || got.Variants[0].Stock != 0 || got.Variants[1].Stock != 1 {
		t.Errorf("left are %+v", got)
	}
	if _, err := f.store.UpdateVariant(t.Context(), us, p.GetId(), blue.ID, "", VariantFields{Price: whole}); err != nil {
		t.Fatal(err)
	}
	if got := f.get(t, p.GetId()); got.Variants[0].Price != nil {
		t.Errorf("the variant's price is %v after it was taken away", got.Variants[0].Price)
	}
	f.balanced(t)
}

func ptr[T any](v T) *T { return &v }

func TestWhatIsNotThereCannotBeReserved(t *testing.T) {
	t.Parallel()
	f := setup(t)
	p, other := f.add(t, us, nil), f.add(t, us, nil)
	v := f.variant(t, p.GetId(), "S", "", 1)
	for name, q := range map[string]Quantity{
		"a product without its variant": {ProductID: p.GetId(), Count: 1}, "too many": {ProductID: p.GetId(), VariantID: v.ID, Count: 2},
		"another product's variant": {ProductID: other.GetId(), VariantID: v.ID, Count: 1}, "no variant": {ProductID: other.GetId(), VariantID: uuid.NewString(), Count: 1},
	} {
		if short := f.sell(t, "o", q); !slices.Equal(short, []string{q.Key()}) {
			t.Errorf("%s: short of %q", name, short)
		}
	}
	if _, err := f.store.UpdateVariant(t.Context(), us, p.GetId(), v.ID, "", VariantFields{Available: new(bool)}); err != nil {
		t.Fatal(err)
	}
	if short := f.sell(t, "o", Quantity{ProductID: p.GetId(), VariantID: v.ID, Count: 1}); len(short) != 1 {
		t.Error("a hidden variant was sold")
	}
	if menu, err := Menu(t.Context(), f.pool, us); err != nil || len(menu) != 1 || menu[0].ID != other.GetId() {
		t.Errorf("the menu shows %+v, %v", menu, err)
	}
}

func TestACodeLeadsToOneProductOfAMerchant(t *testing.T) {
	t.Parallel()
	f := setup(t)
	p := f.add(t, us, func(m *qrv1.ProductFields) { m.Ean = ptr("036000291452") })
	v := f.variant(t, p.GetId(), "M", "4006381333931", 1)
	for code, variant := range map[string]string{"0036000291452": "", "036000291452": "", "4006381333931": v.ID} {
		got, which, err := f.store.ByEAN(t.Context(), us, code)
		if err != nil || got.ID != p.GetId() || which != variant {
			t.Errorf("%s leads to %q of %q, %v", code, which, got.ID, err)
		}
	}
	if _, _, err := f.store.ByEAN(t.Context(), them, "4006381333931"); !errs.Is(err, errs.NotFoundCode) {
		t.Errorf("another merchant finds it: %v", err)
	}
	fields := documented()
	fields.Ean = ptr("0036000291452")
	if _, err := f.CreateProduct(t.Context(), &qrv1.CreateProductRequest{MerchantId: us, Fields: fields}); !errs.Is(err, errs.AlreadyExists) {
		t.Errorf("the same code twice: %v", err)
	}
	if _, err := f.CreateProduct(t.Context(), &qrv1.CreateProductRequest{MerchantId: them, Fields: fields}); err != nil {
		t.Errorf("the same code at another merchant: %v", err)
	}
	if err := f.store.Delete(t.Context(), us, p.GetId()); err != nil {
		t.Fatal(err)
	}
	if _, err := f.CreateProduct(t.Context(), &qrv1.CreateProductRequest{MerchantId: us, Fields: fields}); err != nil {
		t.Errorf("a deleted product keeps its code: %v", err)
	}
	f.balanced(t)
}

func TestAnotherMerchantsVariantIsNotFound(t *testing.T) {
	t.Parallel()
	f := setup(t)
	p, theirs := f.add(t, us, nil), f.add(t, them, nil)
	v := f.variant(t, p.GetId(), "M", "", 1)
	name := "X"
	for what, do := range map[string]func(context.Context) error{
		"create": func(ctx context.Context) error {
			_, err := f.store.CreateVariant(ctx, them, p.GetId(), "", VariantFields{Name: &name})
			return err
		},
		"update": func(ctx context.Context) error {
			_, err := f.store.UpdateVariant(ctx, them, p.GetId(), v.ID, "", VariantFields{Name: &name})
			return err
		},
		"update below another product": func(ctx context.Context) error {
			_, err := f.store.UpdateVariant(ctx, them, theirs.GetId(), v.ID, "", VariantFields{Name: &name})
			return err
		},
		"delete": func(ctx context.Context) error { return f.store.DeleteVariant(ctx, them, p.GetId(), v.ID, "") },
		"move": func(ctx context.Context) error {
			_, _, err := f.store.Move(ctx, Move{MerchantID: them, ProductID: p.GetId(), VariantID: v.ID, Reason: stock.Delivery, Quantity: 1})
			return err
		},
	} {
		if err := do(t.Context()); !errs.Is(err, errs.NotFoundCode) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestMovementsAddUpWhateverHappens to products and variants, in any order.
func TestMovementsAddUpWhateverHappens(t *testing.T) {
	t.Parallel()
	f := setup(t)
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	p, plain := f.add(t, us, nil), f.add(t, us, nil)
	var list []Variant
	for range 40 {
		whole := Quantity{ProductID: plain.GetId(), Count: r.Int32N(40) + 1}
		if len(list) > 0 && r.IntN(2) == 0 {
			whole = Quantity{ProductID: p.GetId(), VariantID: list[r.IntN(len(list))].ID, Count: r.Int32N(4) + 1}
		}
		var err error
		switch r.IntN(6) {
		case 0:
			list = append(list, f.variant(t, p.GetId(), "V", "", r.Int32N(5)))
		case 1:
			if len(list) > 0 {
				err = f.store.DeleteVariant(t.Context(), us, p.GetId(), list[0].ID, "")
				list = list[1:]
			}
		case 2:
			f.sell(t, "order", whole)
		case 3:
			f.inTx(t, func(tx pgx.Tx) error {
				return GiveBack(t.Context(), tx, us, []Quantity{whole}, stock.Cause{Reason: stock.Cancellation, Reference: "order", At: noon})
			})
		case 4:
			_, err = f.store.Update(t.Context(), us, plain.GetId(), Fields{Stock: ptr(r.Int32N(20))})
		default:
			_, _, err = f.store.Move(t.Context(), Move{MerchantID: us, ProductID: whole.ProductID, VariantID: whole.VariantID, Reason: stock.Delivery, Quantity: whole.Count})
		}
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
	f.balanced(t)
	if err := f.store.Delete(t.Context(), us, p.GetId()); err != nil {
		t.Fatal(err)
	}
	var left int
	if err := f.pool.QueryRow(t.Context(), `select coalesce(sum(quantity), 0) from stock_movements where product_id = $1`, p.GetId()).Scan(&left); err != nil || left != 0 {
		t.Errorf("seed %d: %d left of a deleted product, %v", seed, left, err)
	}
}
