package commands

import (
	"testing"

	"european-pay.eu/eupay/internal/run/command"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
)

func TestAPaymentIsMadeAtTheChosenBank(t *testing.T) {
	b := setup(t)
	c := order(1)
	c.BankId = goodBank
	r := last(b.send(command.CreatePayment, c))
	if p := r.GetPayment(); r.GetStage() != paymentsv1.CommandReply_STAGE_READY || p.GetBankId() != goodBank || p.GetSettlement() != "untracked" {
		t.Fatalf("%v", r)
	}
	if got := b.provider.banks[c.GetReference()]; got != goodBank {
		t.Errorf("the provider was asked for the bank %q", got)
	}
}

func TestABankThatCannotMakeThePaymentIsRefusedBeforeAnythingIsRecorded(t *testing.T) {
	b := setup(t)
	c := order(1)
	c.BankId = "5a0d0b01-0005-5b0c-8000-000000000005"
	if r := last(b.send(command.CreatePayment, c)); r.GetErrorCode() != "BANK_INCOMPATIBLE" {
		t.Fatalf("%v", r)
	}
	if _, err := b.store.ByReference(t.Context(), c.GetReference()); err == nil || b.provider.began.Load() != 0 {
		t.Error("a payment was recorded or sent")
	}
}

// Whoever repeats a request must get the payment that it made, and not hear that there is none.
func TestAPaymentOutlivesItsBanksPlaceInTheList(t *testing.T) {
	b := setup(t)
	c := order(1)
	c.BankId, c.IdempotencyKey, c.MerchantReference = goodBank, "key", "ORDER-1"
	first := last(b.send(command.CreatePayment, c)).GetPayment().GetReference()
	b.bankGone.Store(true)
	for name, change := range map[string]func(*paymentsv1.CreatePayment){
		"redelivered":      func(*paymentsv1.CreatePayment) {},
		"by its key":       func(c *paymentsv1.CreatePayment) { c.Reference, c.MerchantReference = order(2).GetReference(), "" },
		"by its reference": func(c *paymentsv1.CreatePayment) { c.Reference, c.IdempotencyKey = order(3).GetReference(), "" },
	} {
		again := order(1)
		again.BankId, again.IdempotencyKey, again.MerchantReference = goodBank, "key", "ORDER-1"
		change(again)
		if got := last(b.send(command.CreatePayment, again)).GetPayment().GetReference(); got != first {
			t.Errorf("%s: %q, want %q", name, got, first)
		}
	}
	fresh := order(4)
	fresh.BankId = goodBank
	if r := last(b.send(command.CreatePayment, fresh)); r.GetErrorCode() != "BANK_INCOMPATIBLE" {
		t.Errorf("a new payment: %v", r)
	}
}
