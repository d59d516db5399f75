package catalog

import (
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/errs"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/qr/internal/stock"
)

func TestACountIsRefusedWhenTheStockMoved(t *testing.T) {
	t.Parallel()
	f := setup(t)
	p := f.add(t, us, nil) // 500
	count := Move{MerchantID: us, ProductID: p.GetId(), Reason: stock.Count, Counted: ptr(int32(497)), Expected: ptr(int32(500))}
	f.sell(t, "order", Quantity{ProductID: p.GetId(), Count: 1})
	if _, _, err := f.store.Move(t.Context(), count); !errs.Is(err, errs.InvalidState) {
		t.Fatalf("a count over a sale: %v", err)
	}
	count.Expected = ptr(int32(499))
	m, _, err := f.store.Move(t.Context(), count)
	if err != nil || m.Before != 499 || m.After != 497 || m.Quantity != -2 || m.Reason != stock.Count {
		t.Errorf("the count is %+v, %v", m, err)
	}
	count.Expected = count.Counted
	if m, _, err = f.store.Move(t.Context(), count); err != nil || m.Quantity != 0 || m.Sequence != 4 {
		t.Errorf("a count of what was expected is %+v, %v", m, err)
	}
	f.balanced(t)
}

func TestAMovementIsRecordedOnceForItsKey(t *testing.T) {
	t.Parallel()
	f := setup(t)
	p := f.add(t, us, nil)
	m := Move{MerchantID: us, ProductID: p.GetId(), Reason: stock.Delivery, Quantity: 5, Reference: "BL-7", Actor: "user_1", Key: "k"}
	first, replayed, err := f.store.Move(t.Context(), m)
	if err != nil || replayed || first.After != 505 || first.Reference != "BL-7" || first.Actor != "user_1" {
		t.Fatalf("the first is %+v, %v", first, err)
	}
	again, replayed, err := f.store.Move(t.Context(), m)
	if err != nil || !replayed || again.ID != first.ID || f.get(t, p.GetId()).Stock != 505 {
		t.Errorf("the repetition is %+v, %v", again, err)
	}
	m.Quantity = 6
	if _, _, err := f.store.Move(t.Context(), m); !errs.Is(err, errs.IdempotencyConflict) {
		t.Errorf("another movement under the key: %v", err)
	}
}

func TestMovementsThatMakeNoSenseAreRefusedByField(t *testing.T) {
	t.Parallel()
	f := setup(t)
	p := f.add(t, us, nil)
	for field, m := range map[string]Move{
		"reason": {Reason: stock.Sale, Quantity: -1}, "quantity": {Reason: stock.Loss, Quantity: 1}, "expected": {Reason: stock.Count, Counted: ptr(int32(1))},
		"counted": {Reason: stock.Delivery, Quantity: 1, Counted: ptr(int32(1))},
	} {
		m.MerchantID, m.ProductID = us, p.GetId()
		if _, _, err := f.store.Move(t.Context(), m); refusedField(err) != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	if _, _, err := f.store.Move(t.Context(), Move{MerchantID: us, ProductID: p.GetId(), Reason: stock.Loss, Quantity: -501}); !errs.Is(err, errs.InvalidState) {
		t.Errorf("more than there is: %v", err)
	}
	f.variant(t, p.GetId(), "M", "", 1)
	if _, _, err := f.store.Move(t.Context(), Move{MerchantID: us, ProductID: p.GetId(), Reason: stock.Delivery, Quantity: 1}); refusedField(err) != "variant_id" {
		t.Errorf("a product with variants: %v", err)
	}
}

// alerts are the alerts of the outbox, those of live mode, as "type stock".
func (f *fixture) alerts(t *testing.T) (list []string) {
	t.Helper()
	rows, err := f.pool.Query(t.Context(), `select event_type, data from outbox where event_type in ('product.low_stock', 'product.sold_out') and livemode order by id`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var kind string
		var data []byte
		a := &eventsv1.StockAlert{}
		if err := rows.Scan(&kind, &data); err != nil {
			t.Fatal(err)
		}
		if err := proto.Unmarshal(data, a); err != nil || !a.GetLivemode() || a.GetMerchantId() != us {
			t.Fatal(a, err)
		}
		list = append(list, kind)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return list
}

func TestWhatRunsLowIsAnnouncedOncePerCrossing(t *testing.T) {
	t.Parallel()
	f := setup(t)
	p := f.add(t, us, func(m *qrv1.ProductFields) { m.StockQuantity, m.LowStockAt = ptr(int32(10)), ptr(int32(4)) })
	take := func(n int32) { f.sell(t, "order", Quantity{ProductID: p.GetId(), Count: n}) }
	step := func(what string, want ...string) {
		t.Helper()
		if got := f.alerts(t); !slices.Equal(got, want) {
			t.Errorf("after %s: %q, want %q", what, got, want)
		}
	}
	take(5)
	step("5 of 10")
	take(1)
	step("the threshold", "product.low_stock")
	take(1)
	step("one below", "product.low_stock")
	take(3)
	step("the last", "product.low_stock", "product.sold_out")
	if list, total, err := stock.ListLow(t.Context(), f.pool, us, 1, 10); err != nil || total != 1 || list[0].ProductID != p.GetId() || list[0].Threshold != 4 {
		t.Errorf("low are %+v, %d, %v", list, total, err)
	}
	if _, _, err := f.store.Move(t.Context(), Move{MerchantID: us, ProductID: p.GetId(), Reason: stock.Delivery, Quantity: 9}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := f.store.Move(t.Context(), Move{MerchantID: us, ProductID: p.GetId(), Reason: stock.Loss, Quantity: -9}); err != nil {
		t.Fatal(err)
	}
	step("a fall past the threshold to nothing", "product.low_stock", "product.sold_out", "product.low_stock", "product.sold_out")
	if list, more, err := stock.List(t.Context(), f.pool, us, stock.Filter{ProductID: p.GetId()}, 3); err != nil || !more || len(list) != 3 || list[0].Reason != stock.Loss {
		t.Errorf("the newest movements are %+v, %v", list, err)
	}
}
