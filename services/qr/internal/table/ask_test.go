package table

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

const bankURL = "https://bank.example/pay?a=1&b=2"

var madeAt = time.Date(2026, 6, 17, 12, 0, 1, 0, time.UTC)

// ready is how the payments service answers when the bank has.
func ready(c *paymentsv1.CreateOrderPayment) *paymentsv1.CommandReply {
	r := recorded(c)
	r.Stage, r.Payment.PaymentUrl, r.Payment.Status = paymentsv1.CommandReply_STAGE_READY, bankURL, "pending_sca"
	return r
}

// recorded is how it answers before.
func recorded(c *paymentsv1.CreateOrderPayment) *paymentsv1.CommandReply {
	return &paymentsv1.CommandReply{Stage: paymentsv1.CommandReply_STAGE_RECORDED, Payment: &paymentsv1.Payment{
		Reference: c.GetReference(), Kind: "payment", MerchantId: c.GetMerchantId(), Livemode: c.GetLivemode(), AmountCents: c.GetAmountCents(), Currency: c.GetCurrency(),
		Status: "pending", Origin: "order", OrderId: c.GetOrderId(), CreatedAt: timestamppb.New(madeAt),
	}}
}

func (o *office) does(makes func(*paymentsv1.CreateOrderPayment) *paymentsv1.CommandReply) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.makes = makes
}

// asked does what is due, as any replica would, and returns how payments were asked for since the last time.
func (o *office) asked(t *testing.T) []*paymentsv1.CreateOrderPayment {
	t.Helper()
	if _, err := o.fixture.replica().asks.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	asks := o.asks
	o.asks = nil
	return asks
}

func (o *office) wantAsks(t *testing.T, n int) {
	t.Helper()
	if asks := o.asked(t); len(asks) != n {
		t.Errorf("asked for %v, want %d", asks, n)
	}
}

// tap is a guest's request that can be repeated, and is paid now.
func (f *fixture) tap(t testing.TB) *qrv1.PlaceOrderRequest {
	t.Helper()
	r := f.paidRequest(item(f.product(t, f.merchant, "Café", 350, 10), 2))
	r.PaymentReference, r.IdempotencyKey, r.MerchantVersion, r.Livemode = payRef, "tap", 3, true
	return r
}

// guests is the order as its guest reads it.
func (f *fixture) guests(t testing.TB, id string) *qrv1.Order {
	t.Helper()
	res, err := f.GetGuestOrder(t.Context(), &qrv1.GetGuestOrderRequest{OrderId: id, Token: f.table.GetToken()})
	if err != nil {
		t.Fatal(err)
	}
	return res.GetOrder()
}

// onlyOrder is the only one of the merchant.
func (f *fixture) onlyOrder(t testing.TB) *qrv1.Order {
	t.Helper()
	res, err := f.ListOrders(t.Context(), &qrv1.ListOrdersRequest{MerchantId: f.merchant, Limit: 10})
	if err != nil || len(res.GetOrders()) != 1 {
		t.Fatalf("orders %v, %v", res, err)
	}
	return res.GetOrders()[0]
}

func TestAnOrderIsFoundByItsPayment(t *testing.T) {
	t.Parallel()
	f := setup(t)
	res, err := f.PlaceOrder(t.Context(), f.tap(t))
	if err != nil {
		t.Fatal(err)
	}
	for reference, want := range map[string]int64{res.GetOrder().GetPaymentReference(): 1, "PAY-OTHER": 0, "": 1} {
		list, err := f.ListOrders(t.Context(), &qrv1.ListOrdersRequest{MerchantId: f.merchant, Limit: 10, PaymentReference: reference})
		if err != nil || list.GetTotal() != want || int64(len(list.GetOrders())) != want {
			t.Errorf("%q: %v, %v", reference, list, err)
		}
	}
}

func TestAnOrderThatIsPaidNowIsAnsweredWithItsPayment(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := f.tap(t)
	res, err := f.PlaceOrder(t.Context(), r)
	o := res.GetOrder()
	if err != nil || !res.GetPaymentWanted() || o.GetPaymentUrl() != bankURL || !o.GetPaymentCreatedAt().AsTime().Equal(madeAt) || o.GetPaymentReference() != payRef {
		t.Fatalf("got %v, %v", res, err)
	}
	asks := f.office.asked(t)
	page := f.table.GetUrl() + "?order=" + o.GetId() + "&payment="
	want := &paymentsv1.CreateOrderPayment{
		OrderId: o.GetId(), Reference: payRef, MerchantId: f.merchant, MerchantVersion: 3, Livemode: true, AmountCents: 700, Currency: "EUR",
		Description: "Table 4 · order 1", SuccessUrl: page + "success", CancelUrl: page + "cancelled",
	}
	if len(asks) != 1 || !proto.Equal(asks[0], want) {
		t.Errorf("asked for %v, want %v", asks, want)
	}
	again, err := f.PlaceOrder(t.Context(), r)
	if err != nil || !again.GetReplayed() || again.GetOrder().GetId() != o.GetId() || again.GetOrder().GetPaymentUrl() != bankURL {
		t.Errorf("repeated: %v, %v", again, err)
	}
	f.clock.Advance(10 * time.Minute)
	f.office.wantAsks(t, 0)
	// A guest whose page was closed reads it, until the order is paid. Its merchant does not.
	if got := f.guests(t, o.GetId()); got.GetPaymentUrl() != bankURL {
		t.Errorf("the guest reads %v", got)
	}
	if got := f.order(t, o.GetId()); got.GetPaymentUrl() != "" || got.GetSequence() != 1 {
		t.Errorf("the merchant reads %v", got)
	}
	f.apply(t, payment("completed", o, payRef))
	if got := f.guests(t, o.GetId()); got.GetPaymentUrl() != "" || got.GetPaymentCreatedAt() != nil {
		t.Errorf("the guest of a paid order reads %v", got)
	}
}

// TestAProcessThatDiesBeforeItAskedLosesNoPayment: another replica asks once the lease of the guest's request is over.
func TestAProcessThatDiesBeforeItAskedLosesNoPayment(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := f.tap(t)
	o, err := f.readOrder(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.placed(t, o, r); err != nil {
		t.Fatal(err)
	}
	f.office.wantAsks(t, 0) // nothing is left but what the transaction wrote
	f.clock.Advance(taskLease)
	f.office.wantAsks(t, 1)
	if got := f.guests(t, o.ID); got.GetPaymentUrl() != bankURL {
		t.Errorf("the guest reads %v", got)
	}
	f.clock.Advance(time.Minute)
	f.office.wantAsks(t, 0)
}

// TestWhatIsTemporaryIsAskedAgain, for the same payment, and the guest's repeated request finds it.
func TestWhatIsTemporaryIsAskedAgain(t *testing.T) {
	t.Parallel()
	for _, code := range []errs.Code{errs.Unavailable, errs.RateLimitExceeded, errs.Internal, "UNHEARD_OF"} {
		t.Run(string(code), func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			f.office.answers(code)
			r := f.tap(t)
			_, err := f.PlaceOrder(t.Context(), r)
			wantCode(t, err, errs.Unavailable)
			o := f.onlyOrder(t)
			first := f.office.asked(t)
			f.clock.Advance(time.Second)
			f.office.wantAsks(t, 0)
			f.clock.Advance(time.Second)
			again := f.office.asked(t)
			if len(first) != 1 || len(again) != 1 || !proto.Equal(first[0], again[0]) {
				t.Errorf("asked for %v, then for %v", first, again)
			}
			f.wantStatus(t, o.GetId(), AwaitingPayment)
			f.office.answers("")
			res, err := f.PlaceOrder(t.Context(), r)
			if err != nil || !res.GetReplayed() || res.GetOrder().GetId() != o.GetId() || res.GetOrder().GetPaymentUrl() != bankURL {
				t.Errorf("repeated: %v, %v", res, err)
			}
			f.office.wantAsks(t, 1) // the guest's own
			f.clock.Advance(time.Minute)
			f.office.wantAsks(t, 0)
		})
	}
}

// TestAnOrderThatNobodyFindsAgainEndsWithItsRequest: without a key the guest orders anew, and would pay for one of two orders.
func TestAnOrderThatNobodyFindsAgainEndsWithItsRequest(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.office.answers(errs.Unavailable)
	r := f.tap(t)
	r.IdempotencyKey = ""
	_, err := f.PlaceOrder(t.Context(), r)
	wantCode(t, err, errs.Unavailable)
	o := f.wantStatus(t, f.onlyOrder(t).GetId(), PaymentFailed)
	if last := o.GetHistory()[1]; last.GetCause() != byGateway || last.GetDetail() != "payment_not_created" {
		t.Errorf("history %v", last)
	}
	if n := f.stock(t, r.GetItems()[0].GetProductId()); n != 10 {
		t.Errorf("stock %d", n)
	}
	f.office.answers("")
	f.office.wantCancelled(t, o) // it may have been made all the same
}

// TestASlowBankLeavesTheGuestAPayment that has its URL later.
func TestASlowBankLeavesTheGuestAPayment(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.office.does(recorded)
	ctx, cancel := context.WithTimeout(t.Context(), answerTime+2*time.Second)
	defer cancel()
	res, err := f.PlaceOrder(ctx, f.tap(t))
	o := res.GetOrder()
	if err != nil || !res.GetPaymentWanted() || o.GetPaymentUrl() != "" || o.GetPaymentReference() != payRef || o.GetPaymentCreatedAt() == nil {
		t.Fatalf("got %v, %v", res, err)
	}
	f.office.does(ready)
	f.clock.Advance(2 * time.Second)
	f.office.wantAsks(t, 2) // the guest's, and one for the URL
	if got := f.guests(t, o.GetId()); got.GetPaymentUrl() != bankURL {
		t.Errorf("the guest reads %v", got)
	}
}

// TestAPaymentThatIsRefusedEndsItsOrder, in the request of the guest and beside it.
func TestAPaymentThatIsRefusedEndsItsOrder(t *testing.T) {
	t.Parallel()
	refuses := func(code errs.Code) func(*paymentsv1.CreateOrderPayment) *paymentsv1.CommandReply {
		return func(*paymentsv1.CreateOrderPayment) *paymentsv1.CommandReply {
			return &paymentsv1.CommandReply{Stage: paymentsv1.CommandReply_STAGE_REFUSED, ErrorCode: string(code), ErrorMessage: "No."}
		}
	}
	for name, c := range map[string]struct {
		makes func(*paymentsv1.CreateOrderPayment) *paymentsv1.CommandReply
		code  errs.Code
	}{
		"not enabled":    {refuses(errs.MerchantNotEnabled), errs.MerchantNotEnabled},
		"not set up":     {refuses(errs.LiveNotConfigured), errs.LiveNotConfigured},
		"key of another": {refuses(errs.InvalidState), errs.InvalidState},
		"another amount": {func(c *paymentsv1.CreateOrderPayment) *paymentsv1.CommandReply {
			r := ready(c)
			r.Payment.AmountCents = 1
			return r
		}, errs.InvalidState},
		"another order": {func(c *paymentsv1.CreateOrderPayment) *paymentsv1.CommandReply {
			r := ready(c)
			r.Payment.OrderId = ""
			return r
		}, errs.InvalidState},
		"by the bank": {func(c *paymentsv1.CreateOrderPayment) *paymentsv1.CommandReply {
			r := ready(c)
			r.Payment.Status, r.Payment.StatusDetail, r.Payment.PaymentUrl = "failed", "refused_by_provider", ""
			return r
		}, errs.PaymentRefused},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			f.office.does(c.makes)
			r := f.tap(t)
			_, err := f.PlaceOrder(t.Context(), r)
			wantCode(t, err, c.code)
			o := f.wantStatus(t, f.onlyOrder(t).GetId(), PaymentFailed)
			if last := o.GetHistory()[1]; last.GetCause() != byGateway || last.GetDetail() != "payment_not_created" || o.GetPaymentStatus() != "unpaid" {
				t.Errorf("order %v", o)
			}
			if n := f.stock(t, r.GetItems()[0].GetProductId()); n != 10 {
				t.Errorf("stock %d", n)
			}
			f.office.wantAsks(t, 1)
			f.clock.Advance(time.Hour)
			f.office.wantAsks(t, 0)
			// The key is free for another try, which is refused only when it is due.
			f.office.answers(errs.Unavailable)
			_, err = f.PlaceOrder(t.Context(), r)
			wantCode(t, err, errs.Unavailable)
			f.office.answers("")
			f.clock.Advance(2 * time.Second)
			f.office.wantAsks(t, 2)
			if got := f.announced(t, o.GetId()); !slices.Equal(got, []string{"order.awaiting_payment", "order.payment_failed"}) {
				t.Errorf("announced %v", got)
			}
			res, err := f.ListOrders(t.Context(), &qrv1.ListOrdersRequest{MerchantId: f.merchant, Limit: 10, Status: string(PaymentFailed)})
			if err != nil || len(res.GetOrders()) != 2 {
				t.Errorf("failed: %v, %v", res, err)
			}
		})
	}
}

func TestAPaymentIsAskedForAsLongAsThereIsTimeToPay(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.office.answers(errs.Unavailable)
	r := f.tap(t)
	_, err := f.PlaceOrder(t.Context(), r)
	wantCode(t, err, errs.Unavailable)
	o := f.onlyOrder(t)
	f.office.wantAsks(t, 1)
	f.clock.Advance(payableFor - time.Microsecond)
	f.office.wantAsks(t, 1)
	f.wantStatus(t, o.GetId(), AwaitingPayment)
	f.clock.Advance(maxAskWait)
	_, err = f.PlaceOrder(t.Context(), r)
	wantCode(t, err, errs.InvalidState)
	f.office.wantAsks(t, 1)
	f.wantStatus(t, o.GetId(), PaymentFailed)
	f.clock.Advance(time.Hour)
	f.office.wantAsks(t, 0)
}

// TestAnOrderOfAnEarlierVersionIsAskedForByItsGuest: that version left the payment to the gateway, which died.
func TestAnOrderOfAnEarlierVersionIsAskedForByItsGuest(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := f.tap(t)
	o, err := f.readOrder(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.placed(t, o, r); err != nil {
		t.Fatal(err)
	}
	if _, err := f.pool.Exec(t.Context(), `update orders set ask_due_at = null, ask_attempts = 0`); err != nil {
		t.Fatal(err)
	}
	f.clock.Advance(time.Minute)
	f.office.answers(errs.Unavailable)
	f.office.wantAsks(t, 0)
	_, err = f.PlaceOrder(t.Context(), r)
	wantCode(t, err, errs.Unavailable)
	f.office.answers("")
	f.clock.Advance(2 * time.Second)
	f.office.wantAsks(t, 2) // the guest's, and one of its own from now on
	if got := f.guests(t, o.ID); got.GetPaymentUrl() != bankURL {
		t.Errorf("the guest reads %v", got)
	}
}

// TestAnOrderThatEndedIsNotAskedFor, whichever way it ended while its payment was waited for.
func TestAnOrderThatEndedIsNotAskedFor(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*fixture, *qrv1.Order){
		"cancelled": func(f *fixture, o *qrv1.Order) { f.cancel(t, o, false) },
		"expired": func(f *fixture, _ *qrv1.Order) {
			f.clock.Advance(payWithin)
			if n, err := f.Sweep(t.Context()); n != 1 || err != nil {
				t.Error(n, err)
			}
		},
		"paid":   func(f *fixture, o *qrv1.Order) { f.apply(t, payment("completed", o, payRef)) },
		"failed": func(f *fixture, o *qrv1.Order) { f.apply(t, payment("failed", o, payRef)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			f.office.answers(errs.Unavailable)
			_, err := f.PlaceOrder(t.Context(), f.tap(t))
			wantCode(t, err, errs.Unavailable)
			o := f.onlyOrder(t)
			f.office.wantAsks(t, 1)
			end(f, o)
			f.office.answers("")
			f.clock.Advance(time.Hour)
			f.office.wantAsks(t, 0)
			if got := f.guests(t, o.GetId()); got.GetPaymentUrl() != "" || got.GetStatus() == string(AwaitingPayment) {
				t.Errorf("the guest reads %v", got)
			}
		})
	}
}

// TestAnOrderThatEndsWhileItsPaymentIsMadeKeepsItsEnd, and the payment is cancelled.
func TestAnOrderThatEndsWhileItsPaymentIsMadeKeepsItsEnd(t *testing.T) {
	t.Parallel()
	f := setup(t)
	var once sync.Once
	f.office.does(func(c *paymentsv1.CreateOrderPayment) *paymentsv1.CommandReply {
		once.Do(func() { f.cancel(t, &qrv1.Order{Id: c.GetOrderId()}, false) })
		return ready(c)
	})
	res, err := f.PlaceOrder(t.Context(), f.tap(t))
	if err != nil || res.GetPaymentWanted() || res.GetOrder().GetStatus() != string(Cancelled) || res.GetOrder().GetPaymentUrl() != "" {
		t.Fatalf("got %v, %v", res, err)
	}
	f.office.wantCancelled(t, res.GetOrder())
}

// TestAGuestWhoTapsTwiceHasOneOrderAndOnePayment, also at the same time.
func TestAGuestWhoTapsTwiceHasOneOrderAndOnePayment(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := f.tap(t)
	var taps sync.WaitGroup
	for range 8 {
		taps.Go(func() {
			res, err := f.replica().PlaceOrder(t.Context(), r)
			if err != nil || res.GetOrder().GetPaymentUrl() != bankURL || res.GetOrder().GetPaymentReference() != payRef {
				t.Errorf("got %v, %v", res, err)
			}
		})
	}
	taps.Wait()
	o := f.onlyOrder(t)
	for _, c := range f.office.asked(t) {
		if c.GetReference() != payRef || c.GetOrderId() != o.GetId() {
			t.Errorf("asked for %v", c)
		}
	}
}
