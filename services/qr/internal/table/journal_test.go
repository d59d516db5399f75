package table

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/errs"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/qr/internal/journal"
)

// wantJournal compares the journal of an order: kind, method and amount of each record.
func (f *fixture) wantJournal(t *testing.T, id string, want ...string) []journal.Record {
	t.Helper()
	records, err := journal.OfOrder(t.Context(), f.pool, journal.Who{MerchantID: f.merchant}, id)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range records {
		got = append(got, strings.TrimSpace(fmt.Sprintf("%s %s %s", r.Kind, r.Amount, r.Method)))
	}
	if !slices.Equal(got, want) {
		t.Errorf("the journal is %q, not %q", got, want)
	}
	p, err := journal.Verify(t.Context(), f.pool, journal.Who{MerchantID: f.merchant}, nil, func([]journal.Record) error { return nil })
	if err != nil || p.Problem != "" {
		t.Errorf("the chain: %s, %v", p.Problem, err)
	}
	return records
}

// refunded is the event of a refund of a payment.
func refunded(o *qrv1.Order, payment, reference string, cents, all int64) *eventsv1.PaymentChanged {
	return &eventsv1.PaymentChanged{RefundReference: reference, RefundAmountCents: cents, Payment: &paymentsv1.Payment{
		Reference: payment, Kind: "payment", MerchantId: o.GetMerchantId(), AmountCents: o.GetTotalCents(), Currency: "EUR", Origin: "order", OrderId: o.GetId(),
		AmountRefundedCents: all,
	}}
}

// Events may come twice, and refunds in parts: each is in the journal once.
func TestAnOrderPaidFirstIsRecordedWhenItsPaymentComes(t *testing.T) {
	t.Parallel()
	f := setup(t)
	o := f.mustPlace(t, f.paidRequest(item(f.product(t, f.merchant, "Café", 350, 10), 2)))
	f.wantJournal(t, o.GetId())
	for range 2 {
		f.apply(t, payment("completed", o, "PAY-1"))
	}
	records := f.wantJournal(t, o.GetId(), "ordered 7.00", "paid 7.00 eupay")
	if tax := records[1].Taxes; len(tax) != 1 || tax[0].Gross != 700 || tax[0].VAT != 64 {
		t.Errorf("the payment has %v", tax)
	}
	for range 2 {
		f.apply(t, changed("payment.refunded", f.merchant, false, refunded(o, "PAY-1", "REF-1", 300, 300)))
	}
	f.apply(t, changed("payment.refunded", f.merchant, false, refunded(o, "PAY-1", "REF-2", 400, 700)))
	records = f.wantJournal(t, o.GetId(), "ordered 7.00", "paid 7.00 eupay", "refunded -3.00 eupay", "refunded -4.00 eupay")
	if a, b := records[2].Taxes[0].VAT, records[3].Taxes[0].VAT; a+b != -64 {
		t.Errorf("the VAT given back is %s and %s", a, b)
	}
	if got := f.order(t, o.GetId()); got.GetPaymentMethod() != journal.ByEUPay {
		t.Errorf("it was paid by %q", got.GetPaymentMethod())
	}
}

func TestAnOrderThatNobodyPaysIsNoSale(t *testing.T) {
	t.Parallel()
	f := setup(t)
	o := f.mustPlace(t, f.paidRequest(item(f.product(t, f.merchant, "Café", 350, 10), 1)))
	f.clock.Advance(time.Hour)
	if _, err := f.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.wantStatus(t, o.GetId(), Expired)
	f.wantJournal(t, o.GetId())
}

func TestACancelledOrderOwesNothing(t *testing.T) {
	t.Parallel()
	f := setup(t)
	product := f.product(t, f.merchant, "Café", 350, 10)
	for _, steps := range [][]Status{{Cancelled}, {Preparing, Cancelled}} {
		o := f.mustPlace(t, f.request(item(product, 1)))
		f.wantJournal(t, o.GetId(), "ordered 3.50")
		for _, to := range steps {
			if _, err := f.SetOrderStatus(t.Context(), &qrv1.SetOrderStatusRequest{MerchantId: f.merchant, Id: o.GetId(), Status: string(to)}); err != nil {
				t.Fatal(err)
			}
		}
		f.wantJournal(t, o.GetId(), "ordered 3.50", "cancelled -3.50")
	}
}

func TestAnOrderIsPaidAtTheCounterOnce(t *testing.T) {
	t.Parallel()
	f := setup(t)
	o := f.mustPlace(t, f.request(item(f.product(t, f.merchant, "Café", 350, 10), 1)))
	paid, replayed, err := f.PayAtCounter(t.Context(), f.merchant, o.GetId(), "cash", 50)
	if err != nil || replayed || paid.GetPaymentStatus() != "paid" || paid.GetPaymentMethod() != "cash" || paid.GetStatus() != "received" {
		t.Fatalf("%v, %v", paid, err)
	}
	if again, replayed, err := f.PayAtCounter(t.Context(), f.merchant, o.GetId(), "cash", 50); err != nil || !replayed || again.GetSequence() != paid.GetSequence() {
		t.Errorf("the second time: %v, %v", again, err)
	}
	_, _, err = f.PayAtCounter(t.Context(), f.merchant, o.GetId(), "card", 0)
	wantCode(t, err, errs.InvalidState)
	_, _, err = f.PayAtCounter(t.Context(), "8c7e9f0e-41a5-4a92-8c15-0e8ed8f5f6c1", o.GetId(), "cash", 0)
	wantCode(t, err, errs.NotFoundCode)
	f.wantJournal(t, o.GetId(), "ordered 3.50", "paid 3.50 cash")
	if types := f.announced(t, o.GetId()); !slices.Equal(types, []string{"order.received", "order.paid"}) {
		t.Errorf("announced were %v", types)
	}
	// The money is given back as it came, and no bank is asked.
	for range 2 {
		res, err := f.SetOrderStatus(t.Context(), &qrv1.SetOrderStatusRequest{MerchantId: f.merchant, Id: o.GetId(), Status: "cancelled", Refund: true})
		if err != nil || res.GetOrder().GetPaymentStatus() != "refunded" || res.GetOrder().GetRefund().GetStatus() != refundCompleted {
			t.Fatalf("%v, %v", res, err)
		}
	}
	records := f.wantJournal(t, o.GetId(), "ordered 3.50", "paid 3.50 cash", "cancelled -3.50", "refunded -3.50 cash")
	if records[3].Of != records[1].Reference {
		t.Errorf("the refund is of %q", records[3].Of)
	}
	var tasks int
	if err := f.pool.QueryRow(t.Context(), `select count(*) from payment_tasks`).Scan(&tasks); err != nil || tasks != 0 {
		t.Errorf("%d tasks: %v", tasks, err)
	}
}

// A guest who was to pay with EU Pay pays cash. The payment is cancelled; when it completes all the same, the merchant has been paid twice, and knows.
func TestAGuestPaysAtTheCounterInstead(t *testing.T) {
	t.Parallel()
	f := setup(t)
	o := f.mustPlace(t, f.paidRequest(item(f.product(t, f.merchant, "Café", 350, 10), 1)))
	if _, _, err := f.PayAtCounter(t.Context(), f.merchant, o.GetId(), "cash", 0); err != nil {
		t.Fatal(err)
	}
	f.wantStatus(t, o.GetId(), Received)
	var cancellations int
	err := f.pool.QueryRow(t.Context(), `select count(*) from payment_tasks where kind = 'cancel' and payment_reference = $1`, o.GetPaymentReference()).Scan(&cancellations)
	if err != nil || cancellations != 1 {
		t.Errorf("%d cancellations: %v", cancellations, err)
	}
	f.apply(t, payment("completed", o, o.GetPaymentReference()))
	if got := f.order(t, o.GetId()); !got.GetPaidLate() || got.GetPaymentMethod() != "cash" {
		t.Errorf("the order is %v", got)
	}
	f.apply(t, changed("payment.refunded", f.merchant, false, refunded(o, o.GetPaymentReference(), "REF-1", 350, 350)))
	f.wantJournal(t, o.GetId(), "ordered 3.50", "paid 3.50 cash", "paid 3.50 eupay", "refunded -3.50 eupay")
	if got := f.order(t, o.GetId()); got.GetPaymentStatus() != "paid" {
		t.Errorf("the order is %s", got.GetPaymentStatus())
	}
}

func TestWhatCannotBePaidAtTheCounter(t *testing.T) {
	t.Parallel()
	f := setup(t)
	free, dear := f.product(t, f.merchant, "Eau", 0, 10), f.product(t, f.merchant, "Café", 350, 10)
	ended := f.mustPlace(t, f.request(item(dear, 1)))
	if _, err := f.SetOrderStatus(t.Context(), &qrv1.SetOrderStatusRequest{MerchantId: f.merchant, Id: ended.GetId(), Status: "cancelled"}); err != nil {
		t.Fatal(err)
	}
	online := f.mustPlace(t, f.paidRequest(item(dear, 1)))
	f.apply(t, payment("completed", online, "PAY-1"))
	for _, o := range []*qrv1.Order{f.mustPlace(t, f.request(item(free, 1))), ended, online} {
		_, _, err := f.PayAtCounter(t.Context(), f.merchant, o.GetId(), "cash", 0)
		wantCode(t, err, errs.InvalidState)
	}
}
