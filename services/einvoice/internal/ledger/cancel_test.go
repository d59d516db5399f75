package ledger

import (
	"context"
	"sync"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/kit/rounds"
	"european-pay.eu/eupay/internal/lifecycle"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
	"european-pay.eu/eupay/services/einvoice/internal/transmit"
)

func TestAnUnsentInvoiceIsCancelledWithoutADocument(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.mandate(platform.MandatePending)
	r := f.create(private(10_00))
	done, err := f.Cancel(t.Context(), f.who, r.Number, "typing error")
	f.must(err)
	if done.By != nil {
		t.Fatal("a document corrects what nobody has")
	}
	f.is(r.ID, StatusCancelled, SeqinoNone)
	if n := f.number(`select count(*) from sale_parts`); n != 0 {
		t.Fatal("the sale is still reported")
	}
	if v := f.number(`select version from report_periods where kind = 'sales'`); v != 2 {
		t.Fatalf("the period's version is %d: it is not reported again", v)
	}
	f.mandate(platform.MandateActive)
	_, err = f.Submit(t.Context(), f.who, r.Number)
	f.refused(err, errs.InvalidState)
	if n, err := f.Resubmit(t.Context(), &r.ID, f.who, false); n != 0 || err != nil {
		t.Fatalf("resubmitted %d: %v", n, err)
	}
	_, err = f.engine.Do(t.Context(), transmit.Document, r.ID, true)
	f.must(err)
	f.clock.advance(time.Hour)
	f.run()
	other := f.create(private(20_00))
	f.eventually("the other is submitted", func() bool { return f.read(other.ID).Seqino == SeqinoSubmitted })
	if n := len(f.fake.of(r.Number)); n != 0 {
		t.Fatalf("%d documents left", n)
	}
	_, err = f.Cancel(t.Context(), f.who, r.Number, "")
	f.refused(err, errs.InvalidState)
}

func TestASubmittedInvoiceIsReplacedByACorrection(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := f.create(private(10_00))
	done, err := f.Cancel(t.Context(), f.who, r.Number, "order withdrawn")
	f.must(err)
	f.is(r.ID, StatusCancelled, SeqinoSubmitted)
	got := f.fake.of(r.Number)
	if len(got) != 2 || got[1].Document.Type != invoice.TypeCorrected || *got[1].Document.Preceding != (invoice.Preceding{Number: r.Number, Issued: r.Issued}) {
		t.Fatalf("the platform has %d documents", len(got))
	}
	if done.By.Number != "CN-2026-"+invoice.Code("m1")+"-000001" || done.By.Seqino != SeqinoSubmitted || done.By.Credit != 10_00 {
		t.Fatalf("%+v", done.By)
	}
	if n := f.number(`select sum(net_cents + tax_cents) from sale_parts`); n != 0 {
		t.Fatalf("%d cents of the sale are left", n)
	}
	_, err = f.Cancel(t.Context(), f.who, r.Number, "")
	f.refused(err, errs.InvalidState)
	_, err = f.Cancel(t.Context(), f.who, done.By.Number, "")
	f.refused(err, errs.InvalidState)
	_, err = f.MarkPaid(t.Context(), f.who, r.Number, Payment{Method: invoice.MethodCash}, Idempotency{})
	f.refused(err, errs.InvalidState)
}

func TestWhatMayHaveBeenSentIsReplacedAfterIt(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.fake.set(func(p *fake) { p.submit = loses })
	r := f.create(business(10_00))
	f.fake.set(func(p *fake) { p.submit = works })
	done, err := f.Cancel(t.Context(), f.who, r.Number, "")
	f.must(err)
	if done.By == nil || done.By.Seqino != SeqinoSubmitting {
		t.Fatalf("%+v", done.By)
	}
	f.clock.advance(time.Minute)
	f.run()
	f.eventually("both are there", func() bool { return len(f.fake.of(r.Number)) == 2 })
	f.eventually("recorded", func() bool { return f.read(done.By.ID).Seqino == SeqinoSubmitted })
	if len(f.fake.wrong) > 0 {
		t.Fatal(f.fake.wrong)
	}
}

func TestWhatIsRefusedAfterItsCancellationNeedsNoDocumentAndIsNeverSent(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.fake.set(func(p *fake) { p.submit = unavailable })
	r := f.create(private(10_00))
	done, err := f.Cancel(t.Context(), f.who, r.Number, "")
	f.must(err)
	f.fake.set(func(p *fake) { p.submit, p.problems = refuses, []string{"no"} })
	_, err = f.Submit(t.Context(), f.who, r.Number)
	f.must(err)
	f.is(r.ID, StatusCancelled, SeqinoNone)
	f.fake.set(func(p *fake) { p.submit = works })
	_, err = f.engine.Do(t.Context(), transmit.Document, done.By.ID, true)
	f.must(err)
	f.is(done.By.ID, StatusCancelled, SeqinoNone)
	_, err = f.Submit(t.Context(), f.who, r.Number)
	f.refused(err, errs.InvalidState)
	if n, err := f.Resubmit(t.Context(), nil, f.who, false); n != 0 || err != nil {
		t.Fatalf("resubmitted %d: %v", n, err)
	}
	if len(f.fake.order) != 0 {
		t.Fatal("a cancelled invoice stands alone at the platform")
	}
}

func TestARejectedOrRefusedInvoiceIsCancelledWithoutADocument(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for _, code := range []int{lifecycle.Refused, lifecycle.Rejected} {
		r := f.create(private(10_00))
		f.step(r, platform.Event{ID: "e1", Code: code, At: f.clock.now(), ReasonCode: "CALCUL_ERR", Reason: "sums differ"})
		f.must(f.Refresh(t.Context(), r.ID))
		f.is(r.ID, StatusFailed, SeqinoSubmitted)
		done, err := f.Cancel(t.Context(), f.who, r.Number, "")
		f.must(err)
		if done.By != nil || f.is(r.ID, StatusCancelled, SeqinoSubmitted).Credited != 10_00 {
			t.Fatalf("%d: %+v", code, done.By)
		}
		if n := f.number(`select count(*) from sale_parts`); n != 0 {
			t.Fatal("the sale is still reported")
		}
	}
}

// step lets something happen to a document at the platform.
func (f *fixture) step(r Record, e ...platform.Event) {
	f.t.Helper()
	r = f.read(r.ID)
	f.fake.set(func(p *fake) { d := p.byID(r.PlatformID); d.steps = append(d.steps, e...) })
}

func TestAPaidInvoiceIsNotCancelled(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := f.create(private(10_00))
	f.pay(r, 1)
	_, err := f.Cancel(t.Context(), f.who, r.Number, "")
	f.refused(err, errs.InvalidState)
}

// Whichever comes first, the engine or the cancellation: a cancelled invoice is never at the platform without its 384.
func TestACancellationAndASubmissionAtTheSameMoment(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.timeouts.submit = time.Nanosecond // Create leaves it to the engine
	alone, replaced := 0, 0
	for range rounds.Of(40) {
		f.timeouts.submit = time.Nanosecond
		r := f.create(private(10_00))
		f.timeouts.submit = submitTimeout
		var done Corrected
		var err error
		together(2, func(i int) {
			if i == 0 {
				_, _ = f.engine.Do(context.Background(), transmit.Document, r.ID, true)
				return
			}
			for { // being submitted at this moment: the caller is told to come again
				if done, err = f.Cancel(context.Background(), f.who, r.Number, ""); !errs.Is(err, errs.InvalidState) {
					return
				}
			}
		})
		f.must(err)
		_, err = f.engine.Do(context.Background(), transmit.Document, r.ID, true)
		f.must(err)
		if done.By != nil { // it may have had to wait for the invoice
			_, err = f.engine.Do(context.Background(), transmit.Document, done.By.ID, true)
			f.must(err)
		}
		switch n := len(f.fake.of(r.Number)); {
		case n == 0 && done.By == nil:
			alone++
		case n == 2 && done.By != nil:
			replaced++
		default:
			t.Fatalf("%d documents at the platform, corrected by %v", n, done.By)
		}
	}
	t.Logf("%d alone, %d replaced", alone, replaced)
}

// A worker that continues after losing its lease finds that the document is not wanted any more.
func TestAStalledWorkerDoesNotSendACancelledDocument(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.timeouts.submit = time.Nanosecond
	r := f.create(private(10_00))
	f.must(f.cancelBefore(r))
	if wanted, err := f.markMaybeSent(t.Context(), r.ID); wanted || err != nil {
		t.Fatalf("wanted %v, %v", wanted, err)
	}
}

func (f *fixture) cancelBefore(r Record) error {
	_, err := f.Cancel(f.t.Context(), f.who, r.Number, "")
	return err
}

func TestACancellationAndAPaymentAtTheSameMoment(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for range rounds.Of(50) {
		r := f.create(private(10_00))
		var mu sync.Mutex
		won := 0
		together(2, func(i int) {
			var err error
			if i == 0 {
				_, err = f.Cancel(context.Background(), f.who, r.Number, "")
			} else {
				_, err = f.MarkPaid(context.Background(), f.who, r.Number, Payment{Method: invoice.MethodCash}, Idempotency{})
			}
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won++
			} else if !errs.Is(err, errs.InvalidState) {
				t.Error(err)
			}
		})
		if won != 1 {
			t.Fatalf("%d of both took place", won)
		}
	}
}
