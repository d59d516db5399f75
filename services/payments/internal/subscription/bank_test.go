package subscription

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/run/pg"
	sandbox "european-pay.eu/eupay/sandbox/bank"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/subscription/calendar"
)

func TestAStandingOrderRunsToItsEnd(t *testing.T) {
	r := newRig(t)
	s := r.made(times(3))
	if s.Status != PendingSCA || s.AuthorisationURL == "" || s.Collect != CollectBank || dateText(s.Schedule.End) != "2026-09-01" {
		t.Fatalf("created as %+v", s)
	}
	at, err := r.bank.Payment(r.mandate(s.ID))
	if err != nil {
		t.Fatal(err)
	}
	if i := at; i.ExecutionDateType != "periodic" || i.Frequency != "monthly" || i.StartDate != "2026-07-01" || i.EndDate != "2026-09-01" {
		t.Errorf("the bank was asked for %+v", i)
	}
	r.authorise(s.ID, "nowhere")
	s = r.want(s.ID, Active, "")
	if s.Settlement != payment.Tracked || s.BankID != sandbox.Nowhere || s.AuthorisationURL != "" {
		t.Errorf("active as %+v", s)
	}
	r.wantCalendar(s.ID, "2026-07-01 expected", "2026-08-01 expected", "2026-09-01 expected")
	// Nothing was seen of July: five bank days after 1 July, a Wednesday, it is unknown. The bank says in the end that it paid all.
	r.until("2026-07-07")
	r.wantCalendar(s.ID, "2026-07-01 expected")
	r.until("2026-07-08")
	r.wantCalendar(s.ID, "2026-07-01 unknown no_evidence", "2026-08-01 expected")
	r.until("2026-09-03")
	r.want(s.ID, Completed, "")
	r.wantCalendar(s.ID, "2026-07-01 paid bank", "2026-08-01 paid bank", "2026-09-01 paid bank")
	r.wantMoney("1 2990 bank", "2 2990 bank", "3 2990 bank")
	r.wantAnnounced(s.ID, "created", "pending_sca", "active", "occurrence.unknown", "occurrence.unknown",
		"occurrence.paid", "occurrence.paid", "occurrence.paid", "completed")
	if n := len(r.outbox("payment.%")); n != 0 {
		t.Errorf("%d events of payments: a mandate is none", n)
	}
}

// TestAPendingMandateIsNoSilentPayment: it may be active for years, and nobody gives up on it.
func TestAPendingMandateIsNoSilentPayment(t *testing.T) {
	r := newRig(t)
	s := r.active("nowhere")
	r.until("2026-12-01")
	r.want(s.ID, Active, "")
	p, err := r.store.ByReference(t.Context(), s.ID)
	if err != nil || p.Status != payment.PendingSCA || p.StalledAt != nil || p.DueAt == nil {
		t.Errorf("mandate %s, stalled %v, due %v: %v", p.Status, p.StalledAt, p.DueAt, err)
	}
	r.wantCalendar(s.ID, "2026-07-01 unknown no_evidence", "2026-08-01 unknown no_evidence", "2026-09-01 unknown no_evidence",
		"2026-10-01 unknown no_evidence", "2026-11-01 unknown no_evidence", "2026-12-01 expected")
	if n := len(r.calendar(s.ID)); n != 6+ahead {
		t.Errorf("%d occurrences are planned, want the past ones and %d", n, ahead)
	}
}

// TestABankThatOnlyAcceptsNeverPaysSilently: what it took on is active, unreported, and each occurrence is unknown without other evidence.
func TestABankThatOnlyAcceptsNeverPaysSilently(t *testing.T) {
	r := newRig(t)
	s := r.made(times(2))
	r.authorise(s.ID, "shrug")
	s = r.want(s.ID, Active, DetailUntracked)
	if s.Settlement != payment.Untracked {
		t.Errorf("settlement %s", s.Settlement)
	}
	r.until("2026-09-01")
	r.want(s.ID, Completed, "")
	r.wantCalendar(s.ID, "2026-07-01 unknown no_evidence", "2026-08-01 unknown no_evidence")
	r.wantAnnounced(s.ID, "created", "pending_sca", "active", "untracked", "occurrence.unknown", "occurrence.unknown", "completed")
}

// TestABankThatCallsANewOrderDoneIsNotBelieved: done means that all was executed, and nothing was due yet.
func TestABankThatCallsANewOrderDoneIsNotBelieved(t *testing.T) {
	r := newRig(t)
	s := r.active("nowhere", times(3))
	if err := r.bank.Settle(r.mandate(s.ID), "done", ""); err != nil {
		t.Fatal(err)
	}
	r.hint(s.ID)
	r.want(s.ID, Active, DetailUntracked)
	r.wantCalendar(s.ID, "2026-07-01 expected", "2026-08-01 expected", "2026-09-01 expected")
}

// TestAnOrderThatTheProviderGivesUpIsStillActive: the provider expires what is pending for a month.
func TestAnOrderThatTheProviderGivesUpIsStillActive(t *testing.T) {
	r := newRig(t)
	s := r.active("nowhere")
	if err := r.bank.Settle(r.mandate(s.ID), "expired", ""); err != nil {
		t.Fatal(err)
	}
	r.hint(s.ID)
	r.want(s.ID, Active, DetailUntracked)
}

// TestABankStopsByItself: the next occurrence, on which the merchant counts, is missed on its day; what lies behind it is planned no more.
func TestABankStopsByItself(t *testing.T) {
	r := newRig(t)
	s := r.active("nowhere")
	r.until("2026-07-20")
	if err := r.bank.Stop(r.mandate(s.ID)); err != nil {
		t.Fatal(err)
	}
	r.until("2026-07-21") // no webhook came: the sweeper has read it
	r.want(s.ID, Stopped, DetailByBank)
	if got := len(r.calendar(s.ID)); got != 2 {
		t.Errorf("%d occurrences are left, want 2", got)
	}
	r.until("2026-08-04") // 1 August is a Saturday: the bank would have paid on Monday
	r.wantCalendar(s.ID, "2026-07-01 unknown no_evidence", "2026-08-01 missed stopped")
	r.wantAnnounced(s.ID, "created", "pending_sca", "active", "occurrence.unknown", "stopped", "occurrence.missed")
}

func TestRefusedAndNeverAuthorised(t *testing.T) {
	r := newRig(t)
	refused, late := r.made(), r.made()
	if err := r.bank.Refuse(r.mandate(refused.ID)); err != nil {
		t.Fatal(err)
	}
	r.hint(refused.ID)
	if s := r.want(refused.ID, Failed, ""); s.Failure != "cancelled_by_user" || s.EndedAt == nil || s.DueAt != nil || s.Customer.Email != "" || s.Customer.LastName == "" {
		t.Errorf("refused as %+v", s)
	}
	r.days(2)
	if s := r.want(late.ID, Expired, ""); s.AuthorisationURL != "" {
		t.Error("an expired subscription can be authorised")
	}
	if at, err := r.bank.Payment(r.mandate(late.ID)); err != nil || at.State != "rejected" {
		t.Errorf("it is %s at the bank: %v", at.State, err)
	}
}

func TestCancellation(t *testing.T) {
	r := newRig(t)
	byUs := Cancellation{Actor: "key:1"}
	before, after, fixed, asks := r.made(), r.active("nowhere"), r.active("no-way-back"), r.active("ask-twice")
	if s, err := r.Cancel(t.Context(), shop, before.ID, byUs); err != nil || s.Status != Stopped || s.Detail != DetailCancelled {
		t.Errorf("before it is authorised: %s, %v", s.Status, err)
	}
	s, err := r.Cancel(t.Context(), shop, after.ID, byUs)
	if err != nil || s.Status != Stopped || s.Detail != DetailCancelled {
		t.Errorf("active: %s, %v", s.Status, err)
	}
	if left := r.calendar(after.ID); len(left) != 0 {
		t.Errorf("planned after the end: %v", left)
	}
	if again, err := r.Cancel(t.Context(), shop, after.ID, byUs); err != nil || again.Sequence != s.Sequence {
		t.Errorf("cancelled twice: %v", err)
	}
	_, err = r.Cancel(t.Context(), shop, fixed.ID, byUs)
	wantCode(t, "a bank that cannot", err, errs.CancelNotSupported)
	if s := r.want(fixed.ID, Active, ""); !s.StopAtBank || s.Ending != NotEnding {
		t.Errorf("left to the payer as %+v", s)
	}
	if s, err := r.Cancel(t.Context(), shop, fixed.ID, Cancellation{Actor: "key:1", StoppedAtBank: true}); err != nil || s.Status != Stopped || s.Detail != DetailByPayer {
		t.Errorf("the merchant's word: %s, %v", s.Status, err)
	}
	if s, err := r.Cancel(t.Context(), shop, asks.ID, byUs); err != nil || s.Status != Active || s.Detail != DetailCancelling || s.ApprovalURL == "" {
		t.Errorf("a bank that asks its customer: %+v, %v", s, err)
	}
	_, err = r.Cancel(t.Context(), other, after.ID, byUs)
	if public(err) == nil || !errs.Is(public(err), errs.NotFoundCode) {
		t.Errorf("another merchant's: %v", err)
	}
}

// TestACancellationWithoutAnAnswerIsTriedAgain: the bank is away when the merchant cancels, or the process dies right after.
func TestACancellationWithoutAnAnswerIsTriedAgain(t *testing.T) {
	r := newRig(t)
	s := r.active("nowhere")
	if err := r.bank.SetFaults(sandbox.Fault{Kind: "error", Operation: "operate", Times: 1}); err != nil {
		t.Fatal(err)
	}
	if after, err := r.Cancel(t.Context(), shop, s.ID, Cancellation{Actor: "key:1"}); err != nil || after.Ending != EndingCancelled || after.Status != Active {
		t.Fatalf("cancelled: %+v, %v", after, err)
	}
	for range 60 {
		r.clock.Advance(time.Minute)
		r.work()
	}
	r.want(s.ID, Stopped, DetailCancelled)
}

// TestTheOldOrderEndsWhenTheNewOneIsActive: for the payer a change is one step, and there is no day without an order.
func TestTheOldOrderEndsWhenTheNewOneIsActive(t *testing.T) {
	r := newRig(t)
	old := r.active("nowhere")
	dearer := func(w *Wish) {
		w.Replaces, w.Amount, w.Customer, w.Schedule.Start = old.ID, 3490, payment.Identity{}, time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC)
	}
	first := r.made(dearer)
	if first.Replaces != old.ID || first.Customer.LastName != "Lovelace" {
		t.Errorf("the replacement is %+v", first)
	}
	_, _, err := r.Create(t.Context(), r.wish(dearer))
	wantCode(t, "a second replacement", err, errs.InvalidState)
	if err := r.bank.Refuse(r.mandate(first.ID)); err != nil {
		t.Fatal(err)
	}
	r.hint(first.ID)
	r.want(first.ID, Failed, "")
	r.work()
	r.want(old.ID, Active, "") // the payer refused the new one, and keeps the old one
	second := r.active("nowhere", dearer)
	r.work()
	if s := r.want(old.ID, Stopped, DetailReplaced); s.ReplacedBy != second.ID {
		t.Errorf("replaced by %q", s.ReplacedBy)
	}
	if at, err := r.bank.Payment(r.mandate(old.ID)); err != nil || at.State != "rejected" {
		t.Errorf("the old order is %s at the bank: %v", at.State, err)
	}
	r.wantAnnounced(old.ID, "created", "pending_sca", "active", "replaced", "stopped")
	_, _, err = r.Create(t.Context(), r.wish(dearer))
	wantCode(t, "the replacement of what has ended", err, errs.InvalidState)
}

// TestAnOldOrderThatTheBankKeepsIsLeftToThePayer: both orders are paid until the payer ends the old one, and the old one says so.
func TestAnOldOrderThatTheBankKeepsIsLeftToThePayer(t *testing.T) {
	r := newRig(t)
	old := r.active("no-way-back")
	r.active("nowhere", func(w *Wish) { w.Replaces = old.ID })
	r.work()
	if s := r.want(old.ID, Active, ""); !s.StopAtBank || s.Ending != EndingReplaced {
		t.Errorf("the old one is %+v", s)
	}
}

func TestTheWayOfANamedBank(t *testing.T) {
	r := newRig(t)
	at := func(bank string, c Collect, f calendar.Frequency) func(*Wish) {
		return func(w *Wish) { w.BankID, w.Collect, w.Schedule.Frequency = bank, c, f }
	}
	if s := r.made(at(sandbox.Snail, CollectAuto, calendar.Monthly)); s.Collect != CollectLinks || s.Status != Active {
		t.Errorf("a bank without standing orders: %s, %s", s.Collect, s.Status)
	}
	if s := r.made(at(sandbox.NoWayBack, CollectAuto, calendar.Weekly)); s.Collect != CollectLinks {
		t.Errorf("a bank without weekly ones: %s", s.Collect)
	}
	if s := r.made(at(sandbox.NoWayBack, CollectAuto, calendar.Monthly)); s.Collect != CollectBank || s.Settlement != payment.Tracked {
		t.Errorf("a bank with monthly ones: %s, %s", s.Collect, s.Settlement)
	}
	_, _, err := r.Create(t.Context(), r.wish(at(sandbox.Snail, CollectBank, calendar.Monthly)))
	wantCode(t, "a bank that cannot", err, errs.BankIncompatible)
	_, _, err = r.Create(t.Context(), r.wish(at(sandbox.NoWayBack, CollectBank, calendar.Daily)))
	wantCode(t, "a bank that cannot so often", err, errs.BankIncompatible)
	_, _, err = r.Create(t.Context(), r.wish(at("5a0d0b01-0009-5b0c-8000-000000000009", CollectAuto, calendar.Monthly)))
	wantCode(t, "no such bank", err, errs.ValidationError)
}

// TestAMerchantThatHasJustChangedIsWaitedFor: its event is under way.
func TestAMerchantThatHasJustChangedIsWaitedFor(t *testing.T) {
	r := newRig(t)
	if s := r.made(func(w *Wish) { w.MerchantVersion = lateVersion }); s.Status != PendingSCA {
		t.Errorf("created as %s", s.Status)
	}
}

func TestDaysThatCannotBe(t *testing.T) {
	r := newRig(t)
	on := func(month time.Month, day int) time.Time { return time.Date(2026, month, day, 0, 0, 0, 0, time.UTC) }
	for what, change := range map[string]func(*Wish){
		"today at a bank":  func(w *Wish) { w.Schedule.Start = on(6, 17) },
		"yesterday":        func(w *Wish) { w.Schedule.Start, w.Collect = on(6, 16), CollectLinks },
		"in two years":     func(w *Wish) { w.Schedule.Start = on(6, 17).AddDate(2, 0, 0) },
		"ends before":      func(w *Wish) { w.Schedule.End = on(6, 30) },
		"ends in 40 years": func(w *Wish) { w.Schedule.End = on(7, 1).AddDate(40, 0, 0) },
	} {
		_, _, err := r.Create(t.Context(), r.wish(change))
		wantCode(t, what, err, errs.ValidationError)
	}
	if s := r.made(links, func(w *Wish) { w.Schedule.Start = on(6, 17) }); s.Status != Active {
		t.Error("a link cannot be due today")
	}
}

// TestTheAnswerOfTheBankIsLost: the mandate is looked up before it is asked for again, as every payment is.
func TestTheAnswerOfTheBankIsLost(t *testing.T) {
	r := newRig(t)
	if err := r.bank.SetFaults(sandbox.Fault{Kind: "lost-answer", Operation: "create", Times: 1}); err != nil {
		t.Fatal(err)
	}
	s := r.made()
	if s.Status != Pending || s.AuthorisationURL != "" {
		t.Fatalf("created as %s", s.Status)
	}
	for range 10 {
		r.clock.Advance(time.Second)
		r.work()
	}
	if s = r.want(s.ID, PendingSCA, ""); s.AuthorisationURL == "" {
		t.Error("the payer has no page")
	}
	if n := r.bank.Stats()["payments"]; n != 1 {
		t.Errorf("%d mandates at the bank", n)
	}
}

// TestAChangeThatNobodyFollowedIsMadeUpFor: an instance of the version before, which knows no mandates, has read one.
func TestAChangeThatNobodyFollowedIsMadeUpFor(t *testing.T) {
	r := newRig(t)
	refused, active, early := r.made(), r.made(), r.made(times(2))
	r.store.OnMandate(func(context.Context, pg.DB, payment.Payment, payment.Change) error { return nil })
	if err := r.bank.Refuse(r.mandate(refused.ID)); err != nil {
		t.Fatal(err)
	}
	r.hint(refused.ID)
	r.authorise(active.ID, "nowhere")
	if err := r.bank.Settle(r.mandate(early.ID), "done", ""); err != nil {
		t.Fatal(err)
	}
	r.hint(early.ID)
	r.store.OnMandate(r.Follow)
	r.want(refused.ID, PendingSCA, "")
	r.days(1)
	r.want(refused.ID, Failed, "")
	r.want(active.ID, Active, "")
	again := r.want(early.ID, Active, DetailUntracked)
	r.until("2026-09-01")
	r.wantCalendar(early.ID, "2026-07-01 unknown no_evidence", "2026-08-01 unknown no_evidence")
	for _, e := range r.announced(early.ID) {
		if e == "occurrence.paid" {
			t.Error("a bank that was done before anything was due has paid")
		}
	}
	if again.Sequence+3 != r.load(early.ID).Sequence { // two that are unknown, and the end
		t.Errorf("the sequence went from %d to %d", again.Sequence, r.load(early.ID).Sequence)
	}
}

func TestACreditPaysTheNearestOccurrence(t *testing.T) {
	r := newRig(t)
	s := r.active("nowhere")
	r.until("2026-07-02")
	byTail := s.ID[len(s.ID)-16:]
	observe := func(o Owner, reference string, amount money.Cents, names ...string) (Occurrence, bool) {
		t.Helper()
		var found Occurrence
		var ok bool
		err := r.inTx(t.Context(), func(tx pgx.Tx) (err error) {
			found, ok, err = r.Observe(t.Context(), tx, Credit{Owner: o, Subscription: append(names, s.ID)[0], Amount: amount, BookedOn: calendar.Today(r.clock.Now()), Reference: reference})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return found, ok
	}
	if _, ok := observe(other, "line-0", 2990); ok {
		t.Error("another merchant's credit paid")
	}
	if _, ok := observe(shop, "line-0", 2991); ok {
		t.Error("another amount paid")
	}
	if _, ok := observe(shop, "line-0", 2990, "PAY-20260617-"+byTail); ok {
		t.Error("the credit of a payment paid")
	}
	if o, ok := observe(shop, "line-1", 2990); !ok || o.Number != 1 || o.Status != Paid {
		t.Errorf("the credit pays %+v, %t", o, ok)
	}
	if o, ok := observe(shop, "line-1", 2990); !ok || o.Number != 1 {
		t.Error("the same credit pays another occurrence")
	}
	if o, ok := observe(shop, "line-2", 2990); ok {
		t.Errorf("a second credit of the month pays %+v", o)
	}
	err := r.inTx(t.Context(), func(tx pgx.Tx) error { return r.Withdraw(t.Context(), tx, shop, s.ID, "line-1") })
	if err != nil {
		t.Fatal(err)
	}
	r.wantCalendar(s.ID, "2026-07-01 unknown no_evidence")
	r.until("2026-07-15")
	if o, ok := observe(shop, "line-3", 2990, byTail); !ok || o.Number != 1 {
		t.Errorf("late evidence pays %+v, %t", o, ok)
	}
	r.wantCalendar(s.ID, "2026-07-01 paid settlement", "2026-08-01 expected")
	r.wantMoney("1 2990 settlement", "1 -2990 settlement", "1 2990 settlement")
}

func TestTheMerchantDecides(t *testing.T) {
	r := newRig(t)
	s := r.active("nowhere", times(2))
	say := func(o Owner, number int, status OccurrenceStatus) error {
		_, _, err := r.Decide(t.Context(), o, s.ID, Report{Number: number, Status: status, Actor: "user:1", Note: "seen"})
		return public(err)
	}
	wantCode(t, "missed before its day", say(shop, 1, Missed), errs.InvalidState)
	wantCode(t, "another merchant", say(other, 1, Paid), errs.NotFoundCode)
	wantCode(t, "no such occurrence", say(shop, 3, Paid), errs.NotFoundCode)
	r.until("2026-07-20")
	for _, status := range []OccurrenceStatus{Missed, Missed, Paid, Missed, Paid} {
		if err := say(shop, 1, status); err != nil {
			t.Fatal(err)
		}
	}
	r.wantCalendar(s.ID, "2026-07-01 paid merchant")
	if err := say(shop, 2, Paid); err != nil {
		t.Fatal(err)
	}
	r.want(s.ID, Completed, "")
	r.wantMoney("1 2990 merchant", "1 -2990 merchant", "1 2990 merchant", "2 2990 merchant")
	rows, err := history(t.Context(), r.pool, s.ID)
	if err != nil {
		t.Fatal(err)
	}
	if last := rows[len(rows)-2]; last.actor != "user:1" || last.note != "seen" || last.Occurrence != 2 {
		t.Errorf("the history says %+v", last)
	}
	for i, row := range rows {
		if row.Sequence != int64(i+1) {
			t.Errorf("row %d has the sequence %d", i, row.Sequence)
		}
	}
}

func TestTheSameKeyAndReferenceMakeOneSubscription(t *testing.T) {
	r := newRig(t)
	keyed := func(w *Wish) { w.Key, w.Fingerprint, w.MerchantReference = "k1", []byte("f"), "GYM-7" }
	s := r.made(keyed)
	again, match, err := r.Create(t.Context(), r.wish(keyed))
	if err != nil || match != ByKey || again.ID != s.ID {
		t.Errorf("the same key: %s, %q, %v", again.ID, match, err)
	}
	_, _, err = r.Create(t.Context(), r.wish(keyed, func(w *Wish) { w.Fingerprint = []byte("g") }))
	wantCode(t, "the key of another request", err, errs.IdempotencyConflict)
	byReference := func(w *Wish) { w.MerchantReference = "GYM-7" }
	again, match, err = r.Create(t.Context(), r.wish(byReference))
	if err != nil || match != ByReference || again.ID != s.ID {
		t.Errorf("the same reference: %s, %q, %v", again.ID, match, err)
	}
	_, _, err = r.Create(t.Context(), r.wish(byReference, func(w *Wish) { w.Amount = 1 }))
	wantCode(t, "the reference with another amount", err, errs.IdempotencyConflict)
	if strange, match, err := r.Create(t.Context(), r.wish(keyed, func(w *Wish) { w.Owner = other })); err != nil || match != NoMatch || strange.ID == s.ID {
		t.Errorf("another merchant's key: %q, %v", match, err)
	}
	if err := r.bank.Refuse(r.mandate(s.ID)); err != nil {
		t.Fatal(err)
	}
	r.hint(s.ID)
	if fresh, match, err := r.Create(t.Context(), r.wish(byReference)); err != nil || match != NoMatch || fresh.ID == s.ID {
		t.Errorf("after the first failed: %q, %v", match, err)
	}
}
