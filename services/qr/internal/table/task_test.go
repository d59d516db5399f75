package table

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/command"
	"european-pay.eu/eupay/internal/run/events"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

const payRef = "PAY-20260617-0B25921FB72918ED"

// office stands for the payments service, on the real broker: it keeps commands and answers as the test says; "" is yes. asks are the
// commands that ask for payments, said are the others.
type office struct {
	mu      sync.Mutex
	asks    []*paymentsv1.CreateOrderPayment
	said    []proto.Message
	refuse  errs.Code
	makes   func(*paymentsv1.CreateOrderPayment) *paymentsv1.CommandReply
	client  *command.Client
	fixture *fixture
}

func newOffice(t testing.TB, f *fixture) *office {
	t.Helper()
	client, err := command.NewClient(f.bus, "qr")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	o := &office{client: client, fixture: f, makes: ready}
	sub, err := f.bus.NC.Subscribe("eupay.cmd.payments.>", o.take)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sub.Unsubscribe() })
	return o
}

func (o *office) take(m *nats.Msg) {
	o.mu.Lock()
	defer o.mu.Unlock()
	reply := o.replyTo(m)
	if reply == nil {
		return
	}
	if o.refuse != "" {
		reply = &paymentsv1.CommandReply{Stage: paymentsv1.CommandReply_STAGE_REFUSED, ErrorCode: string(o.refuse), ErrorMessage: "No."}
	}
	if data, err := proto.Marshal(reply); err == nil {
		o.fixture.bus.NC.Publish(m.Header.Get(events.HeaderReply), data)
	}
}

// replyTo notes the command and returns what answers it; nil if nothing does.
func (o *office) replyTo(m *nats.Msg) *paymentsv1.CommandReply {
	var c proto.Message = &paymentsv1.CancelOrderPayment{}
	switch m.Subject {
	case command.CreateOrder:
		c := &paymentsv1.CreateOrderPayment{}
		if proto.Unmarshal(m.Data, c) == nil {
			o.asks = append(o.asks, c)
		}
		return o.makes(c)
	case command.RefundOrder:
		c = &paymentsv1.RefundOrderPayment{}
	}
	if proto.Unmarshal(m.Data, c) == nil {
		o.said = append(o.said, c)
	}
	return &paymentsv1.CommandReply{Stage: paymentsv1.CommandReply_STAGE_RECORDED}
}

func (o *office) answers(code errs.Code) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.refuse = code
}

// heard does what is due, as any replica would, and returns the commands that came since the last time, but for those that ask for payments.
func (o *office) heard(t *testing.T) []proto.Message {
	t.Helper()
	if _, err := o.fixture.replica().tasks.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	said := o.said
	o.said = nil
	return said
}

// wantCancelled wants exactly one command: to cancel the order's payment.
func (o *office) wantCancelled(t *testing.T, of *qrv1.Order) {
	t.Helper()
	said := o.heard(t)
	if len(said) != 1 {
		t.Fatalf("the payments service was told %v", said)
	}
	c, ok := said[0].(*paymentsv1.CancelOrderPayment)
	if !ok || c.GetReference() != payRef || c.GetOrderId() != of.GetId() || c.GetMerchantId() != of.GetMerchantId() || c.GetLivemode() != of.GetLivemode() {
		t.Errorf("told %v", said[0])
	}
}

// waiting is an order that waits for its payment, of which the qr service knows what the gateway proposed before it died.
func (f *fixture) waiting(t *testing.T) *qrv1.Order {
	t.Helper()
	r := f.paidRequest(item(f.product(t, f.merchant, "Café", 350, 10), 2))
	r.PaymentReference, r.Livemode = payRef, true
	return f.mustPlace(t, r)
}

func (f *fixture) cancel(t *testing.T, o *qrv1.Order, refund bool) *qrv1.Order {
	t.Helper()
	res, err := f.SetOrderStatus(t.Context(), &qrv1.SetOrderStatusRequest{
		MerchantId: f.merchant, Id: o.GetId(), Status: "cancelled", Refund: refund,
	})
	if err != nil {
		t.Fatal(err)
	}
	return res.GetOrder()
}

// TestAGatewayThatDiesAfterCancellingAnOrderLeavesNoPaymentOpen: only this service acts after the order's end.
func TestAGatewayThatDiesAfterCancellingAnOrderLeavesNoPaymentOpen(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*fixture, *qrv1.Order){
		"cancelled": func(f *fixture, o *qrv1.Order) { f.cancel(t, o, false) },
		"expired": func(f *fixture, _ *qrv1.Order) {
			f.clock.Advance(payWithin)
			if n, err := f.Sweep(t.Context()); n != 1 || err != nil {
				t.Error(n, err)
			}
		},
		"given up": func(f *fixture, o *qrv1.Order) {
			if err := f.giveUp(t.Context(), o.GetId()); err != nil {
				t.Error(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			to := f.office
			o := f.waiting(t)
			if said := to.heard(t); len(said) != 0 {
				t.Fatalf("told %v of an open order", said)
			}
			end(f, o)
			// The payments service is unavailable at first, and another replica continues.
			to.answers(errs.Unavailable)
			to.wantCancelled(t, o)
			if said := to.heard(t); len(said) != 0 {
				t.Errorf("told at once again: %v", said)
			}
			f.clock.Advance(10 * time.Second)
			to.answers("")
			to.wantCancelled(t, o)
			f.clock.Advance(time.Hour)
			if said := to.heard(t); len(said) != 0 {
				t.Errorf("told again: %v", said)
			}
			if got := f.order(t, o.GetId()); got.GetPaymentStatus() != "unpaid" || got.GetPaidAt() != nil || got.GetRefund() != nil {
				t.Errorf("order %v", got)
			}
		})
	}
}

func TestAPaymentThatIsNotRecordedYetIsCancelledOnceItIs(t *testing.T) {
	t.Parallel()
	f := setup(t)
	to := f.office
	o := f.waiting(t)
	f.cancel(t, o, false)
	to.answers(errs.NotFoundCode)
	to.wantCancelled(t, o)
	f.clock.Advance(time.Minute)
	to.answers(errs.InvalidState) // somebody is paying
	to.wantCancelled(t, o)
	f.clock.Advance(time.Minute)
	to.wantCancelled(t, o)
	// It is paid after all: nothing is left to cancel, and the merchant is notified.
	f.apply(t, payment("completed", o, payRef))
	f.clock.Advance(time.Hour)
	if said := to.heard(t); len(said) != 0 {
		t.Errorf("told %v of a paid payment", said)
	}
	if got := f.order(t, o.GetId()); !got.GetPaidLate() || got.GetPaymentStatus() != "paid" {
		t.Errorf("order %v", got)
	}
}

func TestTheCancellationOfAPaymentThatNeverExistedEnds(t *testing.T) {
	t.Parallel()
	f := setup(t)
	to := f.office
	o := f.waiting(t)
	f.cancel(t, o, false)
	f.clock.Advance(recordedWithin)
	to.answers(errs.NotFoundCode)
	to.wantCancelled(t, o)
	f.clock.Advance(time.Hour)
	if said := to.heard(t); len(said) != 0 {
		t.Errorf("told %v", said)
	}
}

func TestAPaymentThatFailedItselfIsNotCancelled(t *testing.T) {
	t.Parallel()
	f := setup(t)
	to := f.office
	o := f.waiting(t)
	f.apply(t, payment("failed", o, payRef))
	if said := to.heard(t); len(said) != 0 {
		t.Errorf("told %v", said)
	}
	if got := f.wantStatus(t, o.GetId(), PaymentFailed); got.GetPaymentStatus() != "unpaid" {
		t.Errorf("order %v", got)
	}
}

// TestAPaidOrderThatIsCancelledIsRefundedOnce also when the gateway, or this process, dies at any moment in between.
func TestAPaidOrderThatIsCancelledIsRefundedOnce(t *testing.T) {
	t.Parallel()
	f := setup(t)
	to := f.office
	o := f.waiting(t)
	if o.GetPaymentStatus() != "pending" {
		t.Errorf("before it is paid: %s", o.GetPaymentStatus())
	}
	f.apply(t, payment("completed", o, payRef))
	after := f.cancel(t, o, true)
	if after.GetStatus() != "cancelled" || after.GetPaymentStatus() != "paid" || after.GetPaidAt() == nil || after.GetRefund().GetStatus() != "requested" || after.GetRefund().GetAmountCents() != 700 {
		t.Fatalf("order %v", after)
	}
	again := f.cancel(t, o, true) // the answer was lost, the request came again
	if again.GetRefund().GetReference() != after.GetRefund().GetReference() || again.GetSequence() != after.GetSequence() {
		t.Errorf("asked again: %v", again)
	}
	to.answers(errs.Unavailable)
	first := to.heard(t)
	f.clock.Advance(time.Minute)
	to.answers("")
	second := to.heard(t)
	if len(first) != 1 || len(second) != 1 || !proto.Equal(first[0], second[0]) {
		t.Fatalf("told %v, then %v", first, second)
	}
	c, ok := first[0].(*paymentsv1.RefundOrderPayment)
	if !ok || c.GetOriginalReference() != payRef || c.GetReference() != after.GetRefund().GetReference() || c.GetAmountCents() != 700 || c.GetOrderId() != o.GetId() || !c.GetLivemode() {
		t.Errorf("told %v", first[0])
	}
	if got := f.order(t, o.GetId()); got.GetRefund().GetStatus() != "pending" {
		t.Errorf("order %v", got)
	}
	f.apply(t, refundedBy(o, c.GetReference(), 700))
	if got := f.order(t, o.GetId()); got.GetRefund().GetStatus() != "completed" || got.GetPaymentStatus() != "refunded" || got.GetStatus() != "cancelled" {
		t.Errorf("order %v", got)
	}
	f.clock.Advance(time.Hour)
	if said := to.heard(t); len(said) != 0 {
		t.Errorf("told again: %v", said)
	}
	if got := f.announced(t, o.GetId()); !slices.Equal(got, []string{"order.awaiting_payment", "order.received", "order.cancelled"}) {
		t.Errorf("announced %v", got)
	}
}

func refundedBy(o *qrv1.Order, reference string, cents int64) events.Event {
	return changed("payment.refunded", o.GetMerchantId(), o.GetLivemode(), refundedEvent(o, reference, cents, cents))
}

// refundedEvent is the payload for a refund after which all cents of the payment are given back.
func refundedEvent(o *qrv1.Order, reference string, cents, all int64) *eventsv1.PaymentChanged {
	return &eventsv1.PaymentChanged{RefundReference: reference, RefundAmountCents: cents, Payment: &paymentsv1.Payment{
		Reference: payRef, Kind: "payment", MerchantId: o.GetMerchantId(), Livemode: o.GetLivemode(), AmountCents: o.GetTotalCents(), Currency: "EUR",
		Status: "refunded", Origin: "order", OrderId: o.GetId(), AmountRefundedCents: all,
	}}
}

func TestAFailedRefundIsShownWithItsReason(t *testing.T) {
	t.Parallel()
	f := setup(t)
	to := f.office
	o := f.waiting(t)
	f.apply(t, payment("completed", o, payRef))
	f.cancel(t, o, false)
	if got := f.order(t, o.GetId()); got.GetPaymentStatus() != "paid" || got.GetRefund() != nil {
		t.Errorf("order %v", got)
	}
	f.cancel(t, o, true) // cancelled first, given back later
	to.answers(errs.InvalidState)
	if said := to.heard(t); len(said) != 1 {
		t.Fatalf("told %v", said)
	}
	if r := f.order(t, o.GetId()).GetRefund(); r.GetStatus() != "failed" || r.GetFailureCode() != "INVALID_STATE" {
		t.Errorf("refund %v", r)
	}
	// A refund from elsewhere counts as well, in part.
	f.apply(t, refundedBy(o, "REF-20260617-00000000000000AA", 300))
	if got := f.order(t, o.GetId()); got.GetPaymentStatus() != "partially_refunded" || got.GetRefund().GetStatus() != "failed" {
		t.Errorf("order %v", got)
	}
	_, err := f.SetOrderStatus(t.Context(), &qrv1.SetOrderStatusRequest{MerchantId: f.merchant, Id: o.GetId(), Status: "served", Refund: true})
	wantFields(t, err, "refund")
}
