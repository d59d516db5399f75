package ledger

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/kit/rounds"
	"european-pay.eu/eupay/internal/lifecycle"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/vat"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/invoice/invoicetest"
	"european-pay.eu/eupay/services/einvoice/internal/platform"
	"european-pay.eu/eupay/services/einvoice/internal/transmit"
)

// The seed and number of the histories below. Another seed is another year of other merchants.
const (
	storySeed = 20261130
	stories   = 500
	// storyDays is how many days they last.
	storyDays = 45
)

// teller tells histories of invoices.
type teller struct {
	*fixture
	rnd *rand.Rand
	n   int
}

// Whatever happens to 500 invoices in the hands of merchants, buyers and platforms: the reports of consumers' purchases are the books,
// by rate and in net and tax; the reports of their payments and the statuses 212 are what was received for services and not given back;
// and each invoice fits what was paid and credited. All to the cent.
func TestReportsAndBooksAgreeAfterAnyHistory(t *testing.T) {
	t.Parallel()
	f := setup(t)
	s := &teller{fixture: f, rnd: rand.New(rand.NewPCG(storySeed, 0))}
	f.enrol("debits", true, platform.MandateActive, func(s *invoice.Settings) { s.VATOnDebits = true })
	f.enrol("quarterly", true, platform.MandateActive, func(s *invoice.Settings) { s.Regime = invoice.RegimeQuarterly })
	f.exec(`update enrolments set client_id = merchant_id`)
	f.filesAreStored()
	type event struct {
		day int
		do  func()
	}
	var events []event
	all := make([]*Record, rounds.Of(stories))
	for i := range all {
		all[i] = new(Record)
		born := s.rnd.IntN(storyDays / 2)
		who := Who{[]string{"m1", "m1", "debits", "quarterly"}[s.rnd.IntN(4)], true}
		events = append(events, event{born, func() { *all[i] = s.begins(who) }})
		for range s.rnd.IntN(7) {
			events = append(events, event{born + 1 + s.rnd.IntN(storyDays-born), func() { s.goesOn(all[i]) }})
		}
	}
	slices.SortStableFunc(events, func(a, b event) int { return a.day - b.day })
	today := 0
	for _, e := range events {
		f.clock.advance(time.Duration(e.day-today) * 24 * time.Hour)
		f.clock.advance(time.Second)
		today = e.day
		e.do()
	}
	s.settled()
	seen := map[Status]int{}
	for _, r := range all {
		f.who = Who{r.MerchantID, true}
		f.balanced(r.ID)
		f.reportedAsReceived(r.ID)
		seen[f.read(r.ID).Status]++
	}
	p := f.reportsOf()
	for _, merchant := range []string{"m1", "debits", "quarterly"} {
		f.salesAreTheBooks(p, merchant)
		f.paymentsAreTheReceipts(p, merchant)
	}
	if len(f.fake.wrong) > 0 {
		t.Errorf("the platform has seen what it should not: %v", f.fake.wrong)
	}
	t.Logf("seed %d: %v, %d documents, %d collections", storySeed, seen, len(f.fake.order), len(f.fake.collections))
	if len(seen) < 5 {
		t.Errorf("some states were never reached: %v", seen)
	}
}

// filesAreStored gives each document its files as it is recorded, so that none is rendered: that is not what is tested, and takes long.
func (f *fixture) filesAreStored() {
	f.t.Helper()
	f.exec(`create function store_files() returns trigger language plpgsql as $$ begin
		insert into documents (invoice_id, xml, pdf, created_at) values (new.id, '<a/>', '%PDF-', new.created_at);
		return new;
	end $$`)
	f.exec(`create trigger store_files after insert on invoices for each row execute function store_files()`)
}

// begins issues an invoice of one to four lines, to a business or a consumer.
func (s *teller) begins(who Who) Record {
	s.who = who
	o := invoice.Order{Customer: invoicetest.Private()}
	if s.rnd.IntN(2) == 0 {
		o.Customer = invoicetest.Business()
	}
	total := 0
	for i := range 1 + s.rnd.IntN(4) {
		price := 2 + s.rnd.IntN(30_000)
		it := invoicetest.Item(fmt.Sprint("Article ", i), 1, money.Cents(price), vat.Rates[s.rnd.IntN(len(vat.Rates))])
		it.Nature = []invoice.Nature{invoice.Goods, invoice.Services, invoice.Services}[s.rnd.IntN(3)]
		if it.VATPerMill == 0 {
			it.ExemptReason = "Exonération"
		}
		o.Items = append(o.Items, it)
		total += price
	}
	if s.rnd.IntN(3) == 0 {
		o.Discount = money.Cents(s.rnd.IntN(total))
	}
	s.unlucky(func(p *fake) *fault { return &p.submit })
	return s.create(o)
}

// goesOn lets one thing happen to an invoice. What is refused changes nothing.
func (s *teller) goesOn(r *Record) {
	s.who = Who{r.MerchantID, r.Livemode}
	s.n++
	now := s.read(r.ID)
	amount := money.Cents(1 + s.rnd.Int64N(int64(now.Total)))
	var err error
	switch s.rnd.IntN(12) {
	case 0, 1:
		_, err = s.MarkPaid(s.t.Context(), s.who, r.Number, Payment{Method: invoice.MethodCash, Amount: &amount}, Idempotency{})
	case 2, 3:
		_, err = s.MarkPaid(s.t.Context(), s.who, r.Number, Payment{Method: invoice.MethodBank}, Idempotency{})
	case 4:
		err = s.settle(s.completed(fmt.Sprint("P", s.n), amount, `{"invoice_number":"`+r.Number+`"}`))
	case 5, 6: // a credit note by line will be another way
		s.unlucky(func(p *fake) *fault { return &p.submit })
		_, err = s.credit(now, CreditNote{Amount: &amount})
	case 7:
		_, err = s.credit(now, CreditNote{})
	case 8:
		_, err = s.credit(now, CreditNote{Cancel: true})
	case 9:
		_, err = s.Cancel(s.t.Context(), s.who, r.Number, "")
	case 10:
		s.refuses(now, lifecycle.Refused)
	case 11:
		s.refuses(now, lifecycle.Rejected)
	}
	if err != nil && (errs.From(err).Code == errs.Internal || errs.From(err).Code == errs.Unavailable) {
		s.t.Fatal(err)
	}
	if s.rnd.IntN(2) == 0 {
		s.unlucky(func(p *fake) *fault { return &p.collect })
		s.collect()
	}
}

// refuses reports a refusal or rejection with any of its reasons, or with one that nobody knows.
func (s *teller) refuses(r Record, step int32) {
	if s.drain(transmit.Document); s.read(r.ID).PlatformID == "" {
		return
	}
	codes := []string{"", "NOUVEAU"}
	for _, reason := range lifecycle.Reasons() {
		if reason.Step == step {
			codes = append(codes, reason.Code)
		}
	}
	s.drain(transmit.Collection) // the platform knows of what came before
	s.refusedFor(s.read(r.ID), int(step), codes[s.rnd.IntN(len(codes))])
}

// unlucky sometimes loses the next answer of the platform.
func (s *teller) unlucky(call func(*fake) *fault) {
	s.fake.set(func(p *fake) {
		*call(p) = works
		if s.rnd.IntN(10) == 0 {
			*call(p) = loses
		}
	})
}
