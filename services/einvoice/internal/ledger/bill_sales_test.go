package ledger

import (
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/run/consume"
	"european-pay.eu/eupay/internal/run/events"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/invoice/invoicetest"
)

// ofBill is an event about a bill of the fixture's merchant.
func (f *fixture) ofBill(what string, m proto.Message) consume.Event {
	f.t.Helper()
	data, err := proto.Marshal(m)
	f.must(err)
	return consume.Event{Event: events.Event{ID: events.NewID(), Type: what, Merchant: f.who.MerchantID, Livemode: f.who.Livemode, Data: data}}
}

// mealTaxes are 11.00 at 10 % and 6.00 at 20 %.
var mealTaxes = []*eventsv1.OrderedTax{{VatRatePerMille: 100, GrossCents: 1100}, {VatRatePerMille: 200, GrossCents: 600}}

// atCounter is 17.00 in cash of a bill, or an amount of it that is given back by the reference back.
func (f *fixture) atCounter(id, back string, amount money.Cents) consume.Event {
	f.t.Helper()
	r := &eventsv1.TillReceipt{
		MerchantId: f.who.MerchantID, Livemode: f.who.Livemode, Reference: id, BillId: "b1", Method: "cash", AmountCents: 1700, Taxes: mealTaxes,
		OccurredAt: timestamppb.New(f.clock.now()),
	}
	if back != "" {
		r.Reference, r.PaymentReference, r.AmountCents, r.Taxes = back, id, -int64(amount), nil
	}
	return f.ofBill("till.receipt", r)
}

// mealAt is what a business wants an invoice of, as the gateway asks for it.
func mealAt(reference string, atTen, atTwenty money.Cents) invoice.Order {
	items := []invoice.Item{invoicetest.Item("Repas, table 4", 1, atTen, 100), invoicetest.Item("Repas, table 4", 1, atTwenty, 200)}
	for i := range items {
		items[i].Nature = invoice.Services
	}
	return invoice.Order{Customer: invoicetest.Business(), Items: items, PaymentReference: reference}
}

func paidInCash(o invoice.Order) invoice.Order {
	o.PaidOn, o.Method = "2026-11-21", invoice.MethodCash
	return o
}

// What a guest paid of a bill is e-reported until it has an invoice, which takes its place: in cash, whichever of the two comes first and also after a
// part was given back, and with EU Pay, whose payment has a tip that is in neither.
func TestAPaymentOfABillIsReportedOrInvoiced(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.seller("bistro", func(s *invoice.Settings) { s.SalesRate, s.SalesNature = nil, "" })
	whole, nothing := map[string]string{"2026-11-21 TPS1 100": "1000+100", "2026-11-21 TPS1 200": "500+100"}, map[string]string{}

	f.apply(f.atCounter("p1", "", 0))
	f.reports(whole)
	if r := f.create(paidInCash(mealAt("p1", 1100, 600))); r.Status != StatusPaid {
		t.Errorf("the invoice is %s", r.Status)
	}
	f.reports(nothing)
	f.apply(f.atCounter("p1", "", 0)) // an operator sends it again
	f.reports(nothing)

	f.create(paidInCash(mealAt("p2", 1100, 600)))
	f.apply(f.atCounter("p2", "", 0))
	f.reports(nothing)

	f.apply(f.atCounter("p3", "", 0), f.atCounter("p3", "REF-3", 850))
	f.reports(map[string]string{"2026-11-21 TPS1 100": "500+50", "2026-11-21 TPS1 200": "250+50"})
	f.create(paidInCash(mealAt("p3", 550, 300)))
	f.reports(nothing)

	f.apply(f.ofBill("bill.share.paid", &eventsv1.BillChanged{
		MerchantId: f.who.MerchantID, Livemode: f.who.Livemode, BillId: "b1", Currency: "EUR",
		Share: &eventsv1.PaidShare{ShareId: "s4", PaymentReference: "PAY-4", AmountCents: 1700, TipCents: 200, Taxes: mealTaxes},
	}), f.paid("PAY-4", 1900, "s4"))
	f.reports(whole)
	if r := f.create(mealAt("PAY-4", 1100, 600)); r.Status != StatusPaid || r.Total != 1700 {
		t.Errorf("the invoice of the share is %s of %s", r.Status, r.Total)
	}
	f.reports(nothing)
}
