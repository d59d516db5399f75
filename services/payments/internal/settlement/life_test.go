package settlement

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/kit/vaulttest"
	"european-pay.eu/eupay/internal/vault"
	"european-pay.eu/eupay/sandbox/bank"
	customers "european-pay.eu/eupay/services/payments/internal/account"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/powens"
	"european-pay.eu/eupay/services/payments/internal/store"
	"european-pay.eu/eupay/services/payments/internal/subscription/calendar"
)

func TestAPaymentThatDoesNotComeIsMissedOnce(t *testing.T) {
	t.Parallel()
	r := setup(t)
	m := r.merchant(ownIBAN)
	r.connect(m)
	p := r.paid(m, 2999, adaIBAN)
	// A Wednesday: two bank days after it end with Friday, in Paris.
	r.at(time.Date(2026, 6, 19, 21, 59, 0, 0, time.UTC))
	r.sync()
	if r.payment(p.Reference).UnsettledAt != nil {
		t.Fatal("missed on a day on which it may still come")
	}
	r.at(time.Date(2026, 6, 19, 22, 1, 0, 0, time.UTC))
	r.must(misses(r)) // the account was not read since
	if r.payment(p.Reference).UnsettledAt != nil {
		t.Fatal("missed on an account that was not read")
	}
	r.clock.Advance(2 * time.Hour)
	r.sync()
	r.sync()
	if r.payment(p.Reference).UnsettledAt == nil || r.events("payment.unsettled") != 1 {
		t.Fatalf("unsettled at %v, %d events", r.payment(p.Reference).UnsettledAt, r.events("payment.unsettled"))
	}
	if list, total, err := r.Unsettled(t.Context(), m, false, 1, 10); err != nil || total.Rows != 1 || list[0].Reference != p.Reference {
		t.Errorf("the list is %+v, %v", list, err)
	}
	r.book(m, 2999, p.Reference, adaIBAN)
	r.sync()
	after := r.payment(p.Reference)
	if after.SettledAt == nil || after.UnsettledAt != nil || r.events("payment.settled") != 1 {
		t.Errorf("after its arrival: %v %v", after.SettledAt, after.UnsettledAt)
	}
	if _, total, _ := r.Unsettled(t.Context(), m, false, 1, 10); total.Rows != 0 {
		t.Error("it stands in the list still")
	}
}

func misses(r *rig) error {
	_, err := r.misses.Once(r.ctx())
	return err
}

func TestAConsentIsAnnouncedBeforeItEnds(t *testing.T) {
	t.Parallel()
	r := setup(t)
	m := r.merchant(ownIBAN)
	a := r.connect(m)
	r.sync()
	began := r.clock.Now()
	for _, step := range []struct{ day, warnings, ended int }{{165, 0, 0}, {167, 1, 0}, {168, 1, 0}, {177, 2, 0}, {178, 2, 0}} {
		r.at(began.AddDate(0, 0, step.day))
		r.sync()
		if w, e := r.events("receiving_account.consent_expiring"), r.events("receiving_account.disconnected"); w != step.warnings || e != step.ended {
			t.Errorf("on day %d: %d warnings, %d ends", step.day, w, e)
		}
	}
	// It ends in the night.
	r.must(r.bank.EndConsent(r.bank.Connections(ownIBAN)[0]))
	r.at(began.AddDate(0, 0, 181))
	r.sync()
	r.sync()
	list, err := r.Accounts(t.Context(), m, false)
	r.must(err)
	if len(list) != 1 || list[0].State != "disconnected" || r.events("receiving_account.disconnected") != 1 {
		t.Fatalf("%+v, %d events", list, r.events("receiving_account.disconnected"))
	}
	p := r.paid(m, 2999, adaIBAN)
	r.clock.Advance(30 * 24 * time.Hour)
	r.sync()
	if r.payment(p.Reference).UnsettledAt != nil {
		t.Error("a payment is missed on an account that cannot be read")
	}
	v, err := r.Start(t.Context(), m, false, a.ID)
	r.must(err)
	back := r.visit(v.URL, ownIBAN)
	o, err := r.Complete(t.Context(), back)
	if err != nil || !o.Renewed || o.Code != "" {
		t.Fatalf("%+v, %v", o, err)
	}
	if again, err := r.Complete(t.Context(), back); err != nil || again.VisitID != o.VisitID {
		t.Errorf("loaded again: %+v, %v", again, err)
	}
	r.sync()
	if list, err = r.Accounts(t.Context(), m, false); err != nil || list[0].State != "connected" || !list[0].ConsentEnds.After(r.clock.Now().AddDate(0, 0, 170)) {
		t.Errorf("after the new consent: %+v, %v", list, err)
	}
	stranger := r.merchant(ownIBAN)
	_, err = r.Start(t.Context(), stranger, false, a.ID)
	r.wants(errs.NotFoundCode, err, "another merchant's account")
}

func TestTextsAreSealedAndRemoved(t *testing.T) {
	t.Parallel()
	r := setup(t)
	m := r.merchant(ownIBAN)
	r.connect(m)
	r.book(m, 1234, "SECRET WORDS OF ADA", adaIBAN)
	r.sync()
	if l := r.line(m); l.Text != "SECRET WORDS OF ADA" || l.IBAN != adaIBAN || l.Name != "Somebody" {
		t.Errorf("the line is %+v", l)
	}
	for _, table := range []string{"bank_lines", "receiving_accounts", "settlement_items", "settlement_suggestions", "bank_line_changes"} {
		rows, err := r.pool.Query(t.Context(), "select x::text from "+table+" x")
		r.must(err)
		all, err := pgx.CollectRows(rows, pgx.RowTo[string])
		r.must(err)
		if text := strings.Join(all, "\n"); strings.Contains(text, "SECRET") || strings.Contains(text, adaIBAN) || strings.Contains(text, "Somebody") || strings.Contains(text, ownIBAN) {
			t.Errorf("%s can be read: %s", table, text)
		}
	}
	r.clock.Advance(90 * 24 * time.Hour)
	r.sync()
	if l := r.line(m); l.Text == "" {
		t.Error("the text was removed too early")
	}
	r.clock.Advance(25 * time.Hour)
	r.sync()
	if l := r.line(m); l.Text != "" || l.IBAN != "" || l.Name != "" || l.Cents != 1234 {
		t.Errorf("after the retention: %+v", l)
	}
	_, err := r.pool.Exec(t.Context(), `update receiving_accounts set read_from = $1`, noon.Add(-time.Hour)) // all is read again
	r.must(err)
	r.sync()
	if l := r.line(m); l.Text != "" {
		t.Error("a text that was removed came back")
	}
}

func TestTheBankTakesBackAndChangesLines(t *testing.T) {
	t.Parallel()
	r := setup(t)
	m := r.merchant(ownIBAN)
	r.connect(m)
	p := r.paid(m, 2999, adaIBAN)
	id, err := r.bank.BookLine(bank.Line{IBAN: ownIBAN, Cents: 2999, Text: p.Reference, Other: adaIBAN, Coming: true})
	r.must(err)
	r.sync()
	if l := r.line(m); l.State != "coming" || r.payment(p.Reference).SettledAt != nil {
		t.Fatalf("announced: %+v", l)
	}
	r.clock.Advance(time.Minute)
	r.must(r.bank.ChangeLine(id, func(l *bank.Line) { l.Coming = false }))
	r.sync()
	if l := r.line(m); l.State != "matched" || r.payment(p.Reference).SettledAt == nil {
		t.Fatalf("booked: %+v", l)
	}
	r.clock.Advance(time.Minute)
	r.must(r.bank.ChangeLine(id, func(l *bank.Line) { l.Cents = 2500 }))
	r.sync()
	if l := r.line(m); l.State != "matched" || l.Cents != 2500 || r.payment(p.Reference).SettledAt != nil || r.events("payment.unsettled") != 1 {
		t.Fatalf("changed to a part: %+v", l)
	}
	r.clock.Advance(time.Minute)
	r.must(r.bank.ChangeLine(id, func(l *bank.Line) { l.Deleted = true }))
	r.sync()
	l, steps, err := r.Line(t.Context(), m, false, r.line(m).ID)
	r.must(err)
	var what []string
	for _, s := range steps {
		what = append(what, s.What)
	}
	if l.State != "gone" || l.Matched != 0 || strings.Join(what, " ") != "recorded booked matched undone changed matched undone gone" {
		t.Errorf("taken back: %+v, %v", l, what)
	}
	for _, mm := range l.Matches {
		if mm.UndoneBy != "bank" {
			t.Errorf("undone by %q", mm.UndoneBy)
		}
	}
}

// An account that is connected again has new numbers of lines at the provider. No credit is counted twice.
func TestAnAccountIsConnectedAgain(t *testing.T) {
	t.Parallel()
	r := setup(t)
	m := r.merchant(ownIBAN)
	a := r.connect(m)
	p, q := r.paid(m, 2999, adaIBAN), r.paid(m, 2999, bobIBAN)
	r.book(m, 2999, p.Reference, adaIBAN)
	r.book(m, 500, "twice the same", bobIBAN)
	r.book(m, 500, "twice the same", bobIBAN)
	r.sync()
	r.must(r.Remove(t.Context(), m, false, a.ID))
	r.sync()
	if n := r.bank.Stats()["connections"]; n != 0 {
		t.Fatalf("%d connections are left", n)
	}
	r.book(m, 2999, q.Reference, bobIBAN) // nobody has connected it: the test books by hand
	again := r.connect(m)
	if again.ID != a.ID {
		t.Errorf("the account is %s, was %s", again.ID, a.ID)
	}
	r.sync()
	if list := r.lines(m); len(list) != 4 || r.payment(p.Reference).SettledAt == nil || r.payment(q.Reference).SettledAt == nil || r.events("payment.settled") != 2 {
		t.Errorf("%d lines: %+v", len(list), list)
	}
	second := r.connect(m) // without a removal before: the old consent is taken back
	r.sync()
	if n := r.bank.Stats()["connections"]; n != 1 || second.ID != a.ID || len(r.lines(m)) != 4 {
		t.Errorf("%d connections, %d lines", n, len(r.lines(m)))
	}
}

func TestACreditIsTheMerchantsWord(t *testing.T) {
	t.Parallel()
	r := setup(t)
	m := r.merchant(ownIBAN)
	r.connect(m)
	p := r.open(m)
	by := r.clock.Now().Add(5 * 24 * time.Hour)
	_, err := r.store.Update(t.Context(), p.Reference, store.Meta{}, func(q *payment.Payment) payment.Step {
		q.SettleBy, q.DueAt = &by, &by
		return payment.Changed(payment.Change{To: payment.PendingSCA, Detail: payment.DetailAcceptedByBank, Cause: payment.CauseProvider})
	})
	r.must(err)
	r.book(m, 2999, "VIR "+p.Reference[len(p.Reference)-16:], "")
	r.sync()
	after := r.payment(p.Reference)
	if after.Status != payment.Completed || after.SettledAt == nil || r.events("payment.completed") != 1 || r.events("payment.settled") != 1 {
		t.Errorf("%s, settled at %v", after.Status, after.SettledAt)
	}
	history, err := r.store.History(t.Context(), m, false, p.Reference)
	r.must(err)
	if n := len(history); history[n-2].Cause != "merchant" || history[n-2].Actor != "rule" || history[n-1].Cause != "settlement" {
		t.Errorf("history %+v", history)
	}
}

// open records a payment that nobody has paid yet.
func (r *rig) open(m string) payment.Payment {
	r.t.Helper()
	at := r.clock.Now()
	p := payment.Payment{
		Reference: fmt.Sprintf("PAY-20260617-%016X", 0xC000000000000000+uint64(numbers.Add(1))), Kind: payment.KindPayment, MerchantID: m, Currency: "EUR",
		Description: "Order", ExecutionType: "instant", MerchantName: "Shop", Beneficiary: payment.Party{Name: "Shop", IBAN: r.ibans[m], Kind: payment.Corporate},
		RequestedAt: &at, DueAt: &at, ExpiresAt: at.Add(24 * time.Hour),
	}
	p.Amount = 2999
	_, _, err := r.store.Create(r.ctx(), p, store.Idempotency{}, store.Meta{})
	r.must(err)
	return p
}

func TestACreditThatComesBeforeItsPaymentEnds(t *testing.T) {
	t.Parallel()
	r := setup(t)
	m := r.merchant(ownIBAN)
	r.connect(m)
	p := r.open(m)
	r.book(m, 2999, p.Reference, adaIBAN)
	r.sync()
	if l := r.line(m); l.State != "unmatched" || l.Reason != "payment_open" {
		t.Fatalf("%+v", l)
	}
	_, err := r.store.Update(t.Context(), p.Reference, store.Meta{}, func(*payment.Payment) payment.Step {
		return payment.Changed(payment.Change{To: payment.Completed, Cause: payment.CauseProvider, Event: "payment.completed"})
	})
	r.must(err)
	r.clock.Advance(61 * time.Minute) // the event has not been consumed: the line is looked at again without it
	r.sync()
	if l := r.line(m); l.State != "matched" || r.payment(p.Reference).SettledAt == nil {
		t.Errorf("%+v", l)
	}
	failed := r.open(m)
	_, err = r.store.Update(t.Context(), failed.Reference, store.Meta{}, func(*payment.Payment) payment.Step {
		return payment.Changed(payment.Change{To: payment.Failed, Failure: "expired", Cause: payment.CauseProvider, Event: "payment.failed"})
	})
	r.must(err)
	r.book(m, 2999, failed.Reference, adaIBAN)
	r.sync()
	late := r.lines(m)[0]
	if late.State != "unmatched" || late.Reason != "payment_failed" {
		t.Errorf("%+v", late)
	}
	r.wants(errs.InvalidState, r.Match(t.Context(), m, false, late.ID, []Part{{Reference: failed.Reference}}, "user:1", ""), "a payment that failed")
	_, _, err = r.store.BookLate(t.Context(), payment.LateReport{MerchantID: m, Reference: failed.Reference, Received: payment.Received{By: "user:1"}}, store.Meta{})
	r.must(err)
	r.hear(failed.Reference)
	r.sync()
	if got := r.payment(failed.Reference); got.SettledAt == nil || got.Status != payment.Failed {
		t.Errorf("a late receipt is %s, settled at %v", got.Status, got.SettledAt)
	}
}

// Two merchants share the number of an account, as in test mode. Each has its own lines, and a line settles only its merchant's payment.
func TestMerchantsWithTheSameAccount(t *testing.T) {
	t.Parallel()
	r := setup(t)
	jane, john := r.merchant(ownIBAN), r.merchant(ownIBAN)
	r.connect(jane)
	r.connect(john)
	hers, his := r.paid(jane, 2999, adaIBAN), r.paid(john, 2999, adaIBAN)
	r.book(jane, 2999, hers.Reference, adaIBAN)
	r.sync()
	if r.payment(hers.Reference).SettledAt == nil || r.payment(his.Reference).SettledAt != nil {
		t.Error("the wrong one is settled")
	}
	mine, theirs := r.line(jane), r.line(john)
	if mine.ID == theirs.ID || theirs.State == "matched" {
		t.Errorf("%+v %+v", mine, theirs)
	}
	_, _, err := r.Line(t.Context(), john, false, mine.ID)
	r.wants(errs.NotFoundCode, err, "another merchant's line")
	_, _, err = r.Line(t.Context(), jane, true, mine.ID)
	r.wants(errs.NotFoundCode, err, "the line in the other mode")
	_, err = r.Undo(t.Context(), john, false, mine.Matches[0].ID, "user:2", "")
	r.wants(errs.NotFoundCode, err, "another merchant's match")
	r.wants(errs.NotFoundCode, r.Match(t.Context(), john, false, theirs.ID, []Part{{Reference: hers.Reference}}, "user:2", ""), "another merchant's payment")
	r.wants(errs.NotFoundCode, r.Remove(t.Context(), john, false, mine.AccountID), "another merchant's account")
}

func TestAPersonMatchesAndUndoes(t *testing.T) {
	t.Parallel()
	r := setup(t)
	m := r.merchant(ownIBAN)
	r.connect(m)
	p, q := r.paid(m, 1000, adaIBAN), r.paid(m, 1500, bobIBAN)
	r.book(m, 2200, "VIR SEPA", "")
	r.sync()
	l := r.line(m)
	match := func(parts ...Part) error { return r.Match(t.Context(), m, false, l.ID, parts, "user:1", "by phone") }
	r.wants(errs.InvalidState, match(Part{p.Reference, 1001}), "more than the payment")
	r.wants(errs.InvalidState, match(Part{p.Reference, 0}, Part{q.Reference, 1300}), "more than the line")
	if r.line(m).Matched != 0 {
		t.Error("a refused match was made in part")
	}
	r.must(match(Part{p.Reference, 0}, Part{q.Reference, 0}))
	r.must(match(Part{p.Reference, 0}, Part{q.Reference, 0})) // repeated
	if l = r.line(m); l.State != "matched" || len(l.Matches) != 2 || r.payment(p.Reference).SettledAt == nil || r.payment(q.Reference).SettledAt != nil {
		t.Fatalf("%+v", l)
	}
	for _, k := range l.Matches {
		if k.Reference == p.Reference {
			_, err := r.Undo(t.Context(), m, false, k.ID, "user:1", "wrong")
			r.must(err)
			_, err = r.Undo(t.Context(), m, false, k.ID, "user:1", "wrong")
			r.must(err)
		}
	}
	r.sync()
	if l = r.line(m); l.State != "partly" || l.Matched != 1200 || r.payment(p.Reference).UnsettledAt == nil || r.events("payment.unsettled") != 1 {
		t.Errorf("%+v", l)
	}
	r.book(m, 300, q.Reference, bobIBAN) // the rest
	r.sync()
	if r.payment(q.Reference).SettledAt == nil {
		t.Error("the rest does not settle it")
	}
}

// Payments that fit equally are for a person, until one of them is decided.
func TestWhatIsAmbiguousIsLookedAtAgain(t *testing.T) {
	t.Parallel()
	r := setup(t)
	m := r.merchant(ownIBAN)
	r.connect(m)
	p, q := r.paid(m, 2999, adaIBAN), r.paid(m, 2999, adaIBAN)
	r.book(m, 2999, "VIR SEPA", adaIBAN)
	r.sync()
	if l := r.line(m); l.State != "suggested" || l.Reason != "ambiguous" || len(l.Suggestions) != 2 {
		t.Fatalf("%+v", l)
	}
	r.book(m, 2999, q.Reference, adaIBAN)
	r.sync()
	if r.payment(p.Reference).SettledAt == nil || r.payment(q.Reference).SettledAt == nil {
		t.Errorf("%+v", r.lines(m))
	}
}

// An hour of the clock change happens twice in Paris. A line of the second one is not before the first reading.
func TestTheClockChanges(t *testing.T) {
	t.Parallel()
	r := setup(t)
	m := r.merchant(ownIBAN)
	r.at(time.Date(2026, 10, 24, 12, 0, 0, 0, time.UTC))
	r.connect(m)
	r.at(time.Date(2026, 10, 25, 0, 50, 0, 0, time.UTC)) // 02:50, in summer time
	r.book(m, 100, "before", "")
	r.sync()
	r.at(time.Date(2026, 10, 25, 1, 10, 0, 0, time.UTC)) // 02:10, in winter time
	r.book(m, 200, "after", "")
	r.sync()
	if n := len(r.lines(m)); n != 2 {
		t.Errorf("%d lines", n)
	}
}

// TestAnExecutionOfAStandingOrderIsNoPayment: it is matched to its subscription, and to nothing else of the same amount.
func TestAnExecutionOfAStandingOrderIsNoPayment(t *testing.T) {
	t.Parallel()
	r := setup(t)
	m := r.merchant(ownIBAN)
	r.connect(m)
	other := r.paid(m, 2990, adaIBAN)
	r.orders.ids, r.orders.cents = []string{"SUB-20260601-0123456789ABCDEF"}, 2990
	id := r.book(m, 2990, "VIR PERM 0123456789ABCDEF", adaIBAN)
	r.book(m, 100, "SUB-20260601-0123456789ABCDEF", adaIBAN) // another amount
	r.sync()
	var line Line
	for _, l := range r.lines(m) {
		if l.Cents == 2990 {
			line = l
		} else if l.State != "unmatched" || l.SubscriptionID != "" {
			t.Errorf("a line of another amount is %+v", l)
		}
	}
	if line.State != "matched" || line.SubscriptionID != r.orders.ids[0] || line.Matched != 2990 || len(line.Matches) != 0 || r.orders.seen[line.ID] == "" {
		t.Errorf("the line is %+v, seen %v", line, r.orders.seen)
	}
	if r.payment(other.Reference).SettledAt != nil {
		t.Error("another payment of the same payer and amount is settled by it")
	}
	r.must(r.bank.ChangeLine(id, func(l *bank.Line) { l.Deleted = true }))
	r.clock.Advance(2 * time.Hour)
	r.sync()
	if len(r.orders.seen) != 0 {
		t.Errorf("the bank took it back, and still it is seen: %v", r.orders.seen)
	}
	_, steps, err := r.Line(t.Context(), m, false, line.ID)
	if err != nil || len(steps) != 3 || steps[1].What != "matched" || steps[1].Note != r.orders.ids[0] || steps[2].What != "gone" {
		t.Errorf("the history is %+v, %v", steps, err)
	}
}

// TestABankExecutesAStandingOrderOnItsDays: the banks' own calendar and ours, which share no code, agree on every day, and each execution is
// seen once.
func TestABankExecutesAStandingOrderOnItsDays(t *testing.T) {
	t.Parallel()
	r := setup(t)
	m := r.merchant(ownIBAN)
	r.connect(m)
	const id = "SUB-20260601-0123456789ABCDEF"
	r.orders.ids, r.orders.cents = []string{id}, 2990
	ours := calendar.Schedule{Frequency: calendar.Monthly, Start: time.Date(2026, 7, 31, 0, 0, 0, 0, time.UTC)}.Ending(14)
	made, err := r.powens.CreatePayment(t.Context(), powens.CreateRequest{
		ReferenceID: id, State: id, Amount: 2990, Currency: "EUR", Label: "Gym", ExecutionType: powens.Periodic,
		Schedule:    powens.Schedule{Frequency: string(ours.Frequency), Start: ours.Start.Format(time.DateOnly), End: ours.End.Format(time.DateOnly)},
		Beneficiary: powens.Account{IBAN: ownIBAN, Label: "Shop"},
	})
	r.must(err)
	order, err := strconv.ParseInt(made.ID, 10, 64)
	r.must(err)
	r.must(r.bank.Authorise(order))
	for n := range ours.Count() {
		day := calendar.Execution(ours.Nominal(n))
		for i, hour := range []int{5, 7} {
			r.at(calendar.Clock(day, hour))
			r.bank.Tick()
			if got := len(r.bank.BankLines(ownIBAN)); got != n+i {
				t.Fatalf("%s, %d o'clock: %d were executed, want %d", day.Format(time.DateOnly), hour, got, n+i)
			}
		}
		r.sync()
	}
	if got := r.lines(m); len(got) != 14 || len(r.orders.seen) != 14 {
		t.Errorf("%d lines, of which %d are executions", len(got), len(r.orders.seen))
	}
	if p, err := r.bank.Payment(order); err != nil || p.NextExecution != "" {
		t.Errorf("after the last one: %+v, %v", p, err)
	}
}

// TestANewMasterKeyLosesNothing: numbers and texts open with the new key alone, payers are still found by their accounts, and a new connection
// still recognises the lines of the old one. Lines were once recorded again, because the hash of what the bank says stayed under the old key.
func TestANewMasterKeyLosesNothing(t *testing.T) {
	t.Parallel()
	r := setup(t)
	m := r.merchant(ownIBAN)
	r.connect(m)
	waits := r.paid(m, 2999, adaIBAN)
	r.book(m, 1234, "SECRET WORDS", bobIBAN)
	r.book(m, 1234, "SECRET WORDS", bobIBAN)
	r.sync()
	keyed := func(keys ...string) *vault.Vault {
		v, err := vault.New("test", strings.Repeat(keys[0], 32), repeated(keys[1:])...)
		r.must(err)
		return v
	}
	r.restart(keyed("02", "01"))
	all := append(new(customers.Accounts).Sealed()[:1], r.Sealed()...) // the token of the merchant at the provider, and all of this room
	_, err := r.vault.Reseal(t.Context(), r.pool, append(all, r.store.Sealed()...)...)
	r.must(err)
	r.restart(keyed("02"))
	vaulttest.UnderOneKey(t, r.pool, r.vault, all)
	if l := r.lines(m); len(l) != 2 || l[0].Text != "SECRET WORDS" || l[0].IBAN != bobIBAN {
		t.Errorf("the lines are %+v", l)
	}
	r.connect(m)
	_, err = r.pool.Exec(t.Context(), `update receiving_accounts set read_from = $1`, noon.Add(-time.Hour)) // all is read again
	r.must(err)
	r.book(m, 2999, "VIR RECU", adaIBAN)
	r.sync()
	if l := r.lines(m); len(l) != 3 {
		t.Errorf("after a new connection: %+v", l)
	}
	if r.payment(waits.Reference).SettledAt == nil {
		t.Error("the payment of a known payer is not settled")
	}
}

// repeated makes keys of two digits each.
func repeated(digits []string) (keys []string) {
	for _, d := range digits {
		keys = append(keys, strings.Repeat(d, 32))
	}
	return keys
}
