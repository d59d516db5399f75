package commands

import (
	"testing"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/command"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/payments/internal/link"
	"european-pay.eu/eupay/services/payments/internal/store"
)

// TestALinkIsPaidByTheCommand: the link says what is paid, whatever the command claims, and two payers of a link that is paid once get one
// payment, which is requested at the bank once.
func TestALinkIsPaidByTheCommand(t *testing.T) {
	b := setup(t)
	x, _, err := b.links.Create(t.Context(), link.Spec{MerchantID: shop.GetId(), Amount: 700, UsesMax: 1, Description: "Bicycle", Reference: "ORDER-1"}, store.Idempotency{})
	if err != nil {
		t.Fatal(err)
	}
	pay := func(n int, change func(*paymentsv1.CreatePayment)) *paymentsv1.CommandReply {
		c := order(n)
		c.AmountCents, c.Description, c.SuccessUrl, c.PaymentLinkId = 700, "something else", "https://evil.example", x.ID
		if change != nil {
			change(c)
		}
		return last(b.send(command.CreatePayment, c))
	}
	first := pay(1, nil)
	if p := first.GetPayment(); p.GetPaymentUrl() == "" || p.GetDescription() != "Bicycle" || p.GetSuccessUrl() != "" || p.GetPaymentLinkId() != x.ID || p.GetMerchantReference() != "ORDER-1" {
		t.Fatalf("%v", first)
	}
	for n, again := range []*paymentsv1.CommandReply{pay(1, nil), pay(2, nil)} { // redelivered, and another payer
		if again.GetPayment().GetReference() != first.GetPayment().GetReference() || !again.GetReplayed() || again.GetPayment().GetPaymentUrl() == "" {
			t.Errorf("%d: %v", n, again)
		}
	}
	if n := b.provider.byRef[first.GetPayment().GetReference()]; n != 1 {
		t.Errorf("the bank was asked %d times", n)
	}
	wrong := pay(3, func(c *paymentsv1.CreatePayment) { c.AmountCents = 1 })
	if wrong.GetErrorCode() != string(errs.InvalidState) {
		t.Errorf("another amount: %v", wrong)
	}
	if unknown := pay(4, func(c *paymentsv1.CreatePayment) { c.PaymentLinkId = "plink_0" }); unknown.GetErrorCode() != string(errs.NotFoundCode) {
		t.Errorf("an unknown link: %v", unknown)
	}
}
