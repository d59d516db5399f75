package catalog

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/errs"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

func (f *fixture) reserve(ctx context.Context, merchantID string, items map[string]int) (sold map[string]Product, err error) {
	err = pgx.BeginFunc(ctx, f.pool, func(tx pgx.Tx) error {
		sold, err = f.store.Reserve(ctx, tx, merchantID, items)
		return err
	})
	return sold, err
}

func (f *fixture) giveBack(t *testing.T, items map[string]int) {
	t.Helper()
	if err := pgx.BeginFunc(t.Context(), f.pool, func(tx pgx.Tx) error { return f.store.GiveBack(t.Context(), tx, items) }); err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) withStock(t *testing.T, name string, stock int32) string {
	t.Helper()
	return f.add(t, us, func(p *qrv1.ProductFields) { p.Name, p.StockQuantity = proto.String(name), proto.Int32(stock) }).GetId()
}

func TestStockIsTakenAndGivenBack(t *testing.T) {
	t.Parallel()
	f := setup(t)
	coffee, tea := f.withStock(t, "Coffee", 5), f.withStock(t, "Tea", 3)
	before := f.version(t, us)
	sold, err := f.reserve(t.Context(), us, map[string]int{coffee: 2, tea: 1})
	if err != nil || sold[coffee].Name != "Coffee" || sold[coffee].Price != 350 || f.stock(t, coffee) != 3 || f.stock(t, tea) != 2 {
		t.Fatalf("%v, %v", sold, err)
	}
	if f.version(t, us) != before {
		t.Error("the menu is made again although it shows the same")
	}
	if _, err := f.reserve(t.Context(), us, map[string]int{coffee: 3}); err != nil || f.version(t, us) != before+1 {
		t.Errorf("sold out, yet the menu stays: %v", err)
	}
	f.giveBack(t, map[string]int{coffee: 5, tea: 1})
	if f.stock(t, coffee) != 5 || f.stock(t, tea) != 3 || f.version(t, us) != before+2 {
		t.Errorf("left %d and %d", f.stock(t, coffee), f.stock(t, tea))
	}
	full := f.withStock(t, "Full", MaxStock)
	f.giveBack(t, map[string]int{full: 1, "01976a3e-6a1b-7c2d-8e3f-4a5b6c7d8e9f": 4})
	if f.stock(t, full) != MaxStock {
		t.Errorf("%d", f.stock(t, full))
	}
}

func TestARefusedOrderTakesNothing(t *testing.T) {
	t.Parallel()
	f := setup(t)
	coffee, rare := f.withStock(t, "Coffee", 5), f.withStock(t, "Rare tea", 1)
	hidden := f.add(t, us, func(p *qrv1.ProductFields) { p.Name, p.IsAvailable = proto.String("Hidden"), proto.Bool(false) }).GetId()
	theirs := f.add(t, them, nil).GetId()
	for _, c := range []struct {
		items   map[string]int
		code    errs.Code
		mention string
	}{
		{map[string]int{coffee: 1, rare: 2}, errs.InvalidState, "Rare tea"},
		{map[string]int{coffee: 1, hidden: 1}, errs.InvalidState, "Hidden"},
		{map[string]int{coffee: 1, theirs: 1}, errs.NotFoundCode, ""},
		{map[string]int{coffee: 1, "x": 1}, errs.NotFoundCode, ""},
		{map[string]int{strings.ToUpper(coffee): 1}, errs.NotFoundCode, ""},
		{map[string]int{coffee: 0}, errs.ValidationError, ""},
		{map[string]int{coffee: -1}, errs.ValidationError, ""},
		{map[string]int{coffee: MaxStock + 1}, errs.ValidationError, ""},
	} {
		_, err := f.reserve(t.Context(), us, c.items)
		if !errs.Is(err, c.code) || !strings.Contains(err.Error(), c.mention) || f.stock(t, coffee) != 5 || f.stock(t, rare) != 1 {
			t.Errorf("%v: %v", c.items, err)
		}
	}
}

func TestTheLastPieceIsSoldOnce(t *testing.T) {
	t.Parallel()
	f := setup(t)
	last := f.withStock(t, "Last one", 1)
	var (
		all  sync.WaitGroup
		errc = make(chan error, 2)
	)
	for range cap(errc) {
		all.Go(func() {
			_, err := f.reserve(t.Context(), us, map[string]int{last: 1})
			errc <- err
		})
	}
	all.Wait()
	first, second := <-errc, <-errc
	if first != nil {
		first, second = second, first
	}
	if first != nil || !errs.Is(second, errs.InvalidState) || f.stock(t, last) != 0 {
		t.Errorf("%v and %v, %d left", first, second, f.stock(t, last))
	}
}

func TestManyOrdersNeitherOversellNorDeadlock(t *testing.T) {
	t.Parallel()
	f := setup(t)
	const stock, orders = 20, 40
	a, b, c := f.withStock(t, "A", stock), f.withStock(t, "B", stock), f.withStock(t, "C", stock)
	var (
		all  sync.WaitGroup
		errc = make(chan error, orders)
	)
	for i := range orders {
		items := []map[string]int{{a: 1, b: 1, c: 1}, {c: 1, a: 1, b: 1}}[i%2]
		all.Go(func() {
			_, err := f.reserve(t.Context(), us, items)
			errc <- err
		})
	}
	all.Wait()
	sold := 0
	for range orders {
		switch err := <-errc; {
		case err == nil:
			sold++
		case !errs.Is(err, errs.InvalidState):
			t.Error(err)
		}
	}
	if sold != stock || f.stock(t, a) != 0 || f.stock(t, b) != 0 || f.stock(t, c) != 0 {
		t.Errorf("%d sold, %d %d %d left", sold, f.stock(t, a), f.stock(t, b), f.stock(t, c))
	}
}
