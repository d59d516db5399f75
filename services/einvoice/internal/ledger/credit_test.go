package ledger

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/kit/rounds"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/reference"
	"european-pay.eu/eupay/internal/vat"
	"european-pay.eu/eupay/services/einvoice/internal/giveback"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
	"european-pay.eu/eupay/services/einvoice/internal/transmit"
)

func (f *fixture) credit(r Record, c CreditNote) (Corrected, error) {
	return f.Credit(context.Background(), f.who, r.Number, c, Idempotency{})
}

func TestAPaidInvoiceIsCreditedInFullOrInPart(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := f.create(private(100_00))
	_, err := f.credit(r, CreditNote{})
	f.refused(err, errs.InvalidState) // unpaid
	f.pay(r, 100_00)
	done, err := f.credit(r, CreditNote{Amount: cents(30_00), Reason: "defective"})
	f.must(err)
	if done.By.Type != invoice.TypeCreditNote || done.By.Total != 30_00 || done.Status != StatusPaid || done.Credited != 30_00 || done.By.Seqino != SeqinoSubmitted {
		t.Fatalf("%+v", done.By)
	}
	_, err = f.credit(r, CreditNote{Amount: cents(70_01)})
	f.refused(err, errs.CreditExceeds)
	_, err = f.credit(r, CreditNote{Amount: cents(0)})
	f.refused(err, errs.ValidationError)
	_, err = f.credit(r, CreditNote{Cancel: true})
	f.refused(err, errs.InvalidState)
	done, err = f.credit(r, CreditNote{})
	f.must(err)
	f.is(r.ID, StatusRefunded, SeqinoSubmitted)
	if done.By.Total != 70_00 {
		t.Fatalf("the rest is %s", done.By.Total)
	}
	for _, number := range []Record{r, *done.By} {
		_, err = f.credit(number, CreditNote{})
		f.refused(err, errs.InvalidState)
	}
	if len(f.fake.of(r.Number)) != 3 || len(f.fake.wrong) > 0 {
		t.Fatalf("%d documents, %v", len(f.fake.of(r.Number)), f.fake.wrong)
	}
}

func TestACancellingCreditNoteIsACorrectedInvoice(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := f.create(private(100_00))
	f.pay(r, 100_00)
	_, err := f.credit(r, CreditNote{Cancel: true, Amount: cents(99_99)})
	f.refused(err, errs.ValidationError)
	done, err := f.credit(r, CreditNote{Cancel: true, Amount: cents(100_00)})
	f.must(err)
	if done.By.Type != invoice.TypeCorrected || done.By.Credit != 100_00 || done.By.Document.Totals.Due != -100_00 {
		t.Fatalf("%+v", done.By)
	}
	f.is(r.ID, StatusRefunded, SeqinoSubmitted)
	f.balanced(r.ID)
}

func TestManyCreditNotesAreTheInvoiceAtEveryRate(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.mandate(platform.MandatePending)
	for range rounds.Of(15) {
		total := money.Cents(rand.IntN(50_000) + 100)
		r := f.create(private(total))
		f.pay(r, total)
		for left := total; left > 0; {
			amount := min(left, money.Cents(rand.IntN(int(total)/3+1)+1))
			_, err := f.credit(r, CreditNote{Amount: cents(amount)})
			f.must(err)
			left -= amount
			f.balanced(r.ID)
		}
		f.is(r.ID, StatusRefunded, SeqinoMandatePending)
		sum := map[vat.Rate]invoice.VAT{}
		notes, err := readAll(t.Context(), f.Pool, `where i.corrects = $1`, r.ID)
		f.must(err)
		for _, n := range notes {
			for _, v := range n.Document.VAT {
				s := sum[v.VATPerMill]
				s.Base, s.Tax = s.Base+v.Base, s.Tax+v.Tax
				sum[v.VATPerMill] = s
			}
		}
		for _, v := range r.Document.VAT {
			if s := sum[v.VATPerMill]; s.Base != v.Base || s.Tax != v.Tax {
				t.Fatalf("%s at %s: credited %s and %s of %s and %s", total, v.VATPerMill, s.Base, s.Tax, v.Base, v.Tax)
			}
		}
	}
}

func TestTwentyCreditNotesAtOnceNeverExceedTheInvoice(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := f.create(private(100_00))
	f.pay(r, 100_00)
	var took atomic.Int64
	together(20, func(int) {
		_, err := f.credit(r, CreditNote{Amount: cents(10_00)})
		switch {
		case err == nil:
			took.Add(1)
		case !errs.Is(err, errs.CreditExceeds) && !errs.Is(err, errs.InvalidState):
			t.Error(err)
		}
	})
	if took.Load() != 10 || f.is(r.ID, StatusRefunded, SeqinoSubmitted).Credited != 100_00 {
		t.Fatalf("%d of ten", took.Load())
	}
	if n := f.number(`select last from counters where series = 'CN'`); n != 10 {
		t.Fatalf("%d numbers of credit notes", n)
	}
	f.balanced(r.ID)
}

func TestACreditNoteWithAKeyIsIssuedOnce(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := f.create(private(100_00))
	f.pay(r, 100_00)
	var first atomic.Pointer[uuid.UUID]
	together(10, func(int) {
		done, err := f.Credit(context.Background(), f.who, r.Number, CreditNote{Amount: cents(1_00)}, Idempotency{Key: "k", Hash: []byte("1")})
		if err != nil {
			t.Error(err)
			return
		}
		if !first.CompareAndSwap(nil, &done.By.ID) && *first.Load() != done.By.ID {
			t.Error("the same key made two credit notes")
		}
	})
	_, err := f.Credit(t.Context(), f.who, r.Number, CreditNote{}, Idempotency{Key: "k", Hash: []byte("2")})
	f.refused(err, errs.IdempotencyConflict)
	if got := f.read(r.ID).Credited; got != 1_00 {
		t.Fatalf("credited %s", got)
	}
}

func TestTheCreditNoteOfAWaitingInvoiceLeavesAfterIt(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.mandate(platform.MandatePending)
	r := f.create(business(100_00))
	f.pay(r, 100_00)
	done, err := f.credit(r, CreditNote{Amount: cents(10_00)})
	f.must(err)
	f.is(r.ID, StatusPaid, SeqinoMandatePending)
	f.is(done.By.ID, StatusRefunded, SeqinoMandatePending)
	f.mandate(platform.MandateActive)
	_, err = f.engine.Do(t.Context(), transmit.Document, done.By.ID, true)
	f.must(err)
	if f.fake.calls != 0 {
		t.Fatal("the credit note left before its invoice")
	}
	f.run()
	f.clock.advance(10 * time.Second)
	f.eventually("both are there, the invoice first, and the collection", func() bool {
		f.fake.mu.Lock()
		defer f.fake.mu.Unlock()
		return len(f.fake.order) == 2 && len(f.fake.collections) > 0
	})
	f.eventually("the payment is recorded as collected", func() bool {
		return f.number(`select count(*) from transmissions where kind = 'collection' and state = 'sent'`) > 0
	})
	f.clock.advance(originalRetry) // the refund may have come too early
	f.eventually("the refund", func() bool {
		f.fake.mu.Lock()
		defer f.fake.mu.Unlock()
		return len(f.fake.collections) == 2
	})
	f.eventually("recorded", func() bool { return f.read(done.By.ID).Seqino == SeqinoSubmitted })
	f.is(r.ID, StatusPaid, SeqinoSubmitted)
	if len(f.fake.wrong) > 0 {
		t.Fatal(f.fake.wrong)
	}
}

// Only what came as one EU Pay payment is refunded as one, and only money that came.
func TestARefundIsOfThePaymentThatPaid(t *testing.T) {
	t.Parallel()
	f := setup(t)
	refund := func(r Record, amount *money.Cents, key string) (Corrected, error) {
		return f.Credit(context.Background(), f.who, r.Number, CreditNote{Amount: amount, Refund: true}, Idempotency{Key: key, Hash: []byte(key)})
	}
	const whole, part = "PAY-20260617-0B25921FB72918ED", "PAY-20260617-0B25921FB72918EE"
	r := f.create(private(100_00))
	f.must(f.settle(f.completed(whole, 100_00, `{"invoice_number":"`+r.Number+`"}`)))
	var as string
	for range 2 { // asked again, nothing more is credited, and the refund is the same
		done, err := refund(r, cents(30_00), "k")
		f.must(err)
		if done.Payment != whole || done.By.Total != 30_00 || done.Credited != 30_00 || !reference.Valid(done.Refund) || as != "" && as != done.Refund {
			t.Fatalf("%+v", done)
		}
		as = done.Refund
	}
	f.refundStays(as, whole, 30_00)
	_, err := f.credit(r, CreditNote{Cancel: true, Refund: true})
	f.refused(err, errs.InvalidState)
	cash := f.create(private(100_00))
	f.pay(cash, 100_00)
	_, err = refund(cash, nil, "c")
	f.refused(err, errs.InvalidState)
	both := f.create(private(100_00))
	f.must(f.settle(f.completed(part, 60_00, `{"invoice_number":"`+both.Number+`"}`)))
	_, err = refund(both, cents(10_00), "b") // it reduces what is owed
	f.refused(err, errs.InvalidState)
	f.pay(both, 40_00)
	_, err = refund(both, cents(10_00), "b")
	f.refused(err, errs.InvalidState)
	for _, of := range []Record{cash, both} {
		if f.read(of.ID).Credited != 0 {
			t.Errorf("%s is credited", of.Number)
		}
	}
}

// refundStays checks that a refund can be claimed again, under the same reference, until it has an outcome.
func (f *fixture) refundStays(as, payment string, amount money.Cents) {
	f.t.Helper()
	wanted := &giveback.Refunds{Pool: f.Pool, Now: f.clock.now}
	claim := func(after time.Duration, want int) []giveback.Refund {
		f.t.Helper()
		f.clock.advance(after)
		got, err := wanted.Claim(f.t.Context(), 10)
		if err != nil || len(got) != want {
			f.t.Fatalf("claimed %v, %v, want %d", got, err, want)
		}
		return got
	}
	claim(time.Minute, 0) // the request itself makes it
	claim(time.Hour, 1)
	claim(time.Second, 0) // it is somebody's
	got := claim(time.Hour, 1)[0]
	if got.Reference != as || got.Payment != payment || got.Amount != amount || got.MerchantID != f.who.MerchantID || got.Livemode != f.who.Livemode {
		f.t.Fatalf("claimed %+v", got)
	}
	other := got
	other.MerchantID = "m2"
	f.must(wanted.End(f.t.Context(), other, giveback.Outcome{}))
	claim(2*time.Hour, 1) // of another merchant nothing ends
	f.must(wanted.End(f.t.Context(), got, giveback.Outcome{Code: "REFUND_EXCEEDS_PAYMENT", Message: "x"}))
	claim(2*time.Hour, 0)
	f.must(wanted.End(f.t.Context(), got, giveback.Outcome{})) // the request was repeated, and there was money after all
	f.must(wanted.End(f.t.Context(), got, giveback.Outcome{Code: "REFUND_EXCEEDS_PAYMENT", Message: "x"}))
	if f.number(`select count(*) from credit_refunds where status = 'made' and refund_reference = $1`, as) != 1 {
		f.t.Fatal("what was made is not said to be")
	}
}
