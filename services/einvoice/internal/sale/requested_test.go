package sale

import (
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/run/consume"
	"european-pay.eu/eupay/internal/run/events"
	"european-pay.eu/eupay/internal/vat"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"

	"github.com/jackc/pgx/v5"
)

// What a refund gives back comes from the rates of what was cancelled, not from all.
func TestARefundIsAtTheRatesOfWhatWasCancelled(t *testing.T) {
	t.Parallel()
	f := facts{reference: "PAY-1", on: "2026-11-21", amount: 1800, order: []Part{{invoice.Services, 200, 600}, {invoice.Services, 100, 1200}}}
	f.refunds = []refund{{reference: "REF-1", on: "2026-11-21", amount: 600, parts: []Part{{invoice.Services, 200, 600}}}}
	got := f.entries()
	if last := got[len(got)-1]; len(got) != 3 || last.rate != 200 || last.net != -500 || last.tax != -100 {
		t.Errorf("reported is %+v", got)
	}
	f.untaxed = true
	for _, e := range f.entries() {
		if e.rate != 0 || e.tax != 0 {
			t.Errorf("an untaxed merchant reports %+v", e)
		}
	}
}

// A bill gives its goods back before its tip. The tip took its part of each refund here, so sales were reported that had been given back.
func TestARefundTakesTheTipLast(t *testing.T) {
	t.Parallel()
	f := facts{reference: "PAY-1", on: "2026-11-21", amount: 1320, order: []Part{{tip, 0, 220}, {invoice.Services, 100, 1100}}}
	back := func() (total money.Cents) {
		for _, e := range f.entries() {
			if e.source != "PAY-1" {
				total -= e.net + e.tax
			}
		}
		return total
	}
	f.refunds = []refund{{reference: "REF-1", on: "2026-11-21", amount: 550}}
	if got := back(); got != 550 {
		t.Errorf("of 5.50 that were given back, %s are reported", got)
	}
	f.refunds = append(f.refunds, refund{reference: "REF-2", on: "2026-11-22", amount: 770})
	if got := back(); got != 1100 {
		t.Errorf("of goods for 11.00 that were given back, %s are reported", got)
	}
	f.refunds, f.invoiced = nil, []Part{{invoice.Services, 200, 1100}}
	if got := f.entries(); len(got) != 0 {
		t.Errorf("all was invoiced at another rate, and %+v is reported", got)
	}
}

// Whatever refunds say of their rates, wrong or right, in whatever parts: nothing is left of a payment that was given back.
func TestRefundsByRateLeaveNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := facts{reference: "PAY-1", on: "2026-11-21"}
		parts := func(most int64) (list []Part) {
			for _, rate := range rapid.SliceOfNDistinct(rapid.SampledFrom(vat.Rates), 1, 4, rapid.ID[vat.Rate]).Draw(t, "rates") {
				list = append(list, Part{invoice.Services, rate, money.Cents(rapid.Int64Range(1, most).Draw(t, "part"))})
			}
			return list
		}
		f.order = parts(9999)
		f.amount = sum(f.order)
		for left := f.amount; left > 0; {
			part := money.Cents(rapid.Int64Range(1, int64(left)).Draw(t, "refund"))
			r := refund{reference: "REF", on: "2026-11-22", amount: part}
			if rapid.Bool().Draw(t, "said") {
				r.parts = parts(500)
			}
			f.refunds = append(f.refunds, r)
			left -= part
		}
		net, tax := map[vat.Rate]money.Cents{}, map[vat.Rate]money.Cents{}
		for _, e := range f.entries() {
			net[e.rate] += e.net
			tax[e.rate] += e.tax
		}
		for rate := range net {
			if net[rate] != 0 || tax[rate] != 0 {
				t.Fatalf("at %s %s and %s VAT are left", rate, net[rate], tax[rate])
			}
		}
	})
}

// In whatever order the payment, the order, its cancellation and the refund come, the same is reported.
func TestAnyOrderOfEventsReportsTheSameRefund(t *testing.T) {
	t.Parallel()
	pay := &paymentsv1.Payment{Reference: "PAY-1", Kind: "payment", MerchantId: "m1", Livemode: true, AmountCents: 1800, Currency: "EUR", OrderId: "o1"}
	back := &paymentsv1.Payment{Reference: "REF-1", OriginalReference: "PAY-1", Kind: "refund", MerchantId: "m1", Livemode: true, AmountCents: 600, Currency: "EUR"}
	placed := &eventsv1.OrderChanged{
		OrderId: "o1", MerchantId: "m1", Livemode: true, OrderType: dineIn, Currency: "EUR", PaymentStatus: "paid",
		Items: []*eventsv1.OrderedItem{{TotalCents: 600, VatRatePerMille: proto.Int32(200)}, {TotalCents: 1200, VatRatePerMille: proto.Int32(100), Position: 1}},
	}
	cancelled := proto.Clone(placed).(*eventsv1.OrderChanged)
	cancelled.RequestedRefund = &eventsv1.RequestedRefund{Reference: "REF-1", AmountCents: 600, Taxes: []*eventsv1.OrderedTax{{VatRatePerMille: 200, GrossCents: 600}}}
	all := []consume.Event{
		event(t, paymentCompleted, &eventsv1.PaymentChanged{Payment: pay}), event(t, refundCompleted, &eventsv1.PaymentChanged{Payment: back}),
		event(t, "order.received", placed), event(t, "order.lines_cancelled", cancelled),
	}
	for _, order := range [][]int{{0, 2, 3, 1}, {3, 1, 0, 2}, {0, 1, 3}, {2, 0, 1, 3, 3}} {
		r := setup(t)
		for _, i := range order {
			r.record(all[i])
		}
		if got, want := r.text(`select string_agg(source || ' ' || rate || ' ' || net_cents || '+' || tax_cents, ', ' order by source, rate) from consumer_parts`),
			"PAY-1 100 1091+109, PAY-1 200 500+100, REF-1 200 -500+-100"; got != want {
			t.Errorf("%v: reported is %s, want %s", order, got, want)
		}
	}
}

func event(t *testing.T, kind string, m proto.Message) consume.Event {
	t.Helper()
	data, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return consume.Event{Event: events.Event{ID: events.NewID(), Type: kind, Merchant: "m1", Livemode: true, Time: noon, Data: data}}
}

// record records an event as the consumer does.
func (r *rig) record(e consume.Event) {
	r.t.Helper()
	list, err := Read([]consume.Event{e}, noon)
	if err != nil {
		r.t.Fatal(err)
	}
	err = pgx.BeginFunc(r.t.Context(), r.pool, func(tx pgx.Tx) error {
		if err := LockAll(r.t.Context(), tx, list); err != nil {
			return err
		}
		return r.Apply(r.t.Context(), tx, list, nil)
	})
	if err != nil {
		r.t.Fatal(err)
	}
}
