package ledger

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
	"european-pay.eu/eupay/services/einvoice/internal/transmit"
)

func TestAnInvoiceIsSubmittedAtOnce(t *testing.T) {
	t.Parallel()
	f := setup(t)
	for _, o := range []invoice.Order{private(120_00), business(120_00)} {
		r := f.create(o)
		f.is(r.ID, StatusPending, SeqinoSubmitted)
		if r.SubmittedAt == nil || r.DraftID == "" || r.PlatformID == "" || r.Total != 120_00 {
			t.Fatalf("%+v", r)
		}
	}
	if len(f.fake.order) != 2 || f.fake.order[0].Document.Audience != invoice.B2C || f.fake.order[1].Document.Audience != invoice.B2B {
		t.Fatalf("the platform has %d documents", len(f.fake.order))
	}
	if n := f.number(`select count(distinct source) from sale_parts`); n != 1 {
		t.Fatalf("%d documents have sales, want that of the private customer only", n)
	}
}

func TestNotEnrolledNamesTheActionThatResolvesIt(t *testing.T) {
	t.Parallel()
	f := setup(t)
	_, err := f.Create(t.Context(), Who{MerchantID: "m1", Livemode: false}, private(10_00), Idempotency{})
	f.refused(err, errs.NotEnrolled)
	if errs.From(err).Action == "" {
		t.Fatal("no action")
	}
}

func TestAnInvoiceWaitsForTheMandateAndLeavesByItself(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.mandate(platform.MandatePending)
	r := f.create(private(10_00))
	f.is(r.ID, StatusDraft, SeqinoMandatePending)
	f.run()
	f.clock.advance(time.Minute)
	f.eventually("the engine has looked at it", func() bool {
		return f.number(`select count(*) from transmissions where last_error like 'waiting: the mandate%' and lease is null`) == 1
	})
	if f.fake.calls != 0 {
		t.Fatal("it was sent without a mandate")
	}
	f.mandate(platform.MandateActive)
	f.eventually("submitted", func() bool { return f.read(r.ID).Seqino == SeqinoSubmitted })
	f.is(r.ID, StatusPending, SeqinoSubmitted)
}

func TestThePlatformMayKnowNoMandateThoughWeDo(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.fake.set(func(p *fake) { p.submit = noMandate })
	r := f.create(private(10_00))
	r = f.is(r.ID, StatusDraft, SeqinoMandatePending)
	if r.MaybeSent || r.DraftID == "" {
		t.Fatalf("maybe sent %v, draft %q", r.MaybeSent, r.DraftID)
	}
	f.fake.set(func(p *fake) { p.submit = works })
	r, err := f.Submit(t.Context(), f.who, r.Number)
	f.must(err)
	f.is(r.ID, StatusPending, SeqinoSubmitted)
}

func TestAPlatformThatIsDownForAnHourGetsEverythingOnce(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.fake.set(func(p *fake) { p.submit = unavailable })
	r := f.create(private(10_00))
	f.is(r.ID, StatusPending, SeqinoSubmissionFailed)
	stop := f.run()
	for range 60 {
		f.clock.advance(time.Minute)
	}
	f.eventually("the engine has tried", func() bool {
		return f.number(`select count(*) from transmissions where lease is null and attempts > 1`) == 1
	})
	stop()
	types, _ := f.announced(r.ID)
	if got := strings.Join(types, " "); got != "invoice.created invoice.submission_failed" {
		t.Fatalf("the same trouble is news once: %s", got)
	}
	f.fake.set(func(p *fake) { p.submit = works })
	again := f.replica()
	again.clock.set(f.clock.now().Add(20 * time.Minute))
	again.run()
	f.eventually("submitted", func() bool { return f.read(r.ID).Seqino == SeqinoSubmitted })
	if len(f.fake.of(r.Number)) != 1 || f.read(r.ID).Problem != "" {
		t.Fatalf("the platform has %d, problem %q", len(f.fake.of(r.Number)), f.read(r.ID).Problem)
	}
}

// replica is a new process on the same database and platform.
func (f *fixture) replica() *fixture {
	g := on(f.t, f.Pool)
	g.fake = f.fake
	g.Platforms = map[bool]platform.Platform{true: f.fake, false: f.fake}
	return g
}

func TestAnAnswerAfterTheTimeoutIsFoundLater(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.timeouts.submit = time.Nanosecond
	r := f.create(private(10_00))
	f.is(r.ID, StatusPending, SeqinoSubmitting)
	ctx, giveUp := context.WithCancel(t.Context())
	f.fake.set(func(p *fake) { p.submit, p.atSubmit = hangs, func(platform.Submission) { giveUp() } })
	_, err := f.engine.Do(ctx, transmit.Document, r.ID, true)
	f.must(err)
	if r = f.is(r.ID, StatusPending, SeqinoSubmissionFailed); !r.MaybeSent {
		t.Fatal("the platform may have it")
	}
	f.fake.set(func(p *fake) { p.submit = works })
	f.clock.advance(time.Minute)
	f.run()
	f.eventually("submitted", func() bool { return f.read(r.ID).Seqino == SeqinoSubmitted })
}

func TestALostAnswerMakesOneDocument(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.fake.set(func(p *fake) { p.submit = loses })
	r := f.create(business(10_00))
	f.is(r.ID, StatusPending, SeqinoSubmissionFailed)
	f.fake.set(func(p *fake) { p.submit = works })
	r, err := f.Submit(t.Context(), f.who, r.ID.String())
	f.must(err)
	f.is(r.ID, StatusPending, SeqinoSubmitted)
	if n := len(f.fake.of(r.Number)); n != 1 {
		t.Fatalf("%d documents", n)
	}
}

func TestALostAnswerIsNotForgottenWhenTheMandateEnds(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.fake.set(func(p *fake) { p.submit = loses })
	r := f.create(business(10_00))
	f.mandate(platform.MandateExpired)
	_, err := f.Submit(t.Context(), f.who, r.Number)
	f.must(err)
	if r = f.is(r.ID, StatusDraft, SeqinoMandatePending); !r.MaybeSent {
		t.Fatal("the platform may have it all the same")
	}
	done, err := f.Cancel(t.Context(), f.who, r.Number, "")
	f.must(err)
	if done.By == nil {
		t.Fatal("cancelled without a document, though the platform may have it")
	}
	f.fake.set(func(p *fake) { p.submit = noMandate })
	f.mandate(platform.MandateActive)
	_, err = f.Submit(t.Context(), f.who, r.Number)
	f.must(err)
	if !f.read(r.ID).MaybeSent {
		t.Fatal("a no without a mandate says nothing about an earlier attempt")
	}
}

func TestARefusedDocumentHasAReasonAndCanBeResubmitted(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.fake.set(func(p *fake) { p.submit, p.problems = refuses, []string{"BR-CO-10: sums differ", "BT-1: taken"} })
	r := f.create(private(10_00))
	if r = f.is(r.ID, StatusPending, SeqinoSubmissionFailed); r.Problem != "BR-CO-10: sums differ · BT-1: taken" || r.MaybeSent {
		t.Fatalf("problem %q, maybe sent %v", r.Problem, r.MaybeSent)
	}
	f.fake.set(func(p *fake) { p.problems = nil })
	again, err := f.Submit(t.Context(), f.who, r.Number)
	f.must(err)
	if again.Problem != "CALCUL_ERR" {
		t.Fatalf("a no without words: %q", again.Problem)
	}
	f.fake.set(func(p *fake) { p.submit = works })
	_, err = f.Submit(t.Context(), f.who, r.Number)
	f.must(err)
	f.is(r.ID, StatusPending, SeqinoSubmitted)
}

func TestAModeWithoutAPlatformWaits(t *testing.T) {
	t.Parallel()
	f := setup(t)
	paid := f.create(business(10_00))
	delete(f.Platforms, true)
	r := f.create(private(10_00))
	f.is(r.ID, StatusPending, SeqinoSubmitting)
	f.pay(paid, 10_00)
	if _, err := f.engine.Do(t.Context(), transmit.Collection, f.paymentOf(paid.ID), true); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Get(t.Context(), f.who, paid.Number); err != nil {
		t.Fatal(err)
	}
	if _, _, err := f.PDF(t.Context(), f.who, paid.Number); err != nil {
		t.Fatal(err)
	}
	f.clock.advance(time.Minute)
	if _, err := f.polls[true].Once(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) paymentOf(id uuid.UUID) (payment uuid.UUID) {
	f.t.Helper()
	f.must(f.Pool.QueryRow(f.t.Context(), `select id from invoice_payments where invoice_id = $1`, id).Scan(&payment))
	return payment
}

func TestNothingOfAnothersIsFound(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := f.create(private(10_00))
	f.enrol("m2", true, platform.MandateActive, nil)
	f.enrol("m1", false, platform.MandateActive, nil)
	for _, who := range []Who{{"m2", true}, {"m1", false}} {
		for _, name := range []string{r.Number, r.ID.String()} {
			_, err := f.Get(t.Context(), who, name)
			f.refused(err, errs.NotFoundCode)
			_, err = f.Cancel(t.Context(), who, name, "")
			f.refused(err, errs.NotFoundCode)
			_, _, err = f.PDF(t.Context(), who, name)
			f.refused(err, errs.NotFoundCode)
			_, err = f.MarkPaid(t.Context(), who, name, Payment{Method: invoice.MethodCash}, Idempotency{})
			f.refused(err, errs.NotFoundCode)
			_, err = f.Credit(t.Context(), who, name, CreditNote{}, Idempotency{})
			f.refused(err, errs.NotFoundCode)
			_, err = f.Submit(t.Context(), who, name)
			f.refused(err, errs.NotFoundCode)
		}
	}
	for _, name := range []string{"", "INV\x00", "\xff", "00000000-0000-0000-0000-000000000000"} {
		_, err := f.Get(t.Context(), f.who, name)
		f.refused(err, errs.NotFoundCode)
	}
}

// The merchant submits right after the mandate has become active, when the engine has just taken the document: the answer is that
// attempt's, and if it began before the mandate was active, that of another.
func TestSubmittingWaitsForTheAttemptInProgress(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]fault{"it is sent": works, "it came too early": noMandate} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			f.mandate(platform.MandatePending)
			r := f.create(business(10_00))
			f.mandate(platform.MandateActive)
			began, letGo := make(chan struct{}), make(chan struct{})
			attempts := 0 // one after the other
			f.fake.set(func(p *fake) {
				p.submit = first
				p.atSubmit = func(platform.Submission) {
					if attempts++; attempts == 1 {
						close(began)
						<-letGo
						return
					}
					f.fake.set(func(p *fake) { p.submit = works })
				}
			})
			attempt := make(chan error)
			go func() {
				_, err := f.engine.Do(context.Background(), transmit.Document, r.ID, true)
				attempt <- err
			}()
			<-began
			before, answer := f.clock.asked(), make(chan Record, 1)
			go func() {
				submitted, err := f.Submit(context.Background(), f.who, r.Number)
				if err != nil {
					t.Error(err)
				}
				answer <- submitted
			}()
			f.eventually("it is answered or waits", func() bool { return len(answer) > 0 || f.clock.asked() > before+15 })
			early := len(answer) > 0
			close(letGo)
			f.must(<-attempt)
			if early {
				t.Error("it was answered while the attempt was in progress")
			}
			if got := <-answer; got.Seqino != SeqinoSubmitted {
				t.Errorf("answered %s", got.Seqino)
			}
		})
	}
}
