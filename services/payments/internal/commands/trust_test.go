package commands

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/run/command"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/payments/internal/engine"
)

const strangersIBAN = "FR7630006000011234567890189"

// TestACommandCannotNameAnotherAccount: with the broker's credential alone a payment was made to a stranger's IBAN.
func TestACommandCannotNameAnotherAccount(t *testing.T) {
	b := setup(t)
	for what, change := range map[string]func(*paymentsv1.Merchant){
		"another IBAN":     func(m *paymentsv1.Merchant) { m.Iban = strangersIBAN },
		"another BIC":      func(m *paymentsv1.Merchant) { m.Bic = "AGRIFRPP" },
		"another name":     func(m *paymentsv1.Merchant) { m.Name = "A Stranger" },
		"another holder":   func(m *paymentsv1.Merchant) { m.AccountName = "A Stranger" },
		"an older version": func(m *paymentsv1.Merchant) { m.Version, m.Iban = 0, strangersIBAN },
	} {
		c := order(1)
		c.Merchant = proto.CloneOf(shop)
		change(c.Merchant)
		r := last(b.send(command.CreatePayment, c))
		b.wantCode(r, "SERVICE_UNAVAILABLE")
		if r.GetRetryAfter() == 0 {
			t.Errorf("%s: it is not said when to come again", what)
		}
		scan := scanOf(2, "")
		scan.Merchant = c.Merchant
		b.wantCode(last(b.send(command.ScanPay, scan)), "SERVICE_UNAVAILABLE")
	}
	if n := b.provider.began.Load(); n != 0 {
		t.Errorf("the bank was asked for %d payments", n)
	}
}

// TestUnclaimedMerchantDataComesFromTheCopy: other data about the merchant in a command is ignored.
func TestUnclaimedMerchantDataComesFromTheCopy(t *testing.T) {
	b := setup(t)
	c := order(1)
	c.Merchant = proto.CloneOf(shop)
	c.Merchant.WaitForSettlement, c.Merchant.Siren = true, "111111111"
	p := last(b.send(command.CreatePayment, c)).GetPayment()
	stored, err := b.store.ByReference(t.Context(), p.GetReference())
	if err != nil || stored.WaitForSettlement || stored.Beneficiary.SIREN != "" {
		t.Errorf("%+v, %v", stored, err)
	}
}

func TestADisabledMerchantCannotMoveMoney(t *testing.T) {
	b := setup(t, func(*engine.Config, *provider) {})
	paid, waiting := b.pay(1), last(b.send(command.CreatePayment, order(2))).GetPayment()
	off := proto.CloneOf(shop)
	off.Version = 2
	b.hears(&eventsv1.MerchantChanged{Profile: off})
	b.wantCode(last(b.send(command.CreatePayment, order(3))), "API_ACCESS_DISABLED")
	b.wantCode(last(b.send(command.ScanPay, scanOf(4, ""))), "API_ACCESS_DISABLED")
	b.wantCode(last(b.send(command.RefundPayment, &paymentsv1.RefundPayment{
		Reference: "REF-20260617-0000000000000001", OriginalReference: paid.GetReference(), MerchantId: shop.GetId(),
	})), "API_ACCESS_DISABLED")
	b.wantCode(last(b.send(command.ConfirmReceived, &paymentsv1.ConfirmReceived{
		Reference: waiting.GetReference(), MerchantId: shop.GetId(), Actor: "key:1",
	})), "API_ACCESS_DISABLED")
	b.wantCode(last(b.send(command.BookLateReceipt, &paymentsv1.BookLateReceipt{
		Reference: waiting.GetReference(), MerchantId: shop.GetId(), Actor: "key:1",
	})), "API_ACCESS_DISABLED")
	// An older event that comes late does not open the door again.
	b.hears(&eventsv1.MerchantChanged{Profile: shop, GatewayEnabled: true, EpcEnabled: true})
	b.wantCode(last(b.send(command.CreatePayment, order(3))), "API_ACCESS_DISABLED")
	on := proto.CloneOf(shop)
	on.Version = 3
	b.hears(&eventsv1.MerchantChanged{Profile: on, GatewayEnabled: true})
	if r := last(b.send(command.CreatePayment, order(3))); r.GetStage() != readied {
		t.Errorf("enabled again: %v", r)
	}
	// Without EPC codes a merchant cannot confirm money that no bank reports.
	b.wantCode(last(b.send(command.ConfirmReceived, &paymentsv1.ConfirmReceived{
		Reference: waiting.GetReference(), MerchantId: shop.GetId(), Actor: "key:1",
	})), "INVALID_STATE")
}

// TestACommandWaitsForItsMerchant, who was registered or changed a moment ago.
func TestACommandWaitsForItsMerchant(t *testing.T) {
	b := setup(t)
	newcomer := &paymentsv1.Merchant{Id: uuid.NewString(), Name: "Newcomer", Iban: shop.GetIban(), Version: 1}
	c := order(1)
	c.Merchant = newcomer
	call, err := b.client.Send(b.t.Context(), command.CreatePayment, c, command.Meta{Expires: time.Now().Add(time.Minute)})
	if err != nil {
		t.Fatal(err)
	}
	defer call.Close()
	b.until("the command is looked at", func() bool {
		info, err := b.commandsConsumer()
		return err == nil && info.NumRedelivered > 0
	})
	b.hears(&eventsv1.MerchantChanged{Profile: newcomer, GatewayEnabled: true})
	r, err := call.Next(t.Context())
	if err != nil || r.GetErrorCode() != "" || r.GetPayment().GetReference() != c.GetReference() {
		t.Errorf("%v, %v", r, err)
	}
}

// TestACommandOfAnOrderIsForItsOwnPayment: the order service can neither cancel nor refund other payments.
func TestACommandOfAnOrderIsForItsOwnPayment(t *testing.T) {
	b := setup(t)
	other := b.pay(1) // of no order
	c := order(2)
	c.Origin, c.OrderId = "order", "order-1"
	p := last(b.send(command.CreatePayment, c)).GetPayment()
	cancel := func(reference, order string) *paymentsv1.CommandReply {
		return last(b.send(command.CancelOrder, &paymentsv1.CancelOrderPayment{Reference: reference, MerchantId: shop.GetId(), OrderId: order}))
	}
	refund := func(reference, order string) *paymentsv1.CommandReply {
		return last(b.send(command.RefundOrder, &paymentsv1.RefundOrderPayment{
			Reference: "REF-20260617-0000000000000001", OriginalReference: reference, MerchantId: shop.GetId(), OrderId: order,
		}))
	}
	b.wantCode(refund(other.GetReference(), "order-1"), "NOT_FOUND")
	b.wantCode(refund(other.GetReference(), ""), "NOT_FOUND")
	b.wantCode(cancel(p.GetReference(), "order-2"), "NOT_FOUND")
	b.wantCode(cancel(p.GetReference(), ""), "NOT_FOUND")
	if r := cancel(p.GetReference(), "order-1"); r.GetPayment().GetStatus() != "cancelled" {
		t.Errorf("the order's own payment: %v", r)
	}
	c = order(3)
	c.Origin, c.OrderId = "order", "order-3"
	p = last(b.send(command.CreatePayment, c)).GetPayment()
	b.finish(p.GetReference())
	off := proto.CloneOf(shop)
	off.Version = 2
	b.hears(&eventsv1.MerchantChanged{Profile: off}) // the money goes back to whom it belongs all the same
	if r := refund(p.GetReference(), "order-3"); r.GetErrorCode() != "" || r.GetPayment().GetKind() != "refund" {
		t.Errorf("the refund of an order: %v", r)
	}
}

// TestAConfirmationCountsAsSoonAsTheMerchantMayGiveIt, even if the cached merchant is outdated.
func TestAConfirmationCountsAsSoonAsTheMerchantMayGiveIt(t *testing.T) {
	b := setup(t)
	b.ages.still.Store(true) // what was read never gets old
	waiting := last(b.send(command.CreatePayment, order(1))).GetPayment()
	off := proto.CloneOf(shop)
	off.Version = 2
	b.hears(&eventsv1.MerchantChanged{Profile: off, GatewayEnabled: true})
	confirm := &paymentsv1.ConfirmReceived{Reference: waiting.GetReference(), MerchantId: shop.GetId(), Actor: "key:1", MerchantVersion: 2}
	b.wantCode(last(b.send(command.ConfirmReceived, confirm)), "INVALID_STATE")
	on := proto.CloneOf(shop)
	on.Version = 3
	b.hears(&eventsv1.MerchantChanged{Profile: on, GatewayEnabled: true, EpcEnabled: true})
	confirm.MerchantVersion = 3
	if r := last(b.send(command.ConfirmReceived, confirm)); r.GetErrorCode() != "" {
		t.Errorf("got %v", r)
	}
}
