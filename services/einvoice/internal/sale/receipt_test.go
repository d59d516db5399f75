package sale

import (
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/run/consume"
	"european-pay.eu/eupay/internal/run/events"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
)

func receiptEvent(t *testing.T, r *eventsv1.TillReceipt) consume.Event {
	t.Helper()
	r.MerchantId, r.Livemode, r.OccurredAt = "m1", true, timestamppb.New(time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC))
	data, err := proto.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return consume.Event{Event: events.Event{ID: events.NewID(), Type: tillReceipt, Merchant: "m1", Livemode: true, Data: data}}
}

func (r *rig) apply(list ...consume.Event) {
	r.t.Helper()
	b := Book{Zone: time.UTC, Now: func() time.Time { return time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC) }}
	sales, err := Read(list, b.instant())
	if err != nil {
		r.t.Fatal(err)
	}
	err = pgx.BeginFunc(r.t.Context(), r.pool, func(tx pgx.Tx) error {
		if err := LockAll(r.t.Context(), tx, sales); err != nil {
			return err
		}
		return b.Apply(r.t.Context(), tx, sales, nil)
	})
	if err != nil {
		r.t.Fatal(err)
	}
}

// Cash at the counter is reported once, with the VAT of what it paid, and what is given back takes from it.
func TestMoneyAtTheCounterIsReportedOnce(t *testing.T) {
	t.Parallel()
	r := setup(t)
	taxes := []*eventsv1.OrderedTax{{VatRatePerMille: 100, GrossCents: 1100}, {VatRatePerMille: 200, GrossCents: 600}}
	paid := receiptEvent(t, &eventsv1.TillReceipt{Sequence: 2, Reference: "CTR-1", OrderId: "o1", Method: "cash", AmountCents: 1700, Taxes: taxes})
	back := receiptEvent(t, &eventsv1.TillReceipt{Sequence: 3, Reference: "REF-1", PaymentReference: "CTR-1", OrderId: "o1", Method: "cash", AmountCents: -1700})
	for range 2 {
		r.apply(paid)
	}
	entries, err := readEntries(t.Context(), r.pool, "CTR-1")
	if err != nil {
		t.Fatal(err)
	}
	want := []entry{
		{"CTR-1", "2026-11-20", invoice.Services, 100, 1000, 100, entries[0].reportable}, {"CTR-1", "2026-11-20", invoice.Services, 200, 500, 100, entries[0].reportable},
	}
	if !slices.Equal(entries, want) {
		t.Errorf("reported are %+v", entries)
	}
	for range 2 {
		r.apply(back)
	}
	if entries, err = readEntries(t.Context(), r.pool, "CTR-1"); err != nil || len(entries) != 4 {
		t.Fatalf("%d entries: %v", len(entries), err)
	}
	var net, tax int64
	for _, e := range entries {
		net, tax = net+int64(e.net), tax+int64(e.tax)
	}
	if net != 0 || tax != 0 {
		t.Errorf("%d and %d are left of what was given back", net, tax)
	}
	r.apply(receiptEvent(t, &eventsv1.TillReceipt{Sequence: 4, Reference: "CTR-2", Method: "card", AmountCents: 500, Goods: true, Taxes: []*eventsv1.OrderedTax{{VatRatePerMille: 55, GrossCents: 500}}}))
	if entries, err = readEntries(t.Context(), r.pool, "CTR-2"); err != nil || len(entries) != 1 || entries[0].nature != invoice.Goods || entries[0].reportable {
		t.Errorf("goods are %+v: %v", entries, err)
	}
}
