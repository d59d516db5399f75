package store

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/kit/rounds"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/services/payments/internal/payment"
)

// init draws fewer histories where every change is tested.
func init() { rounds.Draws(100) }

func TestRefundsCompleteTheirPayment(t *testing.T) {
	t.Parallel()
	b := setup(t)
	original := b.completed(t, ref("PAY", 1), 2999)
	first, _, err := b.Refund(t.Context(), refundDraft(ref("REF", 1), original.Reference), 1000, Idempotency{}, Meta{})
	if err != nil {
		t.Fatal(err)
	}
	if first.Beneficiary.IBAN != original.Payer.IBAN || first.Amount != 1000 {
		t.Errorf("the money goes to %q, %s", first.Beneficiary.IBAN, first.Amount)
	}
	if p, _ := b.ByReference(t.Context(), original.Reference); p.Status != payment.Completed || p.AmountRefunded != 0 {
		t.Errorf("refunded before the bank said so: %s %s", p.Status, p.AmountRefunded)
	}
	b.move(t, first.Reference, payment.Completed)
	p, _ := b.ByReference(t.Context(), original.Reference)
	if p.Status != payment.Refunded || p.AmountRefunded != 1000 || p.Sequence != 3 {
		t.Errorf("after the first refund: %s %s seq %d", p.Status, p.AmountRefunded, p.Sequence)
	}
	rest, _, err := b.Refund(t.Context(), refundDraft(ref("REF", 2), original.Reference), 0, Idempotency{}, Meta{})
	if err != nil || rest.Amount != 1999 {
		t.Fatalf("the rest: %s, %v", rest.Amount, err)
	}
	if _, _, err := b.Refund(t.Context(), refundDraft(ref("REF", 3), original.Reference), 1, Idempotency{}, Meta{}); !errs.Is(err, errs.RefundExceeds) {
		t.Errorf("a cent too much: %v", err)
	}
	b.move(t, rest.Reference, payment.Completed)
	p, _ = b.ByReference(t.Context(), original.Reference)
	if p.AmountRefunded != 2999 {
		t.Errorf("refunded %s", p.AmountRefunded)
	}
	want := []string{
		"payment.created", "payment.completed",
		"refund.created", "refund.completed", "payment.refunded", "refund.created", "refund.completed", "payment.refunded",
	}
	got := b.events(t)
	if len(got) != len(want) {
		t.Fatalf("events %v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("event %d is %s, want %s", i, got[i], want[i])
		}
	}
}

func TestAFailedRefundFreesItsAmount(t *testing.T) {
	t.Parallel()
	b := setup(t)
	original := b.completed(t, ref("PAY", 1), 2999)
	for i, to := range []payment.Status{payment.Failed, payment.Cancelled} {
		r, _, err := b.Refund(t.Context(), refundDraft(ref("REF", i), original.Reference), 0, Idempotency{}, Meta{})
		if err != nil {
			t.Fatal(err)
		}
		b.move(t, r.Reference, to)
	}
	p, _ := b.ByReference(t.Context(), original.Reference)
	if p.Status != payment.Completed || p.Refundable() != 2999 {
		t.Errorf("%s, refundable %s", p.Status, p.Refundable())
	}
}

func TestRefundRefusals(t *testing.T) {
	t.Parallel()
	b := setup(t)
	open := draft(ref("PAY", 1))
	if _, _, err := b.Create(t.Context(), open, Idempotency{}, Meta{}); err != nil {
		t.Fatal(err)
	}
	refund := func(original string, change func(*payment.Payment)) error {
		d := refundDraft(ref("REF", 1), original)
		change(&d)
		_, _, err := b.Refund(t.Context(), d, 1, Idempotency{}, Meta{})
		return err
	}
	if err := refund(open.Reference, func(*payment.Payment) {}); !errs.Is(err, errs.InvalidState) {
		t.Errorf("an open payment: %v", err)
	}
	done := b.completed(t, ref("PAY", 2), 100)
	if err := refund(done.Reference, func(d *payment.Payment) { d.Livemode = true }); !errors.Is(err, ErrNotFound) {
		t.Errorf("the other mode: %v", err)
	}
	if err := refund(done.Reference, func(d *payment.Payment) { d.MerchantID = "00000000-0000-0000-0000-000000000000" }); !errors.Is(err, ErrNotFound) {
		t.Errorf("another merchant: %v", err)
	}
	if err := refund(ref("REF", 9), func(*payment.Payment) {}); !errors.Is(err, ErrNotFound) {
		t.Errorf("an unknown payment: %v", err)
	}
}

func TestRacingRefundsNeverExceedThePayment(t *testing.T) {
	t.Parallel()
	b := setup(t)
	original := b.completed(t, ref("PAY", 1), 1000)
	var wg sync.WaitGroup
	var granted, refused atomic.Int64
	for i := range 40 {
		wg.Go(func() {
			r, _, err := b.Refund(t.Context(), refundDraft(ref("REF", i), original.Reference), 300, Idempotency{}, Meta{})
			switch {
			case err == nil:
				granted.Add(1)
				b.move(t, r.Reference, payment.Completed)
			case errs.Is(err, errs.RefundExceeds):
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	p, _ := b.ByReference(t.Context(), original.Reference)
	if granted.Load() != 3 || refused.Load() != 37 || p.AmountRefunded != 900 {
		t.Errorf("granted %d, refused %d, refunded %s", granted.Load(), refused.Load(), p.AmountRefunded)
	}
}

func TestTheSameRefundKeyIsOneRefund(t *testing.T) {
	t.Parallel()
	b := setup(t)
	original := b.completed(t, ref("PAY", 1), 1000)
	idem := Idempotency{Key: "k", Fingerprint: []byte("f")}
	first, existing, err := b.Refund(t.Context(), refundDraft(ref("REF", 1), original.Reference), 0, idem, Meta{})
	if err != nil || existing != NoMatch {
		t.Fatal(existing, err)
	}
	again, existing, err := b.Refund(t.Context(), refundDraft(ref("REF", 2), original.Reference), 0, idem, Meta{})
	if err != nil || existing == NoMatch || again.Reference != first.Reference {
		t.Errorf("got %s, %v, %v", again.Reference, existing, err)
	}
	// The command that made it, delivered again, is not refused although nothing is left.
	again, existing, err = b.Refund(t.Context(), refundDraft(ref("REF", 1), original.Reference), 0, idem, Meta{})
	if err != nil || existing != NoMatch || again.Reference != first.Reference {
		t.Errorf("delivered again: %s, %v, %v", again.Reference, existing, err)
	}
}

// Whatever the order of asking, completing and failing, the books add up.
func TestRefundBooksAddUp(t *testing.T) {
	t.Parallel()
	b := setup(t)
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		total := money.Cents(rapid.Int64Range(1, 500).Draw(rt, "amount"))
		original := b.completed(t, ref("PAY", n), total)
		var open []payment.Payment
		var done, reserved money.Cents
		for i := range rapid.IntRange(1, 8).Draw(rt, "steps") {
			if len(open) > 0 && rapid.Bool().Draw(rt, "finish") {
				r := open[0]
				open = open[1:]
				to := rapid.SampledFrom([]payment.Status{payment.Completed, payment.Failed}).Draw(rt, "to")
				b.move(t, r.Reference, to)
				if to == payment.Completed {
					done += r.Amount
				} else {
					reserved -= r.Amount
				}
				continue
			}
			amount := money.Cents(rapid.Int64Range(1, 300).Draw(rt, "refund"))
			r, _, err := b.Refund(t.Context(), refundDraft(ref("REF", n*100+i), original.Reference), amount, Idempotency{}, Meta{})
			if (err == nil) != (reserved+amount <= total) {
				rt.Fatalf("refund of %s with %s of %s reserved: %v", amount, reserved, total, err)
			}
			if err == nil {
				reserved += amount
				open = append(open, r)
			}
		}
		p, err := b.ByReference(t.Context(), original.Reference)
		if err != nil || p.AmountRefunded != done || p.AmountReserved != reserved {
			rt.Fatalf("books: refunded %s reserved %s, want %s and %s (%v)", p.AmountRefunded, p.AmountReserved, done, reserved, err)
		}
	})
}
