package table

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"european-pay.eu/eupay/internal/errs"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

func TestTheOrderOfTheAPIReferenceIsPlaced(t *testing.T) {
	t.Parallel()
	f := setup(t)
	coffee := f.product(t, f.merchant, "Café Noisette", 350, 500)
	r := f.request(&qrv1.OrderItem{ProductId: coffee, Quantity: 2, Notes: "sans sucre"})
	res, err := f.PlaceOrder(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	o := res.GetOrder()
	if o.GetStatus() != "received" || o.GetTotalCents() != 700 || o.GetVatCents() != 64 || o.GetNumber() != 1 || o.GetTableName() != "Table 4" || res.GetPaymentWanted() {
		t.Errorf("got %v", res)
	}
	if l := o.GetLines()[0]; l.GetName() != "Café Noisette" || l.GetNotes() != "sans sucre" || l.GetUnitPriceCents() != 350 || l.GetVatPerMille() != 100 {
		t.Errorf("line %v", l)
	}
	if res.GetPageUrl() != "https://european-pay.fr/order/"+f.merchant+"/"+f.table.GetToken() {
		t.Errorf("page %s", res.GetPageUrl())
	}
	if n := f.stock(t, coffee); n != 498 {
		t.Errorf("stock %d", n)
	}
	for _, to := range []string{"preparing", "ready", "served"} {
		if _, err := f.SetOrderStatus(t.Context(), &qrv1.SetOrderStatusRequest{MerchantId: f.merchant, Id: o.GetId(), Status: to}); err != nil {
			t.Fatal(err)
		}
	}
	if got := f.announced(t, o.GetId()); !slices.Equal(got, []string{"order.received", "order.preparing", "order.ready", "order.served"}) {
		t.Errorf("announced %v", got)
	}
	if h := f.order(t, o.GetId()).GetHistory(); len(h) != 4 || h[3].GetCause() != "merchant" || h[3].GetFromStatus() != "ready" {
		t.Errorf("history %v", h)
	}
}

func TestOfTwoGuestsOneGetsTheLastItem(t *testing.T) {
	t.Parallel()
	f := setup(t)
	last := f.product(t, f.merchant, "Tarte", 600, 1)
	var wg sync.WaitGroup
	results := make([]error, 8)
	for i := range results {
		wg.Go(func() { _, results[i] = f.PlaceOrder(t.Context(), f.request(item(last, 1))) })
	}
	wg.Wait()
	won := 0
	for _, err := range results {
		if err == nil {
			won++
			continue
		}
		wantFields(t, err, "items[0].productId")
	}
	if won != 1 || f.stock(t, last) != 0 {
		t.Errorf("%d got the last one, %d are left", won, f.stock(t, last))
	}
}

func TestAnUnavailableItemIsIdentifiedByItsPositionOnly(t *testing.T) {
	t.Parallel()
	f := setup(t)
	good := f.product(t, f.merchant, "Café", 350, 10)
	other := uuid.NewString()
	f.newTable(t, other, "Their table")
	foreign := f.product(t, other, "Theirs", 100, 10)
	hidden := f.product(t, f.merchant, "Hidden", 100, 10)
	if _, err := f.pool.Exec(t.Context(), `update products set is_available = false where id = $1`, hidden); err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, id := range []string{foreign, hidden, uuid.NewString(), "nonsense", f.product(t, f.merchant, "Out", 100, 0)} {
		_, err := f.PlaceOrder(t.Context(), f.request(item(good, 1), item(id, 1)))
		wantFields(t, err, "items[1].productId")
		texts = append(texts, err.Error())
	}
	if len(slices.Compact(texts)) != 1 {
		t.Errorf("the answers differ: %q", texts)
	}
	if f.stock(t, good) != 10 || f.stock(t, foreign) != 10 {
		t.Error("a refused order took goods")
	}
}

func TestABadOrderNamesItsFields(t *testing.T) {
	t.Parallel()
	f := setup(t)
	coffee := f.product(t, f.merchant, "Café", 350, 1000)
	many := make([]*qrv1.OrderItem, 31)
	for i := range many {
		many[i] = item(coffee, 1)
	}
	for field, r := range map[string]*qrv1.PlaceOrderRequest{
		"items":             f.request(many...),
		"items[0].quantity": f.request(item(coffee, 100)),
		"items[0].notes":    f.request(&qrv1.OrderItem{ProductId: coffee, Quantity: 1, Notes: strings.Repeat("x", 201)}),
		"orderType":         {MerchantId: f.merchant, Token: f.table.GetToken(), Items: many[:1], OrderType: "delivery"},
	} {
		_, err := f.PlaceOrder(t.Context(), r)
		wantFields(t, err, field)
	}
	_, err := f.PlaceOrder(t.Context(), f.request())
	wantFields(t, err, "items")
	f.mustPlace(t, f.request(many[:30]...))
	if n := f.stock(t, coffee); n != 970 {
		t.Errorf("stock %d", n)
	}
}

func TestTagsAreStrippedFromEveryText(t *testing.T) {
	t.Parallel()
	f := setup(t)
	coffee := f.product(t, f.merchant, "Café", 350, 10)
	r := f.request(&qrv1.OrderItem{ProductId: coffee, Quantity: 1, Notes: `<img src=x onerror=alert(1)>no milk`})
	r.CustomerName, r.Notes = `<b>Jane</b> <scr<script>ipt>`, "I <3 it, 1 < 2 <script"
	o := f.mustPlace(t, r)
	if o.GetCustomerName() != "Jane" || o.GetNotes() != "I <3 it, 1 < 2 <script" || o.GetLines()[0].GetNotes() != "no milk" {
		t.Errorf("got %q, %q, %q", o.GetCustomerName(), o.GetNotes(), o.GetLines()[0].GetNotes())
	}
}

func TestADoubleTapMakesOneOrder(t *testing.T) {
	t.Parallel()
	f := setup(t)
	coffee := f.product(t, f.merchant, "Café", 350, 10)
	r := f.paidRequest(item(coffee, 2))
	r.IdempotencyKey = "tap"
	var wg sync.WaitGroup
	ids := make([]string, 6)
	for i := range ids {
		wg.Go(func() {
			res, err := f.PlaceOrder(t.Context(), r)
			if err != nil || !res.GetPaymentWanted() {
				t.Errorf("%v, %v", res, err)
			}
			ids[i] = res.GetOrder().GetId() + fmt.Sprint(res.GetOrder().GetNumber(), len(res.GetOrder().GetLines()))
		})
	}
	wg.Wait()
	slices.Sort(ids)
	if len(slices.Compact(ids)) != 1 || f.stock(t, coffee) != 8 {
		t.Errorf("orders %v, stock %d", ids, f.stock(t, coffee))
	}
	other := f.paidRequest(item(coffee, 3))
	other.IdempotencyKey = "tap"
	_, err := f.PlaceOrder(t.Context(), other)
	wantCode(t, err, errs.IdempotencyConflict)
	// The next day it is another order.
	f.clock.Advance(25 * time.Hour)
	f.mustPlace(t, other)
}

func TestAnOrderThatIsPaidIsReceivedOnce(t *testing.T) {
	t.Parallel()
	f := setup(t)
	coffee := f.product(t, f.merchant, "Café", 350, 10)
	r := f.request(item(coffee, 1))
	r.OrderType = takeaway // is paid first, whatever the guest says
	o := f.mustPlace(t, r)
	if o.GetStatus() != "awaiting_payment" {
		t.Fatalf("takeaway is %s", o.GetStatus())
	}
	f.apply(t, payment("completed", o, "PAY-1"), payment("completed", o, "PAY-1"), payment("failed", o, "PAY-1"), payment("cancelled", o, "PAY-1"))
	got := f.wantStatus(t, o.GetId(), Received)
	if got.GetPaymentReference() != "PAY-1" || got.GetPaidLate() || f.stock(t, coffee) != 9 {
		t.Errorf("got %v, stock %d", got, f.stock(t, coffee))
	}
	if types := f.announced(t, o.GetId()); !slices.Equal(types, []string{"order.awaiting_payment", "order.received"}) {
		t.Errorf("announced %v", types)
	}
	// A second payment must be refunded.
	f.apply(t, payment("completed", o, "PAY-2"))
	if got := f.wantStatus(t, o.GetId(), Received); !got.GetPaidLate() || got.GetPaymentReference() != "PAY-1" {
		t.Errorf("got %v", got)
	}
}

func TestAFailedPaymentReturnsTheGoodsOnce(t *testing.T) {
	t.Parallel()
	f := setup(t)
	coffee := f.product(t, f.merchant, "Café", 350, 10)
	for _, what := range []string{"failed", "cancelled"} {
		o := f.mustPlace(t, f.paidRequest(item(coffee, 1), item(coffee, 2)))
		f.apply(t, payment(what, o, "PAY-1"), payment(what, o, "PAY-1"), payment("failed", o, "PAY-1"))
		f.wantStatus(t, o.GetId(), PaymentFailed)
		if err := f.giveUp(t.Context(), o.GetId()); err != nil {
			t.Fatal(err)
		}
		if n := f.stock(t, coffee); n != 10 {
			t.Errorf("stock %d after %s", n, what)
		}
	}
}

func TestOnlyAPaymentThatFitsItsOrderIsApplied(t *testing.T) {
	t.Parallel()
	f := setup(t)
	coffee := f.product(t, f.merchant, "Café", 350, 10)
	o := f.mustPlace(t, f.paidRequest(item(coffee, 1)))
	spoil := func(do func(*paymentsv1.Payment), live bool, merchant string) {
		t.Helper()
		p := &paymentsv1.Payment{Reference: "PAY-1", MerchantId: merchant, Livemode: live, AmountCents: 350, Currency: "EUR", Origin: "order", OrderId: o.GetId()}
		do(p)
		f.apply(t, changed("payment.completed", merchant, live, &eventsv1.PaymentChanged{Payment: p}))
		f.wantStatus(t, o.GetId(), AwaitingPayment)
	}
	none := func(*paymentsv1.Payment) {}
	spoil(func(p *paymentsv1.Payment) { p.AmountCents = 349 }, false, f.merchant)
	spoil(func(p *paymentsv1.Payment) { p.Origin = "api" }, false, f.merchant)
	spoil(func(p *paymentsv1.Payment) { p.Origin = "" }, false, f.merchant)
	spoil(func(p *paymentsv1.Payment) { p.OrderId = uuid.NewString() }, false, f.merchant)
	spoil(func(p *paymentsv1.Payment) { p.Currency = "USD" }, false, f.merchant)
	spoil(none, true, f.merchant)
	spoil(none, false, uuid.NewString())
	// Another payment than the one the order waits for says nothing.
	f.apply(t, payment("failed", o, "PAY-0"))
	f.wantStatus(t, o.GetId(), AwaitingPayment)
}

func TestAnUnpaidOrderExpiresAndALatePaymentIsNeverLost(t *testing.T) {
	t.Parallel()
	f := setup(t)
	cake := f.product(t, f.merchant, "Tarte", 600, 1)
	first := f.mustPlace(t, f.paidRequest(item(cake, 1)))
	f.clock.Advance(35*time.Minute - time.Microsecond)
	if n, err := f.Sweep(t.Context()); n != 0 || err != nil {
		t.Fatalf("swept %d, %v", n, err)
	}
	f.clock.Advance(time.Microsecond)
	for _, want := range []int{1, 0} {
		if n, err := f.Sweep(t.Context()); n != want || err != nil {
			t.Fatalf("swept %d, %v, want %d", n, err, want)
		}
	}
	f.wantStatus(t, first.GetId(), Expired)
	if f.stock(t, cake) != 1 {
		t.Fatal("the goods did not come back")
	}
	second := f.mustPlace(t, f.paidRequest(item(cake, 1)))
	f.apply(t, payment("completed", first, "PAY-1"))
	if got := f.wantStatus(t, first.GetId(), Expired); !got.GetPaidLate() || got.GetPaymentReference() != "PAY-1" {
		t.Errorf("a paid order is lost: %v", got)
	}
	if types := f.announced(t, first.GetId()); !slices.Equal(types, []string{"order.awaiting_payment", "order.expired", "order.paid_late"}) {
		t.Errorf("announced %v", types)
	}
	// The second guest's goods are there again when that payment comes late.
	f.apply(t, payment("failed", second, "PAY-2"), payment("completed", second, "PAY-2"))
	if got := f.wantStatus(t, second.GetId(), Received); got.GetPaidLate() || f.stock(t, cake) != 0 {
		t.Errorf("got %v, stock %d", got, f.stock(t, cake))
	}
	// What the merchant cancelled stays cancelled.
	bun := f.product(t, f.merchant, "Brioche", 200, 5)
	third := f.mustPlace(t, f.paidRequest(item(bun, 1)))
	if _, err := f.SetOrderStatus(t.Context(), &qrv1.SetOrderStatusRequest{MerchantId: f.merchant, Id: third.GetId(), Status: "cancelled"}); err != nil {
		t.Fatal(err)
	}
	f.apply(t, payment("completed", third, "PAY-3"))
	if got := f.wantStatus(t, third.GetId(), Cancelled); !got.GetPaidLate() || f.stock(t, bun) != 5 {
		t.Errorf("got %v, stock %d", got, f.stock(t, bun))
	}
}

func TestOnlyAllowedStepsAreTaken(t *testing.T) {
	t.Parallel()
	f := setup(t)
	coffee := f.product(t, f.merchant, "Café", 350, 1000)
	states := []Status{AwaitingPayment, Received, Preparing, Ready, Served, Cancelled, Expired, PaymentFailed}
	steps := map[Status][]Status{AwaitingPayment: nil, Received: nil, Preparing: {Preparing}, Ready: {Preparing, Ready}, Served: {Preparing, Ready, Served}, Cancelled: {Cancelled}}
	set := func(id string, to Status) error {
		_, err := f.SetOrderStatus(t.Context(), &qrv1.SetOrderStatusRequest{MerchantId: f.merchant, Id: id, Status: string(to)})
		return err
	}
	for from, path := range steps {
		for _, to := range append(states, "", "nonsense") {
			r := f.request(item(coffee, 1))
			r.PayNow = from == AwaitingPayment
			r.Token = f.newTable(t, f.merchant, "Table").GetToken() // so many orders are too many for one
			o := f.mustPlace(t, r)
			for _, step := range path {
				if err := set(o.GetId(), step); err != nil {
					t.Fatal(err)
				}
			}
			err := set(o.GetId(), to)
			if slices.Contains(next[from], to) {
				if err != nil {
					t.Errorf("%s to %s: %v", from, to, err)
				}
			} else {
				wantCode(t, err, errs.InvalidState)
			}
		}
	}
	o := f.mustPlace(t, f.request(item(coffee, 1)))
	_, err := f.SetOrderStatus(t.Context(), &qrv1.SetOrderStatusRequest{MerchantId: uuid.NewString(), Id: o.GetId(), Status: "preparing"})
	wantCode(t, err, errs.NotFoundCode)
}

func TestAnotherMerchantsOrderDoesNotExist(t *testing.T) {
	t.Parallel()
	f := setup(t)
	coffee := f.product(t, f.merchant, "Café", 350, 10)
	o := f.mustPlace(t, f.request(item(coffee, 1)))
	stranger := uuid.NewString()
	_, err := f.GetOrder(t.Context(), &qrv1.GetOrderRequest{MerchantId: stranger, Id: o.GetId()})
	wantCode(t, err, errs.NotFoundCode)
	for _, pair := range [][2]string{{o.GetId(), newToken()}, {uuid.NewString(), f.table.GetToken()}, {"x", "y"}} {
		_, err := f.GetGuestOrder(t.Context(), &qrv1.GetGuestOrderRequest{OrderId: pair[0], Token: pair[1]})
		wantCode(t, err, errs.NotFoundCode)
	}
	if _, err := f.GetGuestOrder(t.Context(), &qrv1.GetGuestOrderRequest{OrderId: o.GetId(), Token: f.table.GetToken()}); err != nil {
		t.Error(err)
	}
	f.mustPlace(t, f.paidRequest(item(coffee, 1)))
	list, err := f.ListOrders(t.Context(), &qrv1.ListOrdersRequest{MerchantId: f.merchant, Page: 1, Limit: 10, Status: "received", TableId: f.table.GetId()})
	if err != nil || list.GetTotal() != 1 || len(list.GetOrders()) != 1 || len(list.GetOrders()[0].GetLines()) != 1 {
		t.Errorf("got %v, %v", list, err)
	}
	kitchen, err := f.ListKitchen(t.Context(), &qrv1.ListKitchenRequest{MerchantId: f.merchant})
	if err != nil || len(kitchen.GetOrders()) != 1 || kitchen.GetOrders()[0].GetId() != o.GetId() {
		t.Errorf("got %v, %v", kitchen, err)
	}
	if none, err := f.ListOrders(t.Context(), &qrv1.ListOrdersRequest{MerchantId: stranger}); err != nil || none.GetTotal() != 0 {
		t.Errorf("got %v, %v", none, err)
	}
}

func TestOrdersAreReadToTheirEndWhileNewOnesArrive(t *testing.T) {
	t.Parallel()
	f := setup(t)
	coffee := f.product(t, f.merchant, "Café", 350, 100)
	place := func() string { return f.mustPlace(t, f.request(item(coffee, 1))).GetId() }
	placed := map[string]bool{place(): true, place(): true, place(): true} // all at one instant
	page, err := f.ListOrders(t.Context(), &qrv1.ListOrdersRequest{MerchantId: f.merchant, Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	last, seen := page.GetOrders()[0].GetId(), 1
	f.clock.Advance(time.Second)
	for more := true; more; seen++ {
		place()
		next, err := f.ListOrders(t.Context(), &qrv1.ListOrdersRequest{MerchantId: f.merchant, Limit: 1, StartingAfter: last})
		if err != nil || len(next.GetOrders()) != 1 || !placed[next.GetOrders()[0].GetId()] || next.GetOrders()[0].GetId() == last {
			t.Fatalf("after %s: %v, %v", last, next, err)
		}
		last, more = next.GetOrders()[0].GetId(), next.GetHasMore()
	}
	if seen != len(placed) {
		t.Errorf("saw %d orders, want %d", seen, len(placed))
	}
	for merchant, after := range map[string]string{f.merchant: "x", uuid.NewString(): last} {
		_, err := f.ListOrders(t.Context(), &qrv1.ListOrdersRequest{MerchantId: merchant, StartingAfter: after})
		wantCode(t, err, errs.ValidationError)
	}
}

func TestAnOrderThatCannotBePaidIsRefusedOrAbandoned(t *testing.T) {
	t.Parallel()
	f := setup(t)
	coffee, ring := f.product(t, f.merchant, "Café", 350, 10), f.product(t, f.merchant, "Ring", 1_000_001, 10)
	r := f.paidRequest(item(coffee, 1))
	r.Payable = false
	_, err := f.PlaceOrder(t.Context(), r)
	wantCode(t, err, errs.MerchantNotEnabled)
	_, err = f.PlaceOrder(t.Context(), f.paidRequest(item(ring, 1)))
	wantFields(t, err, "items")
	r.Payable, r.IdempotencyKey = true, "tap"
	o := f.mustPlace(t, r)
	if err := f.giveUp(t.Context(), o.GetId()); err != nil {
		t.Fatal(err)
	}
	f.wantStatus(t, o.GetId(), PaymentFailed)
	if again := f.mustPlace(t, r); again.GetId() == o.GetId() || again.GetStatus() != "awaiting_payment" {
		t.Errorf("a repetition finds the order that came to nothing")
	}
	if n := f.stock(t, coffee); n != 9 {
		t.Errorf("stock %d", n)
	}
}
