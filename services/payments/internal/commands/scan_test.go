package commands

import (
	"slices"
	"sync"
	"testing"

	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/run/command"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
)

func scanOf(n int, gateway string) *paymentsv1.ScanPay {
	return &paymentsv1.ScanPay{
		Reference: order(n).GetReference(), Merchant: shop, AmountCents: 2999, Currency: "EUR", Description: "Payment to Shop",
		CustomerId: "anna", AccountId: "main", GatewayReference: gateway, RequestId: "code-1",
	}
}

// finish lets the bank finish a payment, and returns it after the hint.
func (b *bench) finish(reference string) *paymentsv1.Payment {
	b.t.Helper()
	stored, err := b.store.ByReference(b.t.Context(), reference)
	if err != nil {
		b.t.Fatal(err)
	}
	b.provider.set(stored.ProviderID, "done", "")
	return last(b.send(command.ProviderUpdate, &paymentsv1.ProviderUpdate{ProviderPaymentId: stored.ProviderID, Source: "webhook"})).GetPayment()
}

func TestAScanOfAPaymentIsReadyAndCompletesIt(t *testing.T) {
	b := setup(t)
	g := last(b.send(command.CreatePayment, order(1))).GetPayment()
	all := b.send(command.ScanPay, scanOf(2, g.GetReference()))
	if got := stages(all); !slices.Equal(got, []paymentsv1.CommandReply_Stage{recorded, readied}) {
		t.Fatalf("stages %v: %v", got, last(all))
	}
	p := last(all).GetPayment()
	if p.GetOrigin() != "scan" || p.GetPaymentUrl() == "" || p.GetGatewayReference() != g.GetReference() || p.GetCustomerId() != "anna" {
		t.Errorf("transaction %v", p)
	}
	for range 2 { // delivered again, and asked again
		if r := last(b.send(command.ScanPay, scanOf(2, g.GetReference()))); r.GetReplayed() || !proto.Equal(r.GetPayment(), p) {
			t.Errorf("delivered again: %v", r)
		}
	}
	if r := last(b.send(command.ScanPay, scanOf(3, g.GetReference()))); !r.GetReplayed() || r.GetPayment().GetReference() != p.GetReference() {
		t.Errorf("asked again: %v", r)
	}
	other := scanOf(4, g.GetReference())
	other.CustomerId = "bert"
	if r := last(b.send(command.ScanPay, other)); r.GetErrorCode() != "INVALID_STATE" {
		t.Errorf("another customer: %v", r)
	}
	if after := b.finish(p.GetReference()); after.GetStatus() != "completed" {
		t.Errorf("the scan is %s", after.GetStatus())
	}
	paid, err := b.store.ByReference(t.Context(), g.GetReference())
	if err != nil || paid.Status != "completed" || paid.PaidBy != p.GetReference() {
		t.Errorf("the payment is %s, paid by %q, %v", paid.Status, paid.PaidBy, err)
	}
}

func TestAMerchantsCodeIsAPaymentOfItsOwn(t *testing.T) {
	b := setup(t)
	p := last(b.send(command.ScanPay, scanOf(1, ""))).GetPayment()
	if p.GetOrigin() != "qr" || p.GetPaymentUrl() == "" {
		t.Fatalf("transaction %v", p)
	}
	stored, err := b.store.ByReference(t.Context(), p.GetReference())
	if err != nil || stored.Payer.IBAN != payerIBAN || stored.Beneficiary.IBAN != shop.GetIban() {
		t.Errorf("from %s to %s, %v", stored.Payer.IBAN, stored.Beneficiary.IBAN, err)
	}
	if r := last(b.send(command.ScanPay, scanOf(3, ""))); !r.GetReplayed() || r.GetPayment().GetReference() != p.GetReference() {
		t.Errorf("asked again while it is open: %v", r)
	}
	b.finish(p.GetReference())
	if r := last(b.send(command.ScanPay, scanOf(4, ""))); r.GetReplayed() || r.GetPayment().GetReference() == p.GetReference() {
		t.Errorf("the next coffee is the same payment: %v", r)
	}
	more := scanOf(2, "")
	more.AmountCents++
	if r := last(b.send(command.ScanPay, more)); r.GetReplayed() {
		t.Errorf("another amount is the same payment: %v", r)
	}
}

func TestManyCustomersScanAtOnce(t *testing.T) {
	b := setup(t)
	g := last(b.send(command.CreatePayment, order(1))).GetPayment()
	var wg sync.WaitGroup
	replies := make([]*paymentsv1.CommandReply, 30)
	for i := range replies {
		wg.Go(func() {
			c := scanOf(100+i, g.GetReference())
			c.CustomerId = order(i).GetReference()
			replies[i] = last(b.send(command.ScanPay, c))
		})
	}
	wg.Wait()
	granted := 0
	for _, r := range replies {
		switch {
		case r.GetStage() == readied:
			granted++
		case r.GetErrorCode() != "INVALID_STATE":
			t.Errorf("reply %v", r)
		}
	}
	if granted != 1 {
		t.Errorf("%d customers pay one payment", granted)
	}
}

func TestRefusedScans(t *testing.T) {
	b := setup(t)
	g := last(b.send(command.CreatePayment, order(1))).GetPayment()
	for name, c := range map[string]struct {
		change func(*paymentsv1.ScanPay)
		code   string
	}{
		"somebody else's account": {func(c *paymentsv1.ScanPay) { c.AccountId = "other" }, "NOT_FOUND"},
		"an unknown payment":      {func(c *paymentsv1.ScanPay) { c.GatewayReference = order(9).GetReference() }, "NOT_FOUND"},
		"another amount":          {func(c *paymentsv1.ScanPay) { c.AmountCents = 1 }, "INVALID_STATE"},
		"live without a provider": {func(c *paymentsv1.ScanPay) { c.Livemode = true }, "LIVE_NOT_CONFIGURED"},
	} {
		cmd := scanOf(2, g.GetReference())
		c.change(cmd)
		if r := last(b.send(command.ScanPay, cmd)); r.GetErrorCode() != c.code {
			t.Errorf("%s: %v", name, r)
		}
	}
}

func TestAConfirmationCompletes(t *testing.T) {
	b := setup(t)
	g := last(b.send(command.CreatePayment, order(1))).GetPayment()
	confirm := &paymentsv1.ConfirmReceived{Reference: g.GetReference(), MerchantId: shop.GetId(), Actor: "user:1"}
	if r := last(b.send(command.ConfirmReceived, confirm)); r.GetPayment().GetStatus() != "completed" {
		t.Errorf("reply %v", r)
	}
	if r := last(b.send(command.ConfirmReceived, confirm)); r.GetErrorCode() != "INVALID_STATE" {
		t.Errorf("confirmed twice: %v", r)
	}
	foreign := &paymentsv1.ConfirmReceived{Reference: g.GetReference(), MerchantId: "00000000-0000-0000-0000-000000000000", Actor: "user:1"}
	if r := last(b.send(command.ConfirmReceived, foreign)); r.GetErrorCode() != "NOT_FOUND" {
		t.Errorf("another merchant: %v", r)
	}
}

func TestAnOrdersPaymentNamesItsOrder(t *testing.T) {
	b := setup(t)
	c := order(1)
	c.Origin, c.OrderId = "order", "o-1"
	if p := last(b.send(command.CreatePayment, c)).GetPayment(); p.GetOrigin() != "order" || p.GetOrderId() != "o-1" {
		t.Errorf("payment %v", p)
	}
	if p := last(b.send(command.CreatePayment, order(2))).GetPayment(); p.GetOrigin() != "api" {
		t.Errorf("payment %v", p)
	}
}
