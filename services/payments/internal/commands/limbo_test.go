package commands

import (
	"strings"
	"sync"
	"testing"

	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/run/command"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/payments/internal/engine"
	"european-pay.eu/eupay/services/payments/internal/payment"
	"european-pay.eu/eupay/services/payments/internal/powens"
)

// wantCode fails the test unless the reply is a refusal of the code.
func (b *bench) wantCode(r *paymentsv1.CommandReply, code string) {
	b.t.Helper()
	if r.GetStage() != refused || r.GetErrorCode() != code {
		b.t.Errorf("want %s, got %v", code, r)
	}
}

func (b *bench) load(reference string) payment.Payment {
	b.t.Helper()
	p, err := b.store.ByReference(b.t.Context(), reference)
	if err != nil {
		b.t.Fatal(err)
	}
	return p
}

func TestAHintBeforeTheOpeningIsCommittedIsKept(t *testing.T) {
	b := setup(t, func(_ *engine.Config, p *provider) { p.holdAnswers = make(chan struct{}) })
	release := sync.OnceFunc(func() { close(b.provider.holdAnswers) })
	defer release()
	var created sync.WaitGroup
	var answer *paymentsv1.CommandReply
	created.Go(func() { answer = last(b.send(command.CreatePayment, order(1))) })
	b.until("the bank has it", func() bool {
		b.provider.mu.Lock()
		defer b.provider.mu.Unlock()
		return len(b.provider.created) == 1
	})
	b.provider.set("1", powens.Done, "")
	b.hint("1")
	b.until("the hint counts before the answer to the create is here", func() bool {
		return b.load(order(1).GetReference()).Status == payment.Completed
	})
	release()
	created.Wait()
	if answer.GetStage() != readied || answer.GetPayment().GetStatus() != "completed" {
		t.Errorf("the create is answered %v", answer)
	}
	if p := b.load(order(1).GetReference()); p.ProviderID != "1" || p.Sequence != 2 {
		t.Errorf("recorded as %s, sequence %d", p.ProviderID, p.Sequence)
	}
}

func TestTheSameReferenceWithAnotherAmountIsAConflict(t *testing.T) {
	b := setup(t)
	first, other := order(1), order(2)
	first.MerchantReference, other.MerchantReference = "ORDER-1042", "ORDER-1042"
	other.AmountCents = 3999
	b.send(command.CreatePayment, first)
	b.wantCode(last(b.send(command.CreatePayment, other)), "IDEMPOTENCY_CONFLICT")
	b.provider.set("1", powens.Rejected, "insufficientFunds")
	b.send(command.ProviderUpdate, &paymentsv1.ProviderUpdate{ProviderPaymentId: "1"})
	if r := last(b.send(command.CreatePayment, other)); r.GetReplayed() || r.GetPayment().GetAmountCents() != 3999 || r.GetPayment().GetPaymentUrl() == "" {
		t.Errorf("after the decline: %v", r)
	}
}

// refunded pays and asks to give all back.
func (b *bench) refunded() (original, refund *paymentsv1.Payment) {
	b.t.Helper()
	original = b.pay(1)
	refund = last(b.send(command.RefundPayment, &paymentsv1.RefundPayment{
		Reference: "REF-20260617-0000000000000001", OriginalReference: original.GetReference(), MerchantId: shop.GetId(),
	})).GetPayment()
	return original, refund
}

func TestAPendingRefundCouldNotBeCancelled(t *testing.T) {
	b := setup(t)
	original, refund := b.refunded()
	cancel := &paymentsv1.CancelPayment{Reference: refund.GetReference(), MerchantId: shop.GetId(), OriginalReference: original.GetReference()}
	for name, c := range map[string]struct {
		change func(*paymentsv1.CancelPayment)
		code   string
	}{
		"as a payment":          {func(c *paymentsv1.CancelPayment) { c.OriginalReference = "" }, "INVALID_STATE"},
		"of another payment":    {func(c *paymentsv1.CancelPayment) { c.OriginalReference = order(9).GetReference() }, "NOT_FOUND"},
		"by another merchant":   {func(c *paymentsv1.CancelPayment) { c.MerchantId = "0b25921f-b729-48ed-8000-000000000000" }, "NOT_FOUND"},
		"a payment as a refund": {func(c *paymentsv1.CancelPayment) { c.Reference = original.GetReference() }, "NOT_FOUND"},
	} {
		wrong := proto.CloneOf(cancel)
		c.change(wrong)
		if r := last(b.send(command.CancelPayment, wrong)); r.GetErrorCode() != c.code {
			t.Errorf("%s: %v", name, r)
		}
	}
	for range 2 { // the answer may be lost
		if r := last(b.send(command.CancelPayment, cancel)); r.GetPayment().GetStatus() != "cancelled" {
			t.Errorf("got %v", r)
		}
	}
	if p := b.load(original.GetReference()); p.Refundable() != p.Amount || p.AmountRefunded != 0 {
		t.Errorf("%s can be refunded, %s was", p.Refundable(), p.AmountRefunded)
	}
}

func TestARefundThatCompletesWhileItIsCancelledCountsOnce(t *testing.T) {
	b := setup(t)
	original, refund := b.refunded()
	id := b.load(refund.GetReference()).ProviderID
	b.provider.set(id, powens.Done, "")
	var both sync.WaitGroup
	for range 8 {
		both.Go(func() {
			b.send(command.ProviderUpdate, &paymentsv1.ProviderUpdate{ProviderPaymentId: id, Source: "webhook"})
		})
		both.Go(func() {
			b.send(command.CancelPayment, &paymentsv1.CancelPayment{
				Reference: refund.GetReference(), MerchantId: shop.GetId(), OriginalReference: original.GetReference(),
			})
		})
	}
	both.Wait()
	p, r := b.load(original.GetReference()), b.load(refund.GetReference())
	switch {
	case r.Status == payment.Completed && p.AmountRefunded == p.Amount && p.Refundable() == 0:
	case r.Status == payment.Cancelled && p.AmountRefunded == 0 && p.Refundable() == p.Amount:
	default:
		t.Errorf("the refund is %s, %s was refunded and %s can be", r.Status, p.AmountRefunded, p.Refundable())
	}
}

// waiting is a payment that its bank accepted, of a merchant who waits for the money.
func (b *bench) waiting(n int) *paymentsv1.Payment {
	b.t.Helper()
	c := order(n)
	c.Merchant = proto.CloneOf(shop)
	c.Merchant.WaitForSettlement, c.Merchant.Version = true, 2
	b.hears(&eventsv1.MerchantChanged{Profile: c.Merchant, GatewayEnabled: true})
	p := last(b.send(command.CreatePayment, c)).GetPayment()
	id := b.load(p.GetReference()).ProviderID
	b.provider.set(id, powens.Accepted, "")
	return last(b.send(command.ProviderUpdate, &paymentsv1.ProviderUpdate{ProviderPaymentId: id})).GetPayment()
}

func TestAnAcceptedPaymentWasADeadEndForItsMerchant(t *testing.T) {
	b := setup(t)
	came, not := b.waiting(1), b.waiting(2)
	if came.GetStatus() != "pending_sca" || came.GetSettlementDeadline() == nil {
		t.Fatalf("got %v", came)
	}
	confirm := &paymentsv1.ConfirmReceived{Reference: came.GetReference(), MerchantId: shop.GetId(), Actor: "key:1", AmountCents: 1}
	b.wantCode(last(b.send(command.ConfirmReceived, confirm)), "INVALID_STATE")
	confirm.AmountCents = 0
	if r := last(b.send(command.ConfirmReceived, confirm)); r.GetPayment().GetStatus() != "completed" {
		t.Errorf("it came: %v", r)
	}
	deny := &paymentsv1.ConfirmNotReceived{Reference: not.GetReference(), MerchantId: shop.GetId(), Actor: "key:1", Note: "not on the statement"}
	for range 2 {
		if r := last(b.send(command.ConfirmNotReceived, deny)); r.GetPayment().GetFailureCode() != "not_received" {
			t.Errorf("it did not come: %v", r)
		}
	}
	late := &paymentsv1.BookLateReceipt{Reference: not.GetReference(), MerchantId: shop.GetId(), Actor: "key:1"}
	for i := range 2 {
		r := last(b.send(command.BookLateReceipt, late))
		if r.GetPayment().GetLateReceipt().GetAmountCents() != 2999 || r.GetReplayed() != (i == 1) || r.GetPayment().GetStatus() != "failed" {
			t.Errorf("it came late: %v", r)
		}
	}
	deny.Reference = came.GetReference()
	b.wantCode(last(b.send(command.ConfirmNotReceived, deny)), "INVALID_STATE")
}

func TestARefundOfARefundSaysWhatToDo(t *testing.T) {
	b := setup(t)
	original, refund := b.refunded()
	r := last(b.send(command.RefundPayment, &paymentsv1.RefundPayment{
		Reference: "REF-20260617-0000000000000002", OriginalReference: refund.GetReference(), MerchantId: shop.GetId(),
	}))
	b.wantCode(r, "INVALID_STATE")
	if !strings.Contains(r.GetErrorMessage(), original.GetReference()) {
		t.Errorf("it says %q", r.GetErrorMessage())
	}
}

func TestAFinalPaymentHasNoURL(t *testing.T) {
	b := setup(t)
	if p := b.pay(1); p.GetPaymentUrl() != "" {
		t.Errorf("the payer may still be sent to %s", p.GetPaymentUrl())
	}
}
