package ledger

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/run/consume"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

func TestAnInvoiceIsPaidInFullOrInParts(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := f.create(private(100_00))
	p, err := f.MarkPaid(t.Context(), f.who, r.Number, Payment{Method: invoice.MethodCash}, Idempotency{})
	f.must(err)
	if p.Status != StatusPaid || p.Paid != 100_00 || len(p.Reports) != 2 || p.Reports[0].Kind != "sales" || p.Reports[1].Kind != "payments" {
		t.Fatalf("%s %s %v", p.Status, p.Paid, p.Reports)
	}
	_, err = f.MarkPaid(t.Context(), f.who, r.Number, Payment{Method: invoice.MethodCash}, Idempotency{})
	f.refused(err, errs.InvalidState)

	r = f.create(private(100_00))
	f.pay(r, 99_99)
	f.is(r.ID, StatusPending, SeqinoSubmitted)
	for _, bad := range []money.Cents{2, 0, -1} {
		_, err = f.MarkPaid(t.Context(), f.who, r.Number, Payment{Method: invoice.MethodCash, Amount: cents(bad)}, Idempotency{})
		f.refused(err, errs.ValidationError)
	}
	for _, bad := range []invoice.Date{f.today().Add(1), f.today().Add(-367), "2006-11-21"} {
		_, err = f.MarkPaid(t.Context(), f.who, r.Number, Payment{Method: invoice.MethodCash, On: bad}, Idempotency{})
		f.refused(err, errs.ValidationError)
	}
	f.pay(r, 1)
	f.is(r.ID, StatusPaid, SeqinoSubmitted)
}

// In France the day begins before it does in UTC.
func TestThePaymentOfThisMorningInFranceIsNotInTheFuture(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.clock.set(time.Date(2026, 12, 31, 23, 30, 0, 0, time.UTC))
	r := f.create(private(10_00))
	if r.Issued != "2027-01-01" || r.Number != "INV-2027-"+invoice.Code("m1")+"-000001" {
		t.Fatalf("%s of %s", r.Number, r.Issued)
	}
	_, err := f.MarkPaid(t.Context(), f.who, r.Number, Payment{Method: invoice.MethodCash, On: "2027-01-01"}, Idempotency{})
	f.must(err)
}

func TestTwentyPaymentsAtOnceNeverPayMoreThanIsOwed(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := f.create(private(100_00))
	var took atomic.Int64
	together(20, func(int) {
		_, err := f.MarkPaid(context.Background(), f.who, r.Number, Payment{Method: invoice.MethodCash, Amount: cents(10_00)}, Idempotency{})
		switch {
		case err == nil:
			took.Add(1)
		case !errs.Is(err, errs.InvalidState) && !errs.Is(err, errs.ValidationError):
			t.Error(err)
		}
	})
	if took.Load() != 10 || f.is(r.ID, StatusPaid, SeqinoSubmitted).Paid != 100_00 || f.number(`select sum(amount_cents) from receipt_parts`) != 100_00 {
		t.Fatalf("%d of ten payments", took.Load())
	}
}

func TestAPaymentWithAKeyIsRecordedOnce(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := f.create(private(100_00))
	pay := func(key, hash string) (Paid, error) {
		return f.MarkPaid(context.Background(), f.who, r.Number, Payment{Method: invoice.MethodCash, Amount: cents(10_00)}, Idempotency{Key: key, Hash: []byte(hash)})
	}
	first, err := pay("k", "1")
	f.must(err)
	var replays atomic.Int64
	together(10, func(int) {
		p, err := pay("k", "1")
		if err != nil || fmt.Sprint(p.Reports) != fmt.Sprint(first.Reports) {
			t.Errorf("%v %v", p.Reports, err)
		}
		if p.Replayed {
			replays.Add(1)
		}
	})
	_, err = pay("k", "2")
	f.refused(err, errs.IdempotencyConflict)
	if replays.Load() != 10 || f.read(r.ID).Paid != 10_00 {
		t.Fatalf("paid %s", f.read(r.ID).Paid)
	}
}

func TestAPaymentPaysTheInvoiceThatNamesIt(t *testing.T) {
	t.Parallel()
	f := setup(t)
	order := private(100_00)
	order.PaymentReference = "PAY-1"
	r := f.create(order)
	ev := f.completed("PAY-1", 100_00, "")
	for range 2 { // the same event twice
		f.must(f.settle(ev))
	}
	if r = f.is(r.ID, StatusPaid, SeqinoSubmitted); r.Paid != 100_00 || f.number(`select count(*) from invoice_payments`) != 1 {
		t.Fatalf("paid %s", r.Paid)
	}

	// Before the invoice: the document itself says that it is paid (BT-23 ends with 2, nothing is due).
	f.must(f.settle(f.completed("PAY-2", 100_00, "")))
	order.PaymentReference = " PAY-2 "
	r = f.create(order)
	if r = f.is(r.ID, StatusPaid, SeqinoSubmitted); r.Document.Totals.Due != 0 || r.Document.Process != "M2" {
		t.Fatalf("due %s, process %s", r.Document.Totals.Due, r.Document.Process)
	}
	// A payment pays once.
	second := f.create(order)
	f.is(second.ID, StatusPending, SeqinoSubmitted)
}

func TestAPaymentBeforeItsInvoiceMayBeLessOrMore(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.must(f.settle(f.completed("LESS", 40_00, ""), f.completed("MORE", 140_00, "")))
	order := private(100_00)
	order.PaymentReference = "LESS"
	r := f.create(order)
	if r = f.is(r.ID, StatusPending, SeqinoSubmitted); r.Paid != 40_00 || r.Document.Totals.Due != 100_00 {
		t.Fatalf("paid %s, due %s", r.Paid, r.Document.Totals.Due)
	}
	order.PaymentReference = "MORE"
	r = f.create(order)
	if r = f.is(r.ID, StatusPaid, SeqinoSubmitted); r.Paid != 100_00 {
		t.Fatalf("paid %s", r.Paid)
	}
}

// The bank's clock may be ahead of ours: the payment is of today, and the invoice can be issued.
func TestAPaymentFromAClockAheadIsOfToday(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.clock.set(time.Date(2026, 11, 21, 23, 0, 1, 0, time.UTC))
	ahead := f.completed("PAY-1", 10_00, "")
	f.clock.set(time.Date(2026, 11, 21, 22, 59, 59, 0, time.UTC))
	f.must(f.settle(ahead))
	order := private(10_00)
	order.PaymentReference = "PAY-1"
	f.is(f.create(order).ID, StatusPaid, SeqinoSubmitted)
}

// The merchant did not mistype what the bank says: the invoice is issued and paid, and does not say so itself.
func TestAPaymentOfYearsAgoPaysItsInvoice(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.must(f.settle(f.completed("PAY-1", 10_00, "")))
	f.clock.advance(2 * 366 * 24 * time.Hour)
	order := private(10_00)
	order.PaymentReference = "PAY-1"
	if r := f.is(f.create(order).ID, StatusPaid, SeqinoSubmitted); r.Document.Totals.Due != 10_00 {
		t.Fatalf("due %s", r.Document.Totals.Due)
	}
}

func TestAPaymentNamesItsInvoiceInItsMetadata(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.enrol("m2", true, platform.MandateActive, nil)
	f.enrol("m1", false, platform.MandateActive, nil)
	a, b, c := f.create(private(10_00)), f.create(private(10_00)), f.create(private(10_00))
	f.must(f.settle(
		f.completed("P1", 10_00, `{"invoice_id":"`+a.ID.String()+`"}`),
		f.completed("P2", 25_00, `{"invoice_number":"`+b.Number+`"}`), // more than is owed
		f.completedOf(Who{"m2", true}, "P3", 10_00, `{"invoice_id":"`+c.ID.String()+`"}`),
		f.completedOf(Who{"m1", false}, "P4", 10_00, `{"invoice_id":"`+c.ID.String()+`"}`),
		f.completedOf(Who{"nobody", true}, "P5", 10_00, `{"invoice_id":"`+c.ID.String()+`"}`),
		f.completed("P6", 10_00, `{"invoice_id":"nonsense"}`), f.completed("P7", 10_00, `[1]`), f.completed("P8", 10_00, `{"invoice_number":"\u0000"}`),
	))
	f.is(a.ID, StatusPaid, SeqinoSubmitted)
	if b = f.is(b.ID, StatusPaid, SeqinoSubmitted); b.Paid != 10_00 {
		t.Fatalf("paid %s", b.Paid)
	}
	if c = f.is(c.ID, StatusPending, SeqinoSubmitted); c.Paid != 0 {
		t.Fatal("paid by another merchant's payment, or one of the other mode")
	}
}

func TestAPaymentOfAnotherMerchantPaysNothing(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.enrol("m2", true, platform.MandateActive, nil)
	f.must(f.settle(f.completed("PAY-1", 10_00, "")))
	// Another merchant claims that payment for an invoice of its own, paid by its own word.
	stolen := private(10_00)
	stolen.PaymentReference, stolen.PaidOn, stolen.Method = "PAY-1", f.today(), invoice.MethodBank
	_, err := f.Create(t.Context(), Who{"m2", true}, stolen, Idempotency{})
	f.must(err)
	waiting := private(10_00)
	waiting.PaymentReference = "PAY-1"
	other, err := f.Create(t.Context(), Who{"m2", true}, waiting, Idempotency{})
	f.must(err)
	f.is(other.ID, StatusPending, SeqinoSubmitted)
	f.is(f.create(waiting).ID, StatusPaid, SeqinoSubmitted)
}

func TestAPaymentPaysTheInvoiceThatTookTheCancelledOnesPlace(t *testing.T) {
	t.Parallel()
	f := setup(t)
	order := private(10_00)
	order.PaymentReference = "PAY-1"
	first := f.create(order)
	f.must(f.cancelBefore(first))
	second := f.create(order)
	f.must(f.settle(f.completed("PAY-1", 10_00, "")))
	f.is(first.ID, StatusCancelled, SeqinoSubmitted)
	f.is(second.ID, StatusPaid, SeqinoSubmitted)
}

func TestTwoPaymentsAtOnceOfOneInvoice(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for i := range 30 {
		a, b := f.create(private(100_00)), f.create(business(100_00))
		pays := func(n int, r Record) consume.Event {
			return f.completed(fmt.Sprintf("P%d-%d-%s", i, n, r.Number), 60_00, `{"invoice_id":"`+r.ID.String()+`"}`)
		}
		batches := [][]consume.Event{{pays(1, a), pays(1, b)}, {pays(2, b), pays(2, a)}}
		together(2, func(n int) {
			if err := f.settle(batches[n]...); err != nil {
				t.Error(err)
			}
		})
		for _, id := range []uuid.UUID{a.ID, b.ID} {
			if r := f.is(id, StatusPaid, SeqinoSubmitted); r.Paid != 100_00 {
				t.Fatalf("paid %s", r.Paid)
			}
		}
	}
}

func TestAnInvoiceAndItsPaymentAtTheSameMoment(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.enrol("m2", true, platform.MandatePending, nil) // no submission: all time goes to the race
	f.who = Who{"m2", true}
	for i := range 200 {
		order := private(10_00)
		order.PaymentReference = fmt.Sprintf("PAY-%d", i)
		ev := f.completed(order.PaymentReference, 10_00, "")
		var id uuid.UUID
		together(2, func(n int) {
			if n == 0 {
				c, err := f.Create(context.Background(), f.who, order, Idempotency{})
				if err != nil {
					t.Error(err)
				}
				id = c.ID
				return
			}
			if err := f.settle(ev); err != nil {
				t.Error(err)
			}
		})
		f.is(id, StatusPaid, SeqinoMandatePending)
	}
	if n := f.number(`select count(*) from invoice_payments`); n != 200 {
		t.Fatalf("%d payments", n)
	}
}
