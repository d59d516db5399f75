package table

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/run/events"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

// cancels is a request for pieces of an order, as position and quantity in turn; none: for all of it.
func (f *fixture) cancels(o *qrv1.Order, pieces ...int32) *qrv1.CancelOrderRequest {
	r := &qrv1.CancelOrderRequest{MerchantId: f.merchant, OrderId: o.GetId(), MayRefund: true}
	for i := 0; i < len(pieces); i += 2 {
		r.Lines = append(r.Lines, &qrv1.CancelLine{Position: pieces[i], Quantity: pieces[i+1]})
	}
	return r
}

func (f *fixture) cancelOrder(t testing.TB, r *qrv1.CancelOrderRequest) (*qrv1.CancelOrderResponse, error) {
	t.Helper()
	return NewCancellations(f.Server).CancelOrder(t.Context(), r)
}

func (f *fixture) mustCancel(t testing.TB, r *qrv1.CancelOrderRequest) *qrv1.CancelOrderResponse {
	t.Helper()
	res, err := f.cancelOrder(t, r)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func (f *fixture) refundAgain(t testing.TB, o *qrv1.Order, id string) (*qrv1.Cancellation, error) {
	t.Helper()
	res, err := NewCancellations(f.Server).RefundCancellation(t.Context(), &qrv1.RefundCancellationRequest{MerchantId: f.merchant, OrderId: o.GetId(), CancellationId: id})
	return res.GetCancellation(), err
}

func (f *fixture) cancellationsOf(t testing.TB, o *qrv1.Order) []*qrv1.Cancellation {
	t.Helper()
	res, err := NewCancellations(f.Server).ListCancellations(t.Context(), &qrv1.ListCancellationsRequest{MerchantId: f.merchant, OrderId: o.GetId()})
	if err != nil {
		t.Fatal(err)
	}
	return res.GetCancellations()
}

// paid is an order that was paid with EU Pay.
func (f *fixture) paid(t testing.TB, items ...*qrv1.OrderItem) *qrv1.Order {
	t.Helper()
	r := f.paidRequest(items...)
	r.PaymentReference, r.Livemode = payRef, true
	o := f.mustPlace(t, r)
	f.apply(t, payment("completed", o, payRef))
	return o
}

// refundFailed is the event of a refund that failed.
func refundFailure(o *qrv1.Order, reference string) events.Event {
	return changed("refund.failed", o.GetMerchantId(), o.GetLivemode(), &eventsv1.PaymentChanged{Payment: &paymentsv1.Payment{
		Reference: reference, Kind: "refund", MerchantId: o.GetMerchantId(), Livemode: o.GetLivemode(), OriginalReference: payRef, FailureCode: "rejected", Status: "failed",
	}})
}

// given are the refunds that the payments service was asked for.
func given(t *testing.T, said []proto.Message) (list []*paymentsv1.RefundOrderPayment) {
	t.Helper()
	for _, m := range said {
		c, ok := m.(*paymentsv1.RefundOrderPayment)
		if !ok {
			t.Fatalf("told %v", m)
		}
		list = append(list, c)
	}
	return list
}

// TestPiecesAreCancelledOneByOneToTheCent: three pieces of 10.00 in all, which is no number of cents each.
func TestPiecesAreCancelledOneByOneToTheCent(t *testing.T) {
	t.Parallel()
	f := setup(t)
	tart := f.product(t, f.merchant, "Tarte", 400, 10)
	if _, err := f.CreateOffer(t.Context(), &qrv1.CreateOfferRequest{MerchantId: f.merchant, Offer: &qrv1.Offer{Name: "Two off", Type: "fixed_amount", Value: 200}}); err != nil {
		t.Fatal(err)
	}
	o := f.paid(t, item(tart, 3))
	if o.GetTotalCents() != 1000 {
		t.Fatalf("the order costs %d", o.GetTotalCents())
	}
	var amounts []int64
	for i := range 3 {
		res := f.mustCancel(t, f.cancels(o, 0, 1))
		amounts = append(amounts, res.GetCancellation().GetAmountCents())
		if c := res.GetCancellation(); c.GetRefund().GetStatus() != "requested" || c.GetRefundCents() != c.GetAmountCents() || !c.GetRestocked() || c.GetNumber() != int32(i+1) {
			t.Errorf("cancelled %v", c)
		}
	}
	if !slices.Equal(amounts, []int64{333, 334, 333}) {
		t.Errorf("the pieces cost %v", amounts)
	}
	got := f.order(t, o.GetId())
	if l := got.GetLines()[0]; got.GetStatus() != "cancelled" || got.GetCancelledCents() != 1000 || got.GetTotalCents() != 1000 || l.GetCancelledQuantity() != 3 || l.GetCancelledTaxes()[0].GetVatCents() != l.GetVatCents() {
		t.Errorf("the order is %v", got)
	}
	if n := f.stock(t, tart); n != 10 {
		t.Errorf("%d in stock", n)
	}
	references := map[string]int64{}
	for _, c := range given(t, f.office.heard(t)) {
		references[c.GetReference()] += c.GetAmountCents()
	}
	if len(references) != 3 || got.GetRefund().GetAmountCents() != 1000 {
		t.Errorf("refunded are %v, the order says %v", references, got.GetRefund())
	}
	if got := f.announced(t, o.GetId()); !slices.Equal(got, []string{"order.awaiting_payment", "order.received", "order.lines_cancelled", "order.lines_cancelled", "order.cancelled"}) {
		t.Errorf("announced %v", got)
	}
}

func TestOfTwoCancellationsOfAPieceOneWins(t *testing.T) {
	t.Parallel()
	f := setup(t)
	o := f.paid(t, item(f.product(t, f.merchant, "Tarte", 600, 9), 1), item(f.product(t, f.merchant, "Thé", 300, 9), 1))
	var wg sync.WaitGroup
	results := make([]error, 6)
	for i := range results {
		wg.Go(func() { _, results[i] = f.cancelOrder(t, f.cancels(o, 0, 1)) })
	}
	wg.Wait()
	won := 0
	for _, err := range results {
		if err == nil {
			won++
			continue
		}
		wantCode(t, err, errs.InvalidState)
	}
	if list := given(t, f.office.heard(t)); won != 1 || len(list) != 1 || list[0].GetAmountCents() != 600 {
		t.Errorf("%d won, refunded are %v", won, list)
	}
}

func TestWhatCannotBeCancelledIsRefused(t *testing.T) {
	t.Parallel()
	f := setup(t)
	o := f.paid(t, item(f.product(t, f.merchant, "Tarte", 600, 9), 2))
	for field, r := range map[string]*qrv1.CancelOrderRequest{
		"lines[0].position": f.cancels(o, 1, 1), "lines[1].position": f.cancels(o, 0, 1, 0, 1), "lines[0].quantity": f.cancels(o, 0, 3),
	} {
		_, err := f.cancelOrder(t, r)
		wantFields(t, err, field)
	}
	_, err := f.cancelOrder(t, f.cancels(o, 0, 0))
	wantFields(t, err, "lines[0].quantity")
	_, err = f.cancelOrder(t, f.cancels(o, -1, 1))
	wantFields(t, err, "lines[0].position")
	theirs := f.cancels(o)
	theirs.MerchantId = uuid.NewString()
	_, err = f.cancelOrder(t, theirs)
	wantCode(t, err, errs.NotFoundCode)
	_, err = f.refundAgain(t, o, uuid.NewString())
	wantCode(t, err, errs.NotFoundCode)
	staff := f.cancels(o, 0, 1)
	staff.MayRefund = false
	_, err = f.cancelOrder(t, staff)
	wantCode(t, err, errs.Forbidden)
	stale := f.cancels(o, 0, 1)
	stale.RefundLimitCents = proto.Int64(599)
	_, err = f.cancelOrder(t, stale)
	wantCode(t, err, errs.StepUpRequired)
	if got := f.order(t, o.GetId()); got.GetCancelledCents() != 0 || got.GetSequence() != 2 || len(f.office.heard(t)) != 0 {
		t.Errorf("refused requests changed %v", got)
	}
	staff.Refund = proto.Bool(false)
	if c := f.mustCancel(t, staff).GetCancellation(); c.GetRefund() != nil || c.GetAmountCents() != 600 {
		t.Errorf("cancelled %v", c)
	}
	stale.RefundLimitCents = proto.Int64(600)
	f.mustCancel(t, stale)
	_, err = f.cancelOrder(t, f.cancels(o))
	wantCode(t, err, errs.InvalidState)
}

// TestAnOrderThatAwaitsItsPaymentIsCancelledAsAWhole: the amount of its payment is fixed.
func TestAnOrderThatAwaitsItsPaymentIsCancelledAsAWhole(t *testing.T) {
	t.Parallel()
	f := setup(t)
	o := f.waiting(t)
	_, err := f.cancelOrder(t, f.cancels(o, 0, 1))
	wantCode(t, err, errs.InvalidState)
	if got := f.mustCancel(t, f.cancels(o)).GetOrder(); got.GetStatus() != "cancelled" || got.GetRefund() != nil || got.GetDueCents() != 0 {
		t.Errorf("order %v", got)
	}
	f.office.wantCancelled(t, o)
}

// TestAtTheCounterLessIsOwed, also when it is served, and what is in preparation is not put back.
func TestAtTheCounterLessIsOwed(t *testing.T) {
	t.Parallel()
	f := setup(t)
	tart := f.product(t, f.merchant, "Tarte", 600, 9)
	o := f.mustPlace(t, f.request(item(tart, 3)))
	dry := f.cancels(o, 0, 1)
	dry.DryRun = true
	if res := f.mustCancel(t, dry); res.GetCancellation().GetAmountCents() != 600 || res.GetCancellation().GetId() != "" || res.GetOrder().GetDueCents() != 1200 {
		t.Errorf("a dry run says %v", res)
	}
	if got := f.order(t, o.GetId()); got.GetDueCents() != 1800 || got.GetSequence() != 1 {
		t.Errorf("a dry run leaves %v", got)
	}
	if c := f.mustCancel(t, f.cancels(o, 0, 1)).GetCancellation(); !c.GetRestocked() || c.GetRefund() != nil {
		t.Errorf("cancelled %v", c)
	}
	for _, to := range []string{"preparing", "ready", "served"} {
		if _, err := f.SetOrderStatus(t.Context(), &qrv1.SetOrderStatusRequest{MerchantId: f.merchant, Id: o.GetId(), Status: to}); err != nil {
			t.Fatal(err)
		}
	}
	f.mustCancel(t, f.cancels(o, 0, 1))
	again := f.cancels(o, 0, 1)
	again.Restock = proto.Bool(true)
	if res := f.mustCancel(t, again); res.GetOrder().GetStatus() != "served" || res.GetOrder().GetDueCents() != 0 || !res.GetCancellation().GetRestocked() {
		t.Errorf("cancelled %v", res)
	}
	if n := f.stock(t, tart); n != 8 {
		t.Errorf("%d in stock, want 9 less the one that was eaten", n)
	}
}

func TestACancellationIsRepeatedByItsKey(t *testing.T) {
	t.Parallel()
	f := setup(t)
	o := f.paid(t, item(f.product(t, f.merchant, "Tarte", 600, 9), 3))
	r := f.cancels(o, 0, 1)
	r.IdempotencyKey, r.Reason = "tap", "cold"
	first := f.mustCancel(t, r)
	second := f.mustCancel(t, r)
	if first.GetReplayed() || !second.GetReplayed() || !proto.Equal(first.GetCancellation(), second.GetCancellation()) || second.GetOrder().GetCancelledCents() != 600 {
		t.Errorf("first %v, then %v", first, second)
	}
	r.Lines[0].Quantity = 2
	_, err := f.cancelOrder(t, r)
	wantCode(t, err, errs.IdempotencyConflict)
	if list := f.cancellationsOf(t, o); len(list) != 1 || list[0].GetReason() != "cold" {
		t.Errorf("cancelled are %v", list)
	}
}

// TestARefundIsAskedForAgainOnceItHasFailed, with a reference of its own, and never while it may still come.
func TestARefundIsAskedForAgainOnceItHasFailed(t *testing.T) {
	t.Parallel()
	f := setup(t)
	o := f.paid(t, item(f.product(t, f.merchant, "Tarte", 600, 9), 2))
	id := f.mustCancel(t, f.cancels(o, 0, 1)).GetCancellation().GetId()
	wait := func(status string) *qrv1.OrderRefund {
		t.Helper()
		c, err := f.refundAgain(t, o, id)
		if err != nil || c.GetRefund().GetStatus() != status {
			t.Fatalf("refund %v, want %s: %v", c.GetRefund(), status, err)
		}
		return c.GetRefund()
	}
	first := wait("requested")
	f.office.answers(errs.Unavailable)
	f.office.heard(t)
	wait("requested")
	f.clock.Advance(time.Minute)
	f.office.answers("")
	if list := given(t, f.office.heard(t)); len(list) != 1 || list[0].GetReference() != first.GetReference() {
		t.Fatalf("asked for %v", list)
	}
	wait("pending")
	f.apply(t, refundFailure(o, first.GetReference()), refundFailure(o, first.GetReference()))
	if got := f.order(t, o.GetId()); got.GetRefund().GetStatus() != "failed" || got.GetRefund().GetFailureCode() != "rejected" {
		t.Errorf("order %v", got)
	}
	second := wait("requested")
	if again := wait("requested"); second.GetReference() == first.GetReference() || again.GetReference() != second.GetReference() {
		t.Errorf("refunds %v, %v, %v", first, second, again)
	}
	if list := given(t, f.office.heard(t)); len(list) != 1 || list[0].GetReference() != second.GetReference() || list[0].GetAmountCents() != 600 {
		t.Fatalf("asked for %v", list)
	}
	f.apply(t, refundedBy(o, second.GetReference(), 600), refundFailure(o, second.GetReference()))
	wait("completed")
	got := f.order(t, o.GetId())
	if got.GetPaymentStatus() != "partially_refunded" || got.GetRefund().GetStatus() != "completed" || got.GetRefund().GetAmountCents() != 600 || len(f.office.heard(t)) != 0 {
		t.Errorf("order %v", got)
	}
	if got := f.announced(t, o.GetId()); got[len(got)-1] != "order.refund_requested" || len(got) != 4 {
		t.Errorf("announced %v", got)
	}
}

// TestRefundsFromElsewhereCount into what can still be given back.
func TestRefundsFromElsewhereCount(t *testing.T) {
	t.Parallel()
	f := setup(t)
	o := f.paid(t, item(f.product(t, f.merchant, "Tarte", 600, 9), 1), item(f.product(t, f.merchant, "Thé", 400, 9), 1))
	f.apply(t, refundedBy(o, "REF-20260617-00000000000000AA", 500))
	_, err := f.cancelOrder(t, f.cancels(o, 0, 1))
	wantCode(t, err, errs.RefundExceeds)
	f.mustCancel(t, f.cancels(o, 1, 1))
	c := f.mustCancel(t, f.cancels(o)).GetCancellation()
	if c.GetAmountCents() != 600 || c.GetRefundCents() != 100 {
		t.Errorf("the rest is %v", c)
	}
	sum := int64(500)
	for _, r := range given(t, f.office.heard(t)) {
		sum += r.GetAmountCents()
	}
	if sum != 1000 {
		t.Errorf("%d given back of 1000", sum)
	}
	if _, err := f.refundAgain(t, o, c.GetId()); err != nil {
		t.Error(err)
	}
	if said := f.office.heard(t); len(said) != 0 {
		t.Errorf("told %v", said)
	}
}

// TestARefundThatAnEarlierVersionAskedForIsKnown: it has left no row of its own.
func TestARefundThatAnEarlierVersionAskedForIsKnown(t *testing.T) {
	t.Parallel()
	f := setup(t)
	o := f.paid(t, item(f.product(t, f.merchant, "Tarte", 600, 9), 2))
	const reference = "REF-20260617-00000000000000AB"
	if _, err := f.pool.Exec(t.Context(), `update orders set refund_status = 'pending', refund_reference = $2, refund_cents = 1200 where id = $1`, o.GetId(), reference); err != nil {
		t.Fatal(err)
	}
	if c := f.mustCancel(t, f.cancels(o)).GetCancellation(); c.GetRefundCents() != 0 {
		t.Errorf("given back twice: %v", c)
	}
	f.cancel(t, o, true)
	if said := f.office.heard(t); len(said) != 0 {
		t.Errorf("told %v", said)
	}
	f.apply(t, refundFailure(o, reference))
	if got := f.order(t, o.GetId()); got.GetRefund().GetStatus() != "failed" {
		t.Errorf("order %v", got)
	}
	f.apply(t, refundedBy(o, reference, 1200))
	if got := f.order(t, o.GetId()); got.GetRefund().GetStatus() != "completed" || got.GetPaymentStatus() != "refunded" {
		t.Errorf("order %v", got)
	}
}
