package ledger

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/einvoice/internal/cii"
	"european-pay.eu/eupay/services/einvoice/internal/facturx"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

func TestThePDFIsWhatThePlatformGotOrItsOwn(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.fake.set(func(p *fake) { p.submit = unavailable })
	r := f.create(private(10_00))
	_, _, err := f.PDF(t.Context(), f.who, r.Number)
	f.refused(err, errs.InvalidState)
	f.fake.set(func(p *fake) { p.submit = works })
	_, err = f.Submit(t.Context(), f.who, r.Number)
	f.must(err)

	first, number, err := f.PDF(t.Context(), f.who, r.ID.String())
	f.must(err)
	sent := f.fake.of(r.Number)[0]
	if number != r.Number || !bytes.Equal(first, sent.PDF) || !bytes.Equal(sent.XML, cii.Write(r.Document)) {
		t.Fatal("it is not what was sent")
	}
	if inside, err := facturx.Extract(first); err != nil || !bytes.Equal(inside, sent.XML) {
		t.Fatalf("the XML inside differs: %v", err)
	}
	// A year, a new logo and new settings later it is the same.
	f.clock.advance(365 * 24 * time.Hour)
	f.exec(`update enrolments set logo = 'x', settings = jsonb_set(settings, '{legal_name}', '"Another"')`)
	later, _, err := f.PDF(t.Context(), f.who, r.Number)
	f.must(err)
	if !bytes.Equal(later, first) {
		t.Fatal("the document changed")
	}

	f.clock.advance(fileRetry)
	theirs := []byte("%PDF-1.7 the platform's")
	f.fake.set(func(p *fake) { p.order[0].pdf = theirs })
	for range 2 {
		got, _, err := f.PDF(t.Context(), f.who, r.Number)
		f.must(err)
		if !bytes.Equal(got, theirs) {
			t.Fatal("the platform's own is preferred")
		}
		f.fake.set(func(p *fake) { p.order[0].pdf = []byte("%PDF-1.7 written again") })
	}
	f.fake.set(func(p *fake) { p.file = unavailable })
	if got, _, err := f.PDF(t.Context(), f.who, r.Number); err != nil || !bytes.Equal(got, theirs) {
		t.Fatalf("it was kept: %v", err)
	}
}

func TestManyReadersOfAPDFAskThePlatformOnce(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := f.create(private(10_00))
	asked := func(want int) {
		t.Helper()
		var readers errgroup.Group
		for range 20 {
			readers.Go(func() error {
				_, _, err := f.PDF(t.Context(), f.who, r.Number)
				return err
			})
		}
		f.must(readers.Wait())
		f.fake.set(func(p *fake) {
			if p.fileCalls != want {
				t.Errorf("it was asked %d times, want %d", p.fileCalls, want)
			}
		})
	}
	asked(1)
	f.clock.advance(fileRetry)
	asked(2)
}

func TestExportVisitsEverythingOfItsDaysOnce(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.create(private(1_00))
	f.clock.advance(24 * time.Hour)
	f.mandate(platform.MandatePending)
	want := map[string]bool{}
	for range exportPage + 3 {
		want[f.create(private(10_00)).Number] = true
	}
	f.pay(f.create(private(10_00)), 10_00)
	paid, _, err := f.List(t.Context(), f.who, Filter{Status: StatusPaid, Page: 1, Limit: 1})
	f.must(err)
	want[paid[0].Number] = true
	note, err := f.credit(paid[0], CreditNote{})
	f.must(err)
	want[note.By.Number] = true
	f.clock.advance(24 * time.Hour)
	f.create(private(2_00))
	day := f.today().Add(-1)
	last := ""
	f.must(f.Export(t.Context(), f.who, day, day, func(e Exported) error {
		if !want[e.Number] || e.Number <= last || !bytes.HasPrefix(e.PDF, []byte("%PDF-")) || !bytes.Equal(e.XML, cii.Write(e.Document)) {
			t.Errorf("%s after %s", e.Number, last)
		}
		delete(want, e.Number)
		last = e.Number
		return nil
	}))
	if len(want) > 0 {
		t.Fatalf("left out: %v", want)
	}
	f.refused(f.Export(t.Context(), Who{"nobody", true}, day, day, nil), errs.NotFoundCode)
}

func TestResubmitSendsWhatWaitsOrWasRefused(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.fake.set(func(p *fake) { p.submit, p.problems = refuses, []string{"no"} })
	a, b := f.create(private(10_00)), f.create(private(10_00))
	f.fake.set(func(p *fake) { p.submit = unavailable })
	c := f.create(private(10_00))
	f.must(f.cancelBefore(a)) // was refused, so nobody wants it any more
	f.fake.set(func(p *fake) { p.submit = works })
	if n, err := f.Resubmit(t.Context(), nil, f.who, true); n != 2 || err != nil {
		t.Fatalf("a dry run counts %d: %v", n, err)
	}
	counts, troubles, err := f.Submissions(t.Context(), f.who.MerchantID, true)
	f.must(err)
	if len(counts) != 3 || len(troubles) != 2 || troubles[0].What != c.Number || troubles[1].What != b.Number {
		t.Fatalf("%v %v", counts, troubles)
	}
	if counts, troubles, err = f.Submissions(t.Context(), "", false); len(counts)+len(troubles) != 0 || err != nil {
		t.Fatalf("the other mode has %v %v: %v", counts, troubles, err)
	}
	if n, err := f.Resubmit(t.Context(), &b.ID, Who{}, false); n != 1 || err != nil {
		t.Fatalf("resubmitted %d: %v", n, err)
	}
	if n, err := f.Resubmit(t.Context(), nil, Who{"m2", true}, false); n != 0 || err != nil {
		t.Fatalf("resubmitted %d of another: %v", n, err)
	}
	if n, err := f.Resubmit(t.Context(), nil, f.who, false); n != 2 || err != nil {
		t.Fatalf("resubmitted %d: %v", n, err)
	}
	f.run()
	f.eventually("both are there", func() bool {
		return f.read(b.ID).Seqino == SeqinoSubmitted && f.read(c.ID).Seqino == SeqinoSubmitted
	})
	if n, err := f.Resubmit(t.Context(), nil, f.who, false); n != 0 || err != nil || len(f.fake.order) != 2 {
		t.Fatalf("what was sent is sent again: %d, %v", n, err)
	}
}

func TestInvoicesAreFoundByTheirPayment(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.mandate(platform.MandatePending)
	order := private(10_00)
	order.PaymentReference = "PAY-1"
	f.create(private(10_00))
	f.clock.advance(time.Second)
	one := f.create(order)
	f.pay(one, 10_00)
	f.clock.advance(time.Second)
	note, err := f.credit(one, CreditNote{Amount: cents(1)})
	f.must(err)
	f.enrol("m2", true, platform.MandatePending, nil)
	_, err = f.Create(t.Context(), Who{"m2", true}, order, Idempotency{})
	f.must(err)
	paid := f.create(private(20_00))
	f.exec(`insert into invoice_payments (id, invoice_id, merchant_id, livemode, amount_cents, paid_on, method, payment_reference, created_at)
		values ($1, $2, 'm1', true, 2000, '2026-11-21', 'bank', 'PAY-2', $3)`, uuid.NewString(), paid.ID, f.clock.now())
	for reference, want := range map[string][]uuid.UUID{"PAY-1": {note.By.ID, one.ID}, "PAY-2": {paid.ID}, "PAY-3": nil} {
		list, n, err := f.List(t.Context(), f.who, Filter{Page: 1, Limit: 10, Payment: reference})
		f.must(err)
		var got []uuid.UUID
		for _, r := range list {
			got = append(got, r.ID)
		}
		if !slices.Equal(got, want) || int(n) != len(want) {
			t.Errorf("%s: %v of %d, want %v", reference, got, n, want)
		}
	}
}

func TestAListIsOfOneMerchantAndTheNewestFirst(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.mandate(platform.MandatePending)
	var all []Record
	for range 5 {
		f.clock.advance(time.Second)
		all = append(all, f.create(private(10_00)))
	}
	f.pay(all[1], 10_00)
	_, err := f.credit(all[1], CreditNote{Amount: cents(1)})
	f.must(err)
	f.enrol("m2", true, platform.MandatePending, nil)
	_, err = f.Create(t.Context(), Who{"m2", true}, private(10_00), Idempotency{})
	f.must(err)
	check := func(filter Filter, total int64, want ...Record) {
		t.Helper()
		list, n, err := f.List(t.Context(), f.who, filter)
		f.must(err)
		if n != total || len(list) != len(want) {
			t.Fatalf("%d of %d, want %d of %d", len(list), n, len(want), total)
		}
		for i := range want {
			if list[i].ID != want[i].ID {
				t.Fatalf("at %d stands %s, want %s", i, list[i].Number, want[i].Number)
			}
		}
	}
	check(Filter{Page: 1, Limit: 2}, 5, all[4], all[3])
	check(Filter{Page: 3, Limit: 2}, 5, all[0])
	check(Filter{Page: 4, Limit: 2}, 5)
	check(Filter{Page: 1, Limit: 10, Status: StatusPaid}, 1, all[1])
	check(Filter{Page: 1, Limit: 10, From: all[3].CreatedAt}, 2, all[4], all[3])
	check(Filter{Page: 1, Limit: 10, From: all[3].CreatedAt, Status: StatusDraft}, 2, all[4], all[3])
	check(Filter{Page: 1, Limit: 10, Status: "nonsense"}, 0)
	check(Filter{Page: 1, Limit: 10, To: all[1].CreatedAt}, 1, all[0])

	// Read on after one, while another is created.
	f.create(private(10_00))
	list, more, err := f.ListAfter(t.Context(), f.who, Filter{Limit: 2}, all[3].Number)
	if err != nil || !more || len(list) != 2 || list[0].ID != all[2].ID || list[1].ID != all[1].ID {
		t.Errorf("after the second: %v, more %v, %v", list, more, err)
	}
	list, more, err = f.ListAfter(t.Context(), f.who, Filter{Limit: 2, Status: StatusDraft}, all[1].ID.String())
	if err != nil || more || len(list) != 1 || list[0].ID != all[0].ID {
		t.Errorf("after the fourth: %v, more %v, %v", list, more, err)
	}
	_, _, err = f.ListAfter(t.Context(), Who{"m2", true}, Filter{Limit: 2}, all[1].ID.String())
	f.refused(err, errs.ValidationError)
}
