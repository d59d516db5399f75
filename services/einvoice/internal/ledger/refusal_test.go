package ledger

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"european-pay.eu/eupay/internal/lifecycle"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
	"european-pay.eu/eupay/services/einvoice/internal/transmit"
)

// refusedFor lets the platform report a refusal or rejection of a document, and reads it.
func (f *fixture) refusedFor(r Record, code int, reasonCode string) Record {
	f.t.Helper()
	f.step(r, platform.Event{ID: newID().String(), Code: code, At: f.clock.now(), Emitter: "PDPE", ReasonCode: reasonCode})
	f.must(f.Refresh(f.t.Context(), r.ID))
	return f.read(r.ID)
}

// collect sends the collections that are due, oldest first.
func (f *fixture) collect() {
	f.t.Helper()
	rows, err := f.Pool.Query(f.t.Context(), `select subject::text from transmissions where kind = 'collection' and state = 'waiting' order by created_at, id`)
	f.must(err)
	var subjects []string
	for rows.Next() {
		var s string
		f.must(rows.Scan(&s))
		subjects = append(subjects, s)
	}
	f.must(rows.Err())
	for _, s := range subjects {
		_, err := f.engine.Do(f.t.Context(), transmit.Collection, uuid.MustParse(s), f.who.Livemode)
		f.must(err)
	}
}

// told wants the platform to have this of an invoice at 20 %, and nothing to be wrong.
func (f *fixture) told(r Record, want money.Cents) {
	f.t.Helper()
	f.fake.mu.Lock()
	defer f.fake.mu.Unlock()
	if got := f.fake.collected(r.Number)[200]; got != want || len(f.fake.wrong) > 0 {
		f.t.Fatalf("the platform has %s of %s, want %s; wrong: %v", got, r.Number, want, f.fake.wrong)
	}
}

// All codes: the books change for those that end an invoice and for no others.
func TestARefusalDoesWhatItsReasonMeans(t *testing.T) {
	t.Parallel()
	f := setup(t)
	known := lifecycle.Reasons()
	for _, step := range []int32{lifecycle.Refused, lifecycle.Rejected} {
		known = append(known, lifecycle.ReasonOf(step, ""), lifecycle.ReasonOf(step, "NEW_CODE"))
	}
	for _, reason := range known {
		name := lifecycle.Label(reason.Step) + " " + reason.Code
		r := f.create(business(10_00))
		f.step(r, f.at("a", 203, time.Second))
		f.must(f.Refresh(t.Context(), r.ID))
		f.clock.advance(time.Minute)
		r = f.refusedFor(r, int(reason.Step), reason.Code)
		want, shown, polled := StatusPending, int(reason.Step), true
		switch reason.Effect {
		case lifecycle.Ends:
			want, polled = StatusFailed, false
		case lifecycle.KeepsInvoice:
			shown = 203
		}
		if r.Status != want || r.LifecycleCode != shown || (r.PollAt != nil) != polled {
			t.Errorf("%s: it is %s at %d, asked again at %v", name, r.Status, r.LifecycleCode, r.PollAt)
		}
		if told := strings.Contains(r.Problem, reason.Meaning); told != (reason.Effect != lifecycle.KeepsInvoice) {
			t.Errorf("%s: the merchant reads %q", name, r.Problem)
		}
		v, err := f.Get(t.Context(), f.who, r.Number)
		f.must(err)
		if last := v.GetLifecycle()[len(v.GetLifecycle())-1]; last.GetCode() != reason.Step || last.GetReasonCode() != reason.Code {
			t.Errorf("%s is not in the life of the invoice: %v", name, v.GetLifecycle())
		}
	}
}

// A second delivery was turned away. The buyer has the invoice: it is paid, its payment reported, and its cancellation sent.
func TestADuplicateLeavesTheInvoiceAsItIs(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := f.create(business(90_00))
	f.refusedFor(r, lifecycle.Rejected, "DOUBLON")
	f.pay(r, 90_00)
	f.collect()
	f.told(r, 30_00)
	f.is(r.ID, StatusPaid, SeqinoSubmitted)

	other := f.create(business(90_00))
	f.refusedFor(other, lifecycle.Rejected, "REJ_UNI")
	done, err := f.Cancel(t.Context(), f.who, other.Number, "")
	f.must(err)
	if done.By == nil || f.is(done.By.ID, StatusCancelled, SeqinoSubmitted).PlatformID == "" {
		t.Fatal("the buyer has the invoice and no document that cancels it")
	}
	f.told(r, 30_00)
}

// A credit note for a refused invoice stays in the seller's books. It was once transmitted.
func TestNothingIsSentThatCorrectsARefusedInvoice(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for _, c := range []CreditNote{{Amount: cents(30_00)}, {}, {Cancel: true}} {
		r := f.create(business(90_00))
		f.pay(r, 90_00)
		f.collect()
		f.told(r, 30_00)
		f.refusedFor(r, lifecycle.Refused, "TX_TVA_ERR")
		f.is(r.ID, StatusPaid, SeqinoSubmitted)
		done, err := f.credit(r, c)
		f.must(err)
		if done.By.Seqino != SeqinoNone || len(f.fake.of(r.Number)) != 1 {
			t.Fatalf("%+v: it is %s, and the platform has %d documents", c, done.By.Seqino, len(f.fake.of(r.Number)))
		}
		if n := f.number(`select count(*) from transmissions where kind = 'document' and subject = $1`, done.By.ID); n != 0 {
			t.Fatal("it waits to be sent")
		}
		_, err = f.Submit(t.Context(), f.who, done.By.Number)
		if err == nil {
			t.Fatal("the merchant can send it")
		}
		pdf, number, err := f.PDF(t.Context(), f.who, done.By.Number)
		f.must(err)
		if !bytes.HasPrefix(pdf, []byte("%PDF-")) || number != done.By.Number {
			t.Fatalf("%s has no PDF for the books", number)
		}
		f.balanced(r.ID)
		f.collect()
		left := money.Cents(30_00) - 30_00*done.By.Credit/90_00
		f.told(r, left)
	}
}

// What was on its way when the refusal came stays here too.
func TestACorrectionIsNotSentAfterTheRefusalOfItsInvoice(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := f.create(private(10_00))
	f.fake.set(func(p *fake) { p.submit = unavailable })
	done, err := f.Cancel(t.Context(), f.who, r.Number, "")
	f.must(err)
	f.exec(`update invoices set maybe_sent = false where id = $1`, done.By.ID) // the attempt did not get that far
	f.refusedFor(r, lifecycle.Rejected, "REJ_SEMAN")
	f.fake.set(func(p *fake) { p.submit = works })
	_, err = f.engine.Do(t.Context(), transmit.Document, done.By.ID, true)
	f.must(err)
	f.is(done.By.ID, StatusCancelled, SeqinoNone)
	if n := len(f.fake.of(r.Number)); n != 1 {
		t.Fatalf("the platform has %d documents", n)
	}
}

// Money that goes back to a business is reported with a second 212, below zero. Only that of private customers was once reported.
func TestARefundToABusinessIsReported(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		credits []CreditNote
		left    money.Cents
	}{
		"in part":      {[]CreditNote{{Amount: cents(30_00)}}, 20_00},
		"twice":        {[]CreditNote{{Amount: cents(30_00)}, {}}, 0},
		"in full":      {[]CreditNote{{}}, 0},
		"with a 384":   {[]CreditNote{{Cancel: true}}, 0},
		"all but this": {[]CreditNote{{Amount: cents(89_97)}}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			r := f.create(business(90_00))
			f.pay(r, 90_00)
			for _, credit := range c.credits {
				f.clock.advance(24 * time.Hour)
				_, err := f.credit(r, credit)
				f.must(err)
			}
			f.collect()
			f.told(r, c.left)
			f.balanced(r.ID)
			if n := f.number(`select count(*) from transmissions where kind = 'collection' and state = 'sent'`); n != int64(1+len(c.credits)) {
				t.Fatalf("%d collections", n)
			}
			for _, one := range f.fake.collections {
				if one.Amount < 0 && one.Date == "2026-11-21" || one.Amount > 0 && one.Date != "2026-11-21" {
					t.Errorf("%s is reported for %s", one.Amount, one.Date)
				}
			}
		})
	}
}

// What was not paid cannot go back: a credit note before the payment has no 212, and none is made for goods.
func TestOnlyMoneyThatWentBackIsReported(t *testing.T) {
	t.Parallel()
	f := setup(t)
	partly := f.create(business(90_00))
	f.pay(partly, 30_00)
	_, err := f.credit(partly, CreditNote{Amount: cents(60_00)})
	f.must(err)
	f.collect()
	f.told(partly, 10_00)
	goods := business(90_00)
	goods.Items = goods.Items[:1]
	r := f.create(goods)
	f.pay(r, r.Total)
	_, err = f.credit(r, CreditNote{})
	f.must(err)
	if n := f.number(`select count(*) from transmissions where kind = 'collection'`); n != 1 {
		t.Fatalf("%d collections", n)
	}
}

// A platform refuses sums below zero, so the refund waits for the payment to be known, whatever the order in which they are tried.
func TestARefundIsReportedAfterItsPayment(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := f.create(business(90_00))
	f.pay(r, 90_00)
	done, err := f.credit(r, CreditNote{})
	f.must(err)
	refund := func() {
		t.Helper()
		_, err := f.engine.Do(t.Context(), transmit.Collection, done.By.ID, true)
		f.must(err)
	}
	refund()
	f.fake.set(func(p *fake) { p.collect = refuses })
	_, err = f.engine.Do(t.Context(), transmit.Collection, f.paymentOf(r.ID), true)
	f.must(err)
	f.fake.set(func(p *fake) { p.collect = works })
	refund() // the payment was refused: an operator has to look at it first
	f.told(r, 0)
	if n := f.number(`select count(*) from transmissions where kind = 'collection' and state = 'waiting' and subject = $1`, done.By.ID); n != 1 {
		t.Fatal("the refund does not wait")
	}
	n, err := f.Resubmit(t.Context(), &r.ID, f.who, false)
	f.must(err)
	if n != 2 {
		t.Fatalf("%d are sent again", n)
	}
	f.collect()
	f.told(r, 0)
	if len(f.fake.collections) != 2 {
		t.Fatalf("%v", f.fake.collections)
	}
}

// A refund that waits is not left for a minute when nothing hinders it any more.
func TestARefundFollowsItsPaymentAtOnce(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := f.create(business(90_00))
	f.pay(r, 90_00)
	done, err := f.credit(r, CreditNote{})
	f.must(err)
	_, err = f.engine.Do(t.Context(), transmit.Collection, done.By.ID, true)
	f.must(err)
	const due = `select count(*) from transmissions t join transmissions p on p.kind = t.kind and p.subject = $2
		where t.kind = 'collection' and t.subject = $1 and t.state = 'waiting' and t.due_at < p.created_at + interval '30 seconds'`
	if n := f.number(due, done.By.ID, f.paymentOf(r.ID)); n != 0 {
		t.Fatal("the refund does not wait for its payment")
	}
	_, err = f.engine.Do(t.Context(), transmit.Collection, f.paymentOf(r.ID), true)
	f.must(err)
	if n := f.number(due, done.By.ID, f.paymentOf(r.ID)); n != 1 {
		t.Fatal("the refund still waits, although its payment was accepted")
	}
}

// After a refusal nothing more is collected, and only what the platform knows of is given back.
func TestARefusedInvoiceGivesBackWhatWasReportedOfIt(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := f.create(business(90_00))
	f.pay(r, 45_00)
	f.collect()
	f.pay(r, 30_00) // of which nobody hears
	f.refusedFor(r, lifecycle.Refused, "NON_CONFORME")
	f.is(r.ID, StatusFailed, SeqinoSubmitted)
	_, err := f.credit(r, CreditNote{})
	f.must(err)
	f.is(r.ID, StatusRefunded, SeqinoSubmitted)
	f.collect()
	f.told(r, 0)
	if n := f.number(`select count(*) from transmissions where kind = 'collection' and state = 'dropped'`); n != 1 {
		t.Fatalf("%d are dropped", n)
	}
}

// An option that the merchant takes or leaves later does not change when the VAT of an invoice was due.
func TestTheInvoiceSaysWhetherItsPaymentsAreReported(t *testing.T) {
	t.Parallel()
	f := setup(t)
	change := func(on bool) {
		f.exec(`update enrolments set settings = jsonb_set(settings, '{vat_on_debits}', to_jsonb($1::boolean))`, on)
	}
	before := f.create(business(90_00))
	change(true)
	during := f.create(business(90_00))
	f.pay(before, 90_00)
	change(false)
	f.pay(during, 90_00)
	for _, r := range []Record{before, during} {
		_, err := f.credit(r, CreditNote{Amount: cents(30_00)})
		f.must(err)
	}
	f.collect()
	f.told(before, 20_00)
	f.told(during, 0)
	if n := len(f.fake.collections); n != 2 || !during.Document.OnDebits() || before.Document.OnDebits() {
		t.Fatalf("%d collections", n)
	}
	if of := f.fake.of(during.Number); len(of) != 2 || of[1].Document.Type != invoice.TypeCreditNote || !of[1].Document.OnDebits() {
		t.Fatal("the credit note does not say when its VAT is due")
	}
}
