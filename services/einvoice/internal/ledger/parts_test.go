package ledger

import (
	"fmt"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/kit/rounds"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/vat"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/invoice/invoicetest"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

// init draws fewer histories where every change is tested.
func init() { rounds.Draws(100) }

// balanced holds what was recorded for e-reports of an invoice against the invoice itself.
func (f *fixture) balanced(id uuid.UUID) {
	f.t.Helper()
	r := f.read(id)
	f.salesAre(r)
	got := f.partsOf(`select nature, rate, sum(amount_cents)::bigint from receipt_parts where invoice_id = $1 group by nature, rate`, id)
	whole, err := invoice.Split(r.Document, r.Total, nil)
	f.must(err)
	gone, err := credited(f.t.Context(), f.Pool, &r)
	f.must(err)
	left := map[string]money.Cents{}
	for _, p := range gone {
		left[key(p)] -= p.Amount
	}
	var sum money.Cents
	for _, p := range whole {
		n := got[key(p)]
		sum += n
		left[key(p)] += p.Amount
		if r.Status == StatusPaid && n != left[key(p)] {
			f.t.Fatalf("%s is paid: received %s for %s at %s, of which %s are left of the invoice", r.Number, n, p.Nature, p.VATPerMill, left[key(p)])
		}
		if n < 0 || n > left[key(p)] {
			f.t.Fatalf("%s: received %s of %s for %s at %s", r.Number, n, left[key(p)], p.Nature, p.VATPerMill)
		}
		if r.Credited == r.Total && n != 0 {
			f.t.Fatalf("%s is credited in full: %s are left for %s at %s", r.Number, n, p.Nature, p.VATPerMill)
		}
	}
	if want := r.Paid - overpaid(&r); sum != want || len(got) > len(whole) {
		f.t.Fatalf("%s: the parts of what was received are %s, want %s", r.Number, sum, want)
	}
}

// salesAre wants the sales of a private customer's invoice and its corrections to be what is left of it.
func (f *fixture) salesAre(r Record) {
	f.t.Helper()
	left := r.Total - r.Credited
	if r.Audience == invoice.B2B {
		left = 0
	}
	sum := f.number(`select coalesce(sum(net_cents + tax_cents), 0)::bigint from sale_parts where source = $1 or source in (select id from invoices where corrects = $1)`, r.ID)
	if money.Cents(sum) != left {
		f.t.Fatalf("%s: sales of %s are reported, %s are left", r.Number, money.Cents(sum), left)
	}
	if n := f.number(`select count(*) from (select 1 from sale_parts where source = $1 or source in (select id from invoices where corrects = $1)
		group by category, rate having sum(net_cents) < 0 or sum(tax_cents) < 0) s`, r.ID); n != 0 {
		f.t.Fatalf("%s: %d sales below zero", r.Number, n)
	}
}

func key(p invoice.Part) string { return fmt.Sprint(p.Nature, p.VATPerMill) }

func (f *fixture) partsOf(sql string, id uuid.UUID) map[string]money.Cents {
	f.t.Helper()
	rows, err := f.Pool.Query(f.t.Context(), sql, id)
	f.must(err)
	defer rows.Close()
	sums := map[string]money.Cents{}
	for rows.Next() {
		var p invoice.Part
		f.must(rows.Scan(&p.Nature, &p.VATPerMill, &p.Amount))
		sums[key(p)] = p.Amount
	}
	f.must(rows.Err())
	return sums
}

// Whatever happens to an invoice: each history of payments, credit notes and cancellations leaves sums that fit it.
func TestWhatIsReportedFitsTheInvoiceAfterAnyHistory(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.mandate(platform.MandatePending) // the platform has no part in it
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		r := f.create(anyOrder(rt))
		for range rapid.IntRange(1, 8).Draw(rt, "operations") {
			n++
			f.anyOperation(rt, r, n)
			f.balanced(r.ID)
			if p := f.number(`select count(*) from report_periods where kind = 'payments'`); p > 1 {
				rt.Fatalf("%d periods", p)
			}
		}
	})
}

func anyOrder(t *rapid.T) invoice.Order {
	o := invoice.Order{Customer: invoicetest.Private()}
	if rapid.Bool().Draw(t, "business") {
		o.Customer = invoicetest.Business()
	}
	var total money.Cents
	for i := range rapid.IntRange(1, 5).Draw(t, "lines") {
		price := money.Cents(rapid.IntRange(1, 300).Draw(t, "price"))
		it := invoicetest.Item(fmt.Sprint("Article ", i), 1, price, rapid.SampledFrom(vat.Rates).Draw(t, "rate"))
		it.Nature = rapid.SampledFrom([]invoice.Nature{invoice.Goods, invoice.Services}).Draw(t, "nature")
		if it.VATPerMill == 0 && rapid.Bool().Draw(t, "exempt") {
			it.ExemptReason = "Exonération"
		}
		o.Items = append(o.Items, it)
		total += price
	}
	o.Discount = money.Cents(rapid.IntRange(0, int(total)-1).Draw(t, "discount"))
	return o
}

// anyOperation does one thing, which may be refused: then nothing may have changed.
func (f *fixture) anyOperation(t *rapid.T, r Record, n int) {
	r = f.read(r.ID)
	amount := money.Cents(rapid.IntRange(1, int(r.Total)).Draw(t, "amount"))
	var err error
	switch rapid.SampledFrom([]string{"pay", "pay", "event", "credit", "lines", "lines", "rest", "annul", "cancel"}).Draw(t, "operation") {
	case "pay":
		_, err = f.MarkPaid(f.t.Context(), f.who, r.Number, Payment{Method: invoice.MethodCash, Amount: &amount}, Idempotency{})
	case "event":
		err = f.settle(f.completed(fmt.Sprint("P", n, r.Number), amount, `{"invoice_number":"`+r.Number+`"}`))
	case "credit":
		_, err = f.credit(r, CreditNote{Amount: &amount})
	case "lines":
		line := rapid.IntRange(1, len(r.Document.Lines)).Draw(t, "line")
		_, err = f.credit(r, CreditNote{Items: []invoice.CreditItem{{Line: line, Amount: min(amount, r.Document.Lines[line-1].Gross)}}})
	case "rest":
		_, err = f.credit(r, CreditNote{})
	case "annul":
		_, err = f.credit(r, CreditNote{Cancel: true})
	case "cancel":
		_, err = f.Cancel(f.t.Context(), f.who, r.Number, "")
	}
	if err == nil {
		return
	}
	if code := errs.From(err).Code; code == errs.Internal || code == errs.Unavailable {
		t.Fatal(err)
	}
	if now := f.read(r.ID); now.Sequence != r.Sequence {
		t.Fatalf("refused, and changed all the same: %v", err)
	}
}

func TestOnlyServicesOfBusinessesAreCollected(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.enrol("debits", true, platform.MandateActive, func(s *invoice.Settings) { s.VATOnDebits = true })
	goods := business(100_00)
	goods.Items = goods.Items[:1]
	cases := []struct {
		merchant string
		order    invoice.Order
		pays     []money.Cents
		want     int
	}{
		{"m1", business(100_00), []money.Cents{40_00, 60_00}, 2},
		{"m1", goods, []money.Cents{50_00}, 0},
		{"m1", private(100_00), []money.Cents{100_00}, 0},
		{"debits", business(100_00), []money.Cents{100_00}, 0},
	}
	for i, c := range cases {
		f.who = Who{c.merchant, true}
		r := f.create(c.order)
		before := f.number(`select count(*) from transmissions where kind = 'collection'`)
		for _, amount := range c.pays {
			f.pay(r, amount)
		}
		if n := f.number(`select count(*) from transmissions where kind = 'collection'`) - before; n != int64(c.want) {
			t.Errorf("case %d: %d collections, want %d", i, n, c.want)
		}
		f.balanced(r.ID)
	}
	f.run()
	f.eventually("collections", func() bool {
		f.fake.mu.Lock()
		defer f.fake.mu.Unlock()
		return len(f.fake.collections) == 2
	})
	var sum money.Cents
	for _, c := range f.fake.collections {
		if len(c.Parts) != 1 || c.Parts[0].VATPerMill != 200 || c.Parts[0].Amount != c.Amount || c.SIREN != "123456782" || c.Date != "2026-11-21" {
			t.Errorf("%+v", c)
		}
		sum += c.Amount
	}
	if want := business(100_00).Items[2].UnitPrice; sum != want { // what the services cost
		t.Errorf("collected %s, want %s", sum, want)
	}
	if n := f.number(`select count(*) from report_periods where merchant_id = 'debits' or kind = 'payments' and version <> 1`); n != 0 {
		t.Errorf("%d periods marked without need", n)
	}
}

func TestACollectionWaitsForTheMandateAndStopsWhenRefused(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := f.create(business(100_00))
	f.fake.set(func(p *fake) { p.collect = noMandate })
	f.pay(r, 50_00)
	state := func(want string) {
		t.Helper()
		_, err := f.engine.Do(t.Context(), "collection", f.paymentOf(r.ID), true)
		f.must(err)
		if n := f.number(`select count(*) from transmissions where kind = 'collection' and state = $1`, want); n != 1 {
			t.Fatalf("it is not %s", want)
		}
	}
	state("waiting")
	f.fake.set(func(p *fake) { p.collect = unavailable })
	state("waiting")
	f.fake.set(func(p *fake) { p.collect = refuses })
	state("stopped")
}

// A credit note between two payments: the last payment is for what is left at each rate, not for what was.
func TestAPaymentAfterACreditNoteIsForTheRest(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.mandate(platform.MandatePending)
	for total := money.Cents(101); total < 125; total++ {
		r := f.create(private(total))
		f.pay(r, 33)
		_, err := f.credit(r, CreditNote{Amount: cents(34)})
		f.must(err)
		f.pay(r, total-67)
		f.is(r.ID, StatusPaid, SeqinoMandatePending)
		f.balanced(r.ID)
	}
}
