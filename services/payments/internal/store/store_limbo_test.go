package store

import (
	"errors"
	"sync"
	"testing"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/services/payments/internal/payment"
)

func (b *bench) order(t *testing.T, n int, amount money.Cents, key string) (payment.Payment, Match, error) {
	t.Helper()
	p := draft(ref("PAY", n))
	p.MerchantReference, p.Amount = "ORDER-1042", amount
	return b.Create(t.Context(), p, Idempotency{Key: key, Fingerprint: []byte(amount.String())}, Meta{})
}

func TestADeclinedOrderCouldNotBeTriedAgain(t *testing.T) {
	t.Parallel()
	for _, ended := range []payment.Status{payment.Failed, payment.Cancelled} {
		b := setup(t)
		first, _, err := b.order(t, 1, 2999, "key-1")
		if err != nil {
			t.Fatal(err)
		}
		b.move(t, first.Reference, ended)
		again, match, err := b.order(t, 2, 2500, "key-2")
		if err != nil || match != NoMatch || again.Reference == first.Reference || again.Amount != 2500 {
			t.Errorf("%s: %s of %s by %q, %v", ended, again.Reference, again.Amount, match, err)
		}
		if p, match, err := b.order(t, 3, 2999, "key-1"); err != nil || match != ByKey || p.Reference != first.Reference {
			t.Errorf("%s: the first key stands for %s by %q, %v", ended, p.Reference, match, err)
		}
		if p, match, err := b.order(t, 1, 2999, ""); err != nil || match != NoMatch || p.Reference != first.Reference {
			t.Errorf("%s: the first command, delivered again, gives %s by %q, %v", ended, p.Reference, match, err)
		}
		if p, match, err := b.order(t, 4, 2500, ""); err != nil || match != ByReference || p.Reference != again.Reference {
			t.Errorf("%s: the reference stands for %s by %q, %v", ended, p.Reference, match, err)
		}
	}
}

func TestARepeatWithAnotherAmountGotTheOldOne(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first, _, err := b.order(t, 1, 2999, "")
	if err != nil {
		t.Fatal(err)
	}
	conflict := func(when string) {
		t.Helper()
		if p, _, err := b.order(t, 2, 3999, "key-1"); !errors.Is(err, ErrReferenceReused) {
			t.Errorf("%s: got %s of %s, %v", when, p.Reference, p.Amount, err)
		}
	}
	conflict("open")
	b.move(t, first.Reference, payment.Completed)
	conflict("paid")
	dollars := draft(ref("PAY", 3))
	dollars.MerchantReference, dollars.Currency = "ORDER-1042", "USD"
	if _, _, err := b.Create(t.Context(), dollars, Idempotency{}, Meta{}); !errors.Is(err, ErrReferenceReused) {
		t.Errorf("another currency: %v", err)
	}
	if p, match, err := b.order(t, 4, 2999, "key-1"); err != nil || match != ByReference || p.Reference != first.Reference {
		t.Errorf("the conflict used the key up: %s by %q, %v", p.Reference, match, err)
	}
	b.now = b.now.Add(ReferenceClaim)
	if p, match, err := b.order(t, 5, 3999, ""); err != nil || match != NoMatch || p.Amount != 3999 {
		t.Errorf("after the window: %s by %q, %v", p.Amount, match, err)
	}
}

func TestManyRepeatsAfterAFailureMakeOneNewPayment(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first, _, err := b.order(t, 1, 2999, "")
	if err != nil {
		t.Fatal(err)
	}
	b.move(t, first.Reference, payment.Failed)
	var all sync.WaitGroup
	var mu sync.Mutex
	fresh, conflicts, seen := 0, 0, map[string]bool{}
	for n := range 40 {
		all.Go(func() {
			p, match, err := b.order(t, 10+n, money.Cents(1000+1000*(n%2)), "")
			mu.Lock()
			defer mu.Unlock()
			switch {
			case errors.Is(err, ErrReferenceReused):
				conflicts++
				return
			case err != nil:
				t.Error(err)
			case match == NoMatch:
				fresh++
			}
			seen[p.Reference] = true
		})
	}
	all.Wait()
	if fresh != 1 || conflicts != 20 || len(seen) != 1 || seen[first.Reference] {
		t.Errorf("%d new payments, %d conflicts, answered with %v", fresh, conflicts, seen)
	}
}

func TestAnOrderHasOnePaymentAlsoWhenThatFailed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	make := func(n int) payment.Payment {
		p := draft(ref("PAY", n))
		p.Origin, p.OrderID, p.MerchantReference = payment.OriginOrder, "order-1", "order-1"
		got, _, err := b.Create(t.Context(), p, Idempotency{}, Meta{})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	first := make(1)
	b.move(t, first.Reference, payment.Failed)
	if again := make(2); again.Reference != first.Reference {
		t.Error("an order that has ended can be paid after all")
	}
}

func receipt(reference string, amount money.Cents) payment.LateReport {
	return payment.LateReport{MerchantID: merchant, Reference: reference, Amount: amount, Received: payment.Received{By: "key:1", Note: "statement"}}
}

func TestLateMoneyIsBookedAndRefundable(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p, _, err := b.order(t, 1, 2999, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.BookLate(t.Context(), receipt(p.Reference, 0), Meta{}); !errs.Is(err, errs.InvalidState) {
		t.Errorf("booked on an open payment: %v", err)
	}
	b.move(t, p.Reference, payment.Failed) // which tells the payer's account
	booked, replayed, err := b.BookLate(t.Context(), receipt(p.Reference, 0), Meta{})
	if err != nil || replayed || booked.Status != payment.Failed || booked.Late.Amount != 2999 {
		t.Fatalf("%+v, %v", booked.Late, err)
	}
	if after, replayed, err := b.BookLate(t.Context(), receipt(p.Reference, 2999), Meta{}); err != nil || !replayed || after.Sequence != booked.Sequence {
		t.Errorf("said twice: replayed %v, %v", replayed, err)
	}
	for name, other := range map[string]payment.LateReport{
		"another amount":   receipt(p.Reference, 1000),
		"another merchant": {MerchantID: "0b25921f-b729-48ed-8000-000000000000", Reference: p.Reference},
	} {
		if _, _, err := b.BookLate(t.Context(), other, Meta{}); err == nil {
			t.Errorf("%s is booked too", name)
		}
	}
	if _, match, err := b.order(t, 2, 2999, ""); err != nil || match != ByReference {
		t.Errorf("an order whose money came is free to be paid again: %q, %v", match, err)
	}
	b.giveBack(t, booked)
}

// giveBack refunds what came late, in two parts, and no cent more.
func (b *bench) giveBack(t *testing.T, p payment.Payment) {
	t.Helper()
	for n, amount := range []money.Cents{1000, 1999} {
		refund, _, err := b.Refund(t.Context(), refundDraft(ref("REF", n), p.Reference), amount, Idempotency{}, Meta{})
		if err != nil {
			t.Fatal(err)
		}
		b.move(t, refund.Reference, payment.Completed)
	}
	if _, _, err := b.Refund(t.Context(), refundDraft(ref("REF", 9), p.Reference), 1, Idempotency{}, Meta{}); !errs.Is(err, errs.RefundExceeds) {
		t.Errorf("a cent too much: %v", err)
	}
	after, err := b.Get(t.Context(), merchant, false, p.Reference)
	if err != nil || after.Status != payment.Failed || after.AmountRefunded != 2999 {
		t.Errorf("%s, refunded %s, %v", after.Status, after.AmountRefunded, err)
	}
	counts := map[string]int{}
	for _, e := range b.events(t) {
		counts[e]++
	}
	if counts["payment.late_receipt"] != 1 || counts["payment.refunded"] != 2 || counts["payment.failed"] != 1 {
		t.Errorf("events %v", counts)
	}
	history, err := b.History(t.Context(), merchant, false, p.Reference)
	if err != nil || history[3].Actor != "key:1" && history[2].Actor != "key:1" {
		t.Errorf("history %+v, %v", history, err)
	}
}

func TestManyLateReceiptsAtOnceAreBookedOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p, _, err := b.order(t, 1, 2999, "")
	if err != nil {
		t.Fatal(err)
	}
	b.move(t, p.Reference, payment.Cancelled)
	var all sync.WaitGroup
	for n := range 20 {
		all.Go(func() {
			_, _, err := b.BookLate(t.Context(), receipt(p.Reference, money.Cents(100+n)), Meta{})
			if err != nil && !errs.Is(err, errs.InvalidState) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	booked := 0
	for _, e := range b.events(t) {
		if e == "payment.late_receipt" {
			booked++
		}
	}
	if booked != 1 {
		t.Errorf("booked %d times", booked)
	}
}

func TestAMerchantNamesThePayerOfALateReceiptOnlyIfTheBankDidNot(t *testing.T) {
	t.Parallel()
	b := setup(t)
	named := func(r payment.LateReport, iban string) payment.LateReport {
		r.Payer = payment.Party{Name: "Camille Payer", IBAN: iban}
		return r
	}
	told, _, err := b.order(t, 1, 2999, "")
	if err != nil {
		t.Fatal(err)
	}
	told = b.move(t, told.Reference, payment.Failed)
	if _, _, err := b.BookLate(t.Context(), named(receipt(told.Reference, 0), "DE89370400440532013000"), Meta{}); !errs.Is(err, errs.InvalidState) {
		t.Errorf("the bank's word about the payer gave way: %v", err)
	}
	silent := draft(ref("PAY", 2))
	if _, _, err := b.Create(t.Context(), silent, Idempotency{}, Meta{}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Update(t.Context(), silent.Reference, Meta{}, func(*payment.Payment) payment.Step {
		return payment.Changed(payment.Change{To: payment.Failed, Cause: payment.CauseProvider})
	}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.BookLate(t.Context(), named(receipt(silent.Reference, 0), "DE89370400440532013000"), Meta{}); err != nil {
		t.Fatal(err)
	}
	refund, _, err := b.Refund(t.Context(), refundDraft(ref("REF", 1), silent.Reference), 0, Idempotency{}, Meta{})
	if err != nil || refund.Beneficiary.IBAN != "DE89370400440532013000" || refund.Beneficiary.Name != "Camille Payer" {
		t.Errorf("the refund goes to %+v, %v", refund.Beneficiary, err)
	}
}

func TestARefundOfARefundIsExplained(t *testing.T) {
	t.Parallel()
	b := setup(t)
	p := b.completed(t, ref("PAY", 1), 2999)
	refund, _, err := b.Refund(t.Context(), refundDraft(ref("REF", 1), p.Reference), 0, Idempotency{}, Meta{})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.Refund(t.Context(), refundDraft(ref("REF", 2), refund.Reference), 0, Idempotency{}, Meta{}); !errs.Is(err, errs.InvalidState) {
		t.Errorf("got %v", err)
	}
	foreign := refundDraft(ref("REF", 3), refund.Reference)
	foreign.MerchantID = "0b25921f-b729-48ed-8000-000000000000"
	if _, _, err := b.Refund(t.Context(), foreign, 0, Idempotency{}, Meta{}); !errors.Is(err, ErrNotFound) {
		t.Errorf("another merchant learns of it: %v", err)
	}
}
