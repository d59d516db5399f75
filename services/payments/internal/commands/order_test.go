package commands

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/run/command"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/payments/internal/engine"
)

// asked is how qr asks for the payment of order-n.
func asked(n int) *paymentsv1.CreateOrderPayment {
	c := order(n)
	return &paymentsv1.CreateOrderPayment{
		OrderId: "order-" + c.GetReference(), Reference: c.GetReference(), MerchantId: shop.GetId(), AmountCents: 700, Currency: "EUR", Description: "Table 4 · order 12",
		SuccessUrl: "https://shop.example/done", CancelUrl: "https://shop.example/cancelled",
	}
}

// TestAnOrderHasOnePaymentHoweverOftenItIsAskedFor, also while the bank has not answered the first time, and when a gateway of an
// earlier version asks for it as well.
func TestAnOrderHasOnePaymentHoweverOftenItIsAskedFor(t *testing.T) {
	hold := make(chan struct{})
	b := setup(t, func(_ *engine.Config, p *provider) { p.hold = hold })
	c := asked(1)
	first, err := b.client.Send(b.t.Context(), command.CreateOrder, c, command.Meta{})
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	if r, err := first.Next(t.Context()); err != nil || r.GetStage() != paymentsv1.CommandReply_STAGE_RECORDED {
		t.Fatalf("got %v, %v", r, err)
	}
	again, err := b.client.Send(b.t.Context(), command.CreateOrder, c, command.Meta{})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if r, err := again.Next(t.Context()); err != nil || r.GetStage() != paymentsv1.CommandReply_STAGE_RECORDED || !r.GetReplayed() {
		t.Fatalf("got %v, %v", r, err)
	}
	close(hold)
	for _, call := range []*command.Call{first, again} {
		r, err := call.Next(t.Context())
		if p := r.GetPayment(); err != nil || r.GetStage() != readied || p.GetReference() != c.GetReference() || p.GetPaymentUrl() == "" || p.GetOrderId() != c.GetOrderId() ||
			p.GetOrigin() != "order" || p.GetMerchantReference() != c.GetOrderId() || p.GetAmountCents() != 700 || p.GetMerchantName() != shop.GetName() {
			t.Errorf("got %v, %v", r, err)
		}
	}
	old := order(1)
	old.AmountCents, old.Origin, old.OrderId, old.MerchantReference = 700, "order", c.GetOrderId(), c.GetOrderId()
	if p := last(b.send(command.CreatePayment, old)).GetPayment(); p.GetReference() != c.GetReference() {
		t.Errorf("the gateway's command made %v", p)
	}
	if n := b.provider.began.Load(); n != 1 {
		t.Errorf("the bank was asked for %d payments", n)
	}
	stored, err := b.store.ByReference(t.Context(), c.GetReference())
	if err != nil || stored.Beneficiary.IBAN != shop.GetIban() || stored.SuccessURL != c.GetSuccessUrl() || stored.CancelURL != c.GetCancelUrl() {
		t.Errorf("%+v, %v", stored, err)
	}
}

// TestTheOrderServiceAsksForPaymentsOfOrdersOnly: nothing that it sends makes any other payment, or shows one.
func TestTheOrderServiceAsksForPaymentsOfOrdersOnly(t *testing.T) {
	b := setup(t)
	other := last(b.send(command.CreatePayment, order(1))).GetPayment() // of no order
	if r := last(b.send(command.CreateOrder, asked(2))); r.GetStage() != readied {
		t.Fatalf("an order: %v", r)
	}
	for what, change := range map[string]func(*paymentsv1.CreateOrderPayment){
		"no order":                   func(c *paymentsv1.CreateOrderPayment) { c.OrderId = "" },
		"no amount":                  func(c *paymentsv1.CreateOrderPayment) { c.AmountCents = 0 },
		"a negative amount":          func(c *paymentsv1.CreateOrderPayment) { c.AmountCents = -1 },
		"no reference":               func(c *paymentsv1.CreateOrderPayment) { c.Reference = "" },
		"a refund's reference":       func(c *paymentsv1.CreateOrderPayment) { c.Reference = "REF-20260617-0000000000000003" },
		"the reference of a payment": func(c *paymentsv1.CreateOrderPayment) { c.Reference, c.AmountCents = other.GetReference(), 2999 },
		"another order's reference":  func(c *paymentsv1.CreateOrderPayment) { c.Reference = asked(2).GetReference() },
		"an order, at another price": func(c *paymentsv1.CreateOrderPayment) { c.OrderId, c.AmountCents = asked(2).GetOrderId(), 701 },
	} {
		c := asked(3)
		change(c)
		if r := last(b.send(command.CreateOrder, c)); r.GetErrorCode() != "INVALID_STATE" || r.GetPayment() != nil {
			t.Errorf("%s: %v", what, r)
		}
	}
	if n := b.provider.began.Load(); n != 2 {
		t.Errorf("the bank was asked for %d payments", n)
	}
}

// TestAnOrderIsPaidToWhomMayBePaid: what the gateway's gate asks is asked again here, in the words for a guest.
func TestAnOrderIsPaidToWhomMayBePaid(t *testing.T) {
	b := setup(t)
	version := int64(1)
	hears := func(enabled bool, change func(*paymentsv1.Merchant)) {
		m := proto.CloneOf(shop)
		version++
		m.Version = version
		change(m)
		b.hears(&eventsv1.MerchantChanged{Profile: m, GatewayEnabled: enabled})
	}
	ask := func(code string) {
		t.Helper()
		c := asked(int(version))
		c.MerchantVersion = version
		if r := last(b.send(command.CreateOrder, c)); r.GetErrorCode() != code {
			t.Errorf("got %v, want %q", r, code)
		}
	}
	hears(false, func(*paymentsv1.Merchant) {})
	ask("MERCHANT_NOT_ENABLED")
	hears(true, func(m *paymentsv1.Merchant) { m.Iban = "" })
	ask("INVALID_STATE")
	hears(true, func(*paymentsv1.Merchant) {})
	ask("")
	live := asked(1)
	live.Livemode = true
	b.wantCode(last(b.send(command.CreateOrder, live)), "LIVE_NOT_CONFIGURED")
}
