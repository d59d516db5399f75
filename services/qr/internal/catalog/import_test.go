package catalog

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/services/qr/internal/stock"
)

// entryOf is a line of a product.
func entryOf(line int, name, sku, ean string, cents money.Cents, pieces int32) Entry {
	return Entry{Line: line, Product: Fields{Name: &name, Price: &cents, Stock: &pieces, codes: codes{SKU: &sku, EAN: &ean}}}
}

func variantEntry(line int, name, ean string, pieces int32) Entry {
	return Entry{Line: line, OfVariant: true, Variant: VariantFields{Name: &name, Stock: &pieces, codes: codes{EAN: &ean}}}
}

func (f *fixture) mustImport(t *testing.T, dry, setStock bool, entries ...Entry) Report {
	t.Helper()
	r, err := f.store.Import(t.Context(), us, "user_1", entries, nil, dry, setStock)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestAFileIsAppliedOnceAndTheSameFileAgainChangesNothing(t *testing.T) {
	t.Parallel()
	f := setup(t)
	file := []Entry{
		entryOf(2, "Stylo", "STYLO", "4006381333931", 250, 40), entryOf(3, "T-shirt", "TS", "", 1990, 0), variantEntry(4, "M", "96385074", 3), variantEntry(5, "L", "", 2),
	}
	if r := f.mustImport(t, true, false, file...); r.Created != 4 || r.Lines != 4 || len(r.Problems) > 0 {
		t.Errorf("the dry run says %+v", r)
	}
	if _, total, err := f.store.List(t.Context(), us, Filter{}, 1, 10); err != nil || total != 0 {
		t.Fatalf("the dry run made %d products, %v", total, err)
	}
	if r := f.mustImport(t, false, false, file...); r.Created != 4 || r.Updated != 0 {
		t.Errorf("the file did %+v", r)
	}
	list, _, err := f.store.List(t.Context(), us, Filter{}, 1, 10)
	if err != nil || len(list) != 2 || list[0].Stock != 40 || list[0].VATPerMill != 200 || list[1].Stock != 5 || len(list[1].Variants) != 2 {
		t.Fatalf("the catalog has %+v, %v", list, err)
	}
	f.sell(t, "order", Quantity{ProductID: list[0].ID, Count: 1}, Quantity{ProductID: list[1].ID, VariantID: list[1].Variants[0].ID, Count: 1})
	version := f.version(t, us)
	if r := f.mustImport(t, false, false, file...); r.Unchanged != 4 || f.version(t, us) != version {
		t.Errorf("the same file again did %+v", r)
	}
	if got := f.get(t, list[0].ID); got.Stock != 39 {
		t.Errorf("the file put back what was sold: %d", got.Stock)
	}
	if r := f.mustImport(t, false, true, file...); r.Updated != 2 || f.get(t, list[0].ID).Stock != 40 {
		t.Errorf("with its stock the file did %+v", r)
	}
	m, err := stock.Latest(t.Context(), f.pool, list[0].ID)
	if err != nil || m.Reason != stock.Correction || m.Reference != importReference || m.Actor != "user_1" || m.Quantity != 1 {
		t.Errorf("the movement is %+v, %v", m, err)
	}
	f.balanced(t)
}

func TestAFileWithAProblemChangesNothing(t *testing.T) {
	t.Parallel()
	f := setup(t)
	p := f.add(t, us, nil)
	stranger := f.add(t, them, nil)
	named := entryOf(6, "Mine", "", "", 100, 1)
	named.ID = stranger.GetId()
	file := []Entry{
		entryOf(2, "A", "X", "", 100, 1), entryOf(3, "B", "X", "", 100, 1), entryOf(4, "", "Y", "", 100, 1), entryOf(5, "C", "", "4006381333932", -1, 1), named,
		{Line: 7, OfVariant: true, Variant: VariantFields{}},
	}
	r := f.mustImport(t, true, false, file...)
	var at []string
	for _, p := range r.Problems {
		at = append(at, string(rune('0'+p.Line))+p.Column)
	}
	if got := strings.Join(at, " "); got != "4name 5price_ttc 5ean 6id 7id 3sku" {
		t.Errorf("problems are %s: %+v", got, r.Problems)
	}
	_, err := f.store.Import(t.Context(), us, "", file, nil, false, false)
	if !errs.Is(err, errs.ValidationError) || errs.From(err).Fields[0].Field != "lines[3].sku" {
		t.Errorf("the file is refused with %v", err)
	}
	if list, total, err := f.store.List(t.Context(), us, Filter{}, 1, 10); err != nil || total != 1 || list[0].ID != p.GetId() {
		t.Errorf("there are %d products, %v", total, err)
	}
}

func TestAnExportWalksTheWholeCatalog(t *testing.T) {
	t.Parallel()
	f := setup(t)
	var file []Entry
	for i := range exportAtOnce + 3 {
		file = append(file, entryOf(i+2, fmt.Sprint("Product ", i), "", "", 100, 1))
	}
	f.mustImport(t, false, false, file...)
	seen := make(map[string]bool)
	err := Each(t.Context(), f.pool, us, func(p Product) error { seen[p.ID] = true; return nil })
	if err != nil || len(seen) != exportAtOnce+3 {
		t.Errorf("%d products, %v", len(seen), err)
	}
}

// TestAFileSentTwiceAtOnceIsAppliedOnce: a line without a code names nothing that another transaction could hold.
func TestAFileSentTwiceAtOnceIsAppliedOnce(t *testing.T) {
	t.Parallel()
	f := setup(t)
	file := []Entry{entryOf(2, "Stylo", "", "", 250, 40), entryOf(3, "T-shirt", "", "", 1990, 0), variantEntry(4, "M", "", 3)}
	var group errgroup.Group
	for range 4 {
		group.Go(func() error {
			_, err := f.store.Import(context.Background(), us, "user_1", file, nil, false, false)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	list, _, err := f.store.List(t.Context(), us, Filter{}, 1, 10)
	if err != nil || len(list) != 2 || len(list[1].Variants) != 1 {
		t.Errorf("there are %+v, %v", list, err)
	}
	if r := f.mustImport(t, false, false, file...); r.Unchanged != 3 {
		t.Errorf("the same file again did %+v", r)
	}
}
