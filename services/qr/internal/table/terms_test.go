package table

import (
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/qr/internal/hours"
	"european-pay.eu/eupay/services/qr/internal/promotion"
)

// The clock of the tests begins on Wednesday 17 June 2026 at 14:00 in Paris.

func (f *fixture) hours() *hours.Server { return hours.NewServer(f.pool, f.clock.Now) }

func (f *fixture) opens(t testing.TB, services ...*qrv1.MealService) {
	t.Helper()
	if _, err := f.hours().SetHours(t.Context(), &qrv1.SetHoursRequest{MerchantId: f.merchant, Services: services}); err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) fetches(t testing.TB, p *qrv1.Pickup) {
	t.Helper()
	if _, err := f.hours().SetPickup(t.Context(), &qrv1.SetPickupRequest{MerchantId: f.merchant, Pickup: p}); err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) slots(t testing.TB) []time.Time {
	t.Helper()
	res, err := f.hours().ListSlots(t.Context(), &qrv1.ListSlotsRequest{MerchantId: f.merchant, Token: f.table.GetToken()})
	if err != nil {
		t.Fatal(err)
	}
	var list []time.Time
	for _, at := range res.GetStartsAt() {
		list = append(list, at.AsTime())
	}
	return list
}

func meal(name, from, until string) *qrv1.MealService {
	return &qrv1.MealService{Name: name, Windows: []*qrv1.WeeklyWindow{{From: from, Until: until}}}
}

func TestOrdersAreTakenInTheHoursOfTheMerchant(t *testing.T) {
	t.Parallel()
	f := setup(t)
	coffee, wine := f.product(t, f.merchant, "Coffee", 350, 50), f.product(t, f.merchant, "Wine", 900, 50)
	lunch, dinner := meal("Lunch", "12:00", "15:00"), meal("Dinner", "19:00", "01:00")
	lunch.Products, lunch.LastOrderMinutes = []string{coffee}, 30
	f.opens(t, lunch, dinner)
	f.mustPlace(t, f.request(item(coffee, 1)))
	if _, err := f.PlaceOrder(t.Context(), f.request(item(coffee, 1), item(wine, 1))); err == nil {
		t.Error("wine is sold at lunch")
	} else {
		wantFields(t, err, "items[1].productId")
	}
	if m := f.menu(t, f.Server, f.table.GetToken()); len(m["menu"].(map[string]any)["boissons"].([]any)) != 1 {
		t.Errorf("the menu of lunch is %v", m["menu"])
	}
	f.clock.Advance(30 * time.Minute)
	_, err := f.PlaceOrder(t.Context(), f.request(item(coffee, 1)))
	if e := wantCode(t, err, errs.Closed); e.RetryAfter != 4*time.Hour+30*time.Minute {
		t.Errorf("closed for %v", e.RetryAfter)
	}
	m := f.menu(t, f.Server, f.table.GetToken())
	ordering := m["ordering"].(map[string]any)["dine_in"].(map[string]any)
	if ordering["open"] != false || ordering["opens_at"] != "2026-06-17T17:00:00Z" || len(m["menu"].(map[string]any)["boissons"].([]any)) != 2 {
		t.Errorf("closed, the menu says %v", m)
	}
	if f.stock(t, coffee) != 49 {
		t.Error("an order that was refused took goods")
	}
	if _, err := f.hours().PauseOrders(t.Context(), &qrv1.PauseOrdersRequest{MerchantId: f.merchant, Minutes: 300, Kind: "all"}); err != nil {
		t.Fatal(err)
	}
	f.clock.Advance(4*time.Hour + 45*time.Minute)
	_, err = f.PlaceOrder(t.Context(), f.request(item(wine, 1)))
	if e := wantCode(t, err, errs.Closed); e.RetryAfter != 15*time.Minute {
		t.Errorf("paused for %v", e.RetryAfter)
	}
	f.clock.Advance(15 * time.Minute) // nobody ends the pause
	f.mustPlace(t, f.request(item(wine, 1)))
}

// A guest who repeats a request finds the order, also when no new one would be taken.
func TestARepeatedOrderIsFoundAfterTheHours(t *testing.T) {
	t.Parallel()
	f := setup(t)
	coffee := f.product(t, f.merchant, "Coffee", 350, 50)
	r := f.request(item(coffee, 1))
	r.IdempotencyKey = "once"
	first := f.mustPlace(t, r)
	f.opens(t, meal("Dinner", "19:00", "01:00"))
	if again := f.mustPlace(t, r); again.GetId() != first.GetId() {
		t.Error("another order")
	}
}

// recorded is the order as its transaction leaves it; nobody waits for its payment, which a busy machine makes late.
func (f *fixture) recorded(t testing.TB, r *qrv1.PlaceOrderRequest) (*qrv1.Order, error) {
	t.Helper()
	o, err := f.readOrder(r)
	if err == nil {
		err = f.placed(t, o, r)
	}
	if err != nil {
		return nil, err
	}
	return o.view(), nil
}

func TestASlotTakesAsManyOrdersAsItHasPlaces(t *testing.T) {
	t.Parallel()
	f := setup(t)
	coffee := f.product(t, f.merchant, "Coffee", 350, 500)
	f.fetches(t, &qrv1.Pickup{SlotMinutes: 15, SlotCapacity: 3, PreparationMinutes: 20})
	slot := f.slots(t)[0]
	if want := time.Date(2026, 6, 17, 12, 30, 0, 0, time.UTC); !slot.Equal(want) {
		t.Fatalf("the first slot is %v, want %v", slot, want)
	}
	wanted := func() *qrv1.PlaceOrderRequest {
		r := f.paidRequest(item(coffee, 1))
		r.OrderType, r.PickupAt, r.PaymentReference = takeaway, timestamppb.New(slot), ""
		return r
	}
	other := f.newTable(t, f.merchant, "Table 5")
	var mu sync.Mutex
	var placed []*qrv1.Order
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			r := wanted()
			if i%2 == 0 {
				r.Token = other.GetToken()
			}
			o, err := f.recorded(t, r)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				placed = append(placed, o)
				return
			}
			if e := errs.From(err); e.Code != errs.SlotFull || len(e.Slots) != maxOffered || !e.Slots[0].Equal(slot.Add(15*time.Minute)) {
				t.Errorf("refused with %v and %v", err, e.Slots)
			}
		})
	}
	all.Wait()
	if len(placed) != 3 || !placed[0].GetPickupAt().AsTime().Equal(slot) {
		t.Fatalf("%d orders have a place, at %v", len(placed), placed[0].GetPickupAt().AsTime())
	}
	if f.slots(t)[0].Equal(slot) {
		t.Error("a full slot is offered")
	}
	// Its end gives the place back, once; a late payment takes it again, or leaves the order to the merchant.
	f.apply(t, payment("failed", placed[0], placed[0].GetPaymentReference()))
	f.apply(t, payment("failed", placed[0], placed[0].GetPaymentReference()))
	next := f.mustPlace(t, wanted())
	if _, err := f.PlaceOrder(t.Context(), wanted()); !errs.Is(err, errs.SlotFull) {
		t.Errorf("a place was given back twice: %v", err)
	}
	left := f.stock(t, coffee)
	f.apply(t, payment("completed", placed[0], placed[0].GetPaymentReference()))
	if late := f.order(t, placed[0].GetId()); late.GetStatus() != string(PaymentFailed) || !late.GetPaidLate() || f.stock(t, coffee) != left {
		t.Errorf("paid late, without a place: %s, late %t, %d left of %d", late.GetStatus(), late.GetPaidLate(), f.stock(t, coffee), left)
	}
	f.apply(t, payment("failed", next, next.GetPaymentReference()))
	f.apply(t, payment("completed", next, next.GetPaymentReference()))
	f.wantStatus(t, next.GetId(), Received)
	if _, err := f.PlaceOrder(t.Context(), wanted()); !errs.Is(err, errs.SlotFull) {
		t.Errorf("a place was not taken again: %v", err)
	}
}

// Whoever has nothing but the code of a table cannot keep a slot from all others without paying.
func TestOneTableHoldsHalfOfASlotWithoutPaying(t *testing.T) {
	t.Parallel()
	f := setup(t)
	coffee := f.product(t, f.merchant, "Coffee", 350, 500)
	f.fetches(t, &qrv1.Pickup{SlotMinutes: 60, SlotCapacity: 8})
	r := f.paidRequest(item(coffee, 1))
	r.OrderType, r.PickupAt, r.PaymentReference = takeaway, timestamppb.New(f.slots(t)[0]), ""
	first := f.mustPlace(t, r)
	for range 3 {
		f.mustPlace(t, r)
	}
	_, err := f.PlaceOrder(t.Context(), r)
	if e := wantCode(t, err, errs.SlotFull); e.Slots[0].Equal(r.GetPickupAt().AsTime()) {
		t.Error("it is offered the slot that it was refused")
	}
	f.apply(t, payment("completed", first, first.GetPaymentReference()))
	f.mustPlace(t, r)
	r.Token = f.newTable(t, f.merchant, "Table 5").GetToken()
	f.mustPlace(t, r)
}

// maxOffered is how many free slots a refusal names.
const maxOffered = 10

func (f *fixture) code(t testing.TB, c *qrv1.PromotionCode) *qrv1.PromotionCode {
	t.Helper()
	c.IsActive = true
	res, err := promotion.NewServer(f.pool, f.clock.Now).CreatePromotionCode(t.Context(), &qrv1.CreatePromotionCodeRequest{MerchantId: f.merchant, Code: c})
	if err != nil {
		t.Fatal(err)
	}
	return res.GetCode()
}

func (f *fixture) uses(t testing.TB, c *qrv1.PromotionCode) int64 {
	t.Helper()
	res, err := promotion.NewServer(f.pool, f.clock.Now).GetPromotionCode(t.Context(), &qrv1.GetPromotionCodeRequest{MerchantId: f.merchant, Id: c.GetId()})
	if err != nil {
		t.Fatal(err)
	}
	return res.GetCode().GetUses()
}

func TestACodeIsUsedAsOftenAsItMay(t *testing.T) {
	t.Parallel()
	f := setup(t)
	coffee := f.product(t, f.merchant, "Coffee", 350, 500)
	code := f.code(t, &qrv1.PromotionCode{Code: "bienvenue-10", Name: "Bienvenue", Type: percentage, Value: 1000, MaxUses: 2})
	wanted := func() *qrv1.PlaceOrderRequest {
		r := f.paidRequest(item(coffee, 2))
		r.PromotionCode, r.PaymentReference = " Bienvenue-10 ", ""
		return r
	}
	var mu sync.Mutex
	var placed []*qrv1.Order
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			o, err := f.recorded(t, wanted())
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				placed = append(placed, o)
			} else if !errs.Is(err, errs.ValidationError) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if len(placed) != 2 || f.uses(t, code) != 2 {
		t.Fatalf("%d orders have the code, %d are counted", len(placed), f.uses(t, code))
	}
	if o := placed[0]; o.GetTotalCents() != 630 || o.GetOfferName() != "Bienvenue" || o.GetPromotionCode() != "BIENVENUE-10" || o.GetDiscountCents() != 70 {
		t.Errorf("the order is %v", o)
	}
	f.apply(t, payment("failed", placed[0], placed[0].GetPaymentReference()))
	f.apply(t, payment("completed", placed[1], placed[1].GetPaymentReference()))
	if n := f.uses(t, code); n != 1 {
		t.Errorf("one was not paid, and %d are counted", n)
	}
	if _, err := f.SetOrderStatus(t.Context(), &qrv1.SetOrderStatusRequest{MerchantId: f.merchant, Id: placed[1].GetId(), Status: string(Cancelled)}); err != nil {
		t.Fatal(err)
	}
	if n := f.uses(t, code); n != 1 {
		t.Errorf("what was paid with a code stays used, and %d are counted", n)
	}
	f.apply(t, payment("completed", placed[0], placed[0].GetPaymentReference()))
	f.wantStatus(t, placed[0].GetId(), Received)
	if n := f.uses(t, code); n != 2 {
		t.Errorf("an order that was taken up again uses the code, and %d are counted", n)
	}
}

// Whoever guesses codes learns nothing from the refusal.
func TestEveryCodeThatDoesNotHelpIsRefusedAlike(t *testing.T) {
	t.Parallel()
	f := setup(t)
	coffee, wine := f.product(t, f.merchant, "Coffee", 350, 500), f.product(t, f.merchant, "Wine", 900, 50)
	past := timestamppb.New(f.clock.Now())
	f.code(t, &qrv1.PromotionCode{Code: "OVER", Type: percentage, Value: 1000, EndsAt: past})
	f.code(t, &qrv1.PromotionCode{Code: "LARGER", Type: percentage, Value: 1000, MinOrderCents: 1000})
	f.code(t, &qrv1.PromotionCode{Code: "OTHER", Type: percentage, Value: 1000, Products: []string{wine}})
	off := f.code(t, &qrv1.PromotionCode{Code: "SWITCHED-OFF", Type: percentage, Value: 1000})
	no := false
	if _, err := promotion.NewServer(f.pool, f.clock.Now).UpdatePromotionCode(t.Context(), &qrv1.UpdatePromotionCodeRequest{MerchantId: f.merchant, Id: off.GetId(), IsActive: &no}); err != nil {
		t.Fatal(err)
	}
	said := map[string]bool{}
	for _, code := range []string{"UNKNOWN", "OVER", "LARGER", "OTHER", "SWITCHED-OFF", "é"} {
		r := f.request(item(coffee, 1))
		r.PromotionCode = code
		_, err := f.PlaceOrder(t.Context(), r)
		wantFields(t, err, "promotion_code")
		said[errs.From(err).Message] = true
	}
	if len(said) != 1 {
		t.Errorf("they are refused with %v", said)
	}
	if n := f.stock(t, coffee); n != 500 {
		t.Errorf("refused orders took %d", 500-n)
	}
}

func TestACodeForSomeProductsMakesTheseCheaper(t *testing.T) {
	t.Parallel()
	f := setup(t)
	coffee, wine := f.product(t, f.merchant, "Coffee", 350, 500), f.product(t, f.merchant, "Wine", 900, 50)
	code := f.code(t, &qrv1.PromotionCode{Code: "WINE", Type: fixedAmount, Value: 2000, Products: []string{wine}})
	r := f.request(item(coffee, 1), item(wine, 1))
	r.PromotionCode = "wine"
	o := f.mustPlace(t, r)
	if o.GetTotalCents() != 350 || o.GetLines()[0].GetTotalCents() != 350 || o.GetLines()[1].GetTotalCents() != 0 || o.GetOfferName() != "WINE" {
		t.Errorf("the order is %v", o)
	}
	// An offer on the whole order that takes off more is the one that counts, and the code is not used up.
	_, err := f.CreateOffer(t.Context(), &qrv1.CreateOfferRequest{MerchantId: f.merchant, Offer: &qrv1.Offer{Name: "All", Type: percentage, Value: 10_000}})
	if err != nil {
		t.Fatal(err)
	}
	if o := f.mustPlace(t, r); o.GetTotalCents() != 0 || o.GetOfferName() != "All" || o.GetPromotionCode() != "" {
		t.Errorf("the order is %v", o)
	}
	if n := f.uses(t, code); n != 1 {
		t.Errorf("%d uses", n)
	}
}

// Happy hour: the price is that of the order's time, and the menu shows another one at the boundary.
func TestAnOfferCountsInItsHours(t *testing.T) {
	t.Parallel()
	f := setup(t)
	coffee := f.product(t, f.merchant, "Coffee", 400, 500)
	_, err := f.CreateOffer(t.Context(), &qrv1.CreateOfferRequest{MerchantId: f.merchant, OnProduct: true, Offer: &qrv1.Offer{
		Name: "Happy hour", ProductId: coffee, Type: percentage, Value: 5000, Schedule: &qrv1.WeeklyWindow{Weekdays: []string{"wed"}, From: "14:30", Until: "15:00"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []struct{ wait, total, offers int }{{0, 400, 0}, {30, 200, 1}, {30, 400, 0}} {
		f.clock.Advance(time.Duration(want.wait) * time.Minute)
		if got := f.mustPlace(t, f.request(item(coffee, 1))).GetTotalCents(); got != int64(want.total) {
			t.Errorf("at %v it costs %d, want %d", f.clock.Now(), got, want.total)
		}
		if m := f.menu(t, f.Server, f.table.GetToken()); len(m["productOffers"].([]any)) != want.offers {
			t.Errorf("at %v the menu has %v", f.clock.Now(), m["productOffers"])
		}
	}
	_, err = f.CreateOffer(t.Context(), &qrv1.CreateOfferRequest{MerchantId: f.merchant, Offer: &qrv1.Offer{
		Name: "Never", Type: percentage, Value: 5000, Schedule: &qrv1.WeeklyWindow{Weekdays: []string{"wednesday"}, From: "25:00", Until: "15:00"},
	}})
	wantFields(t, err, "schedule.weekdays[0]", "schedule.from")
}

func TestAnotherMerchantsHoursAndCodesAreNotFound(t *testing.T) {
	t.Parallel()
	f := setup(t)
	code := f.code(t, &qrv1.PromotionCode{Code: "MINE", Type: percentage, Value: 1000})
	const other = "01a229c5-c852-7730-8f69-3f1816d74d52"
	s := promotion.NewServer(f.pool, f.clock.Now)
	_, got := s.GetPromotionCode(t.Context(), &qrv1.GetPromotionCodeRequest{MerchantId: other, Id: code.GetId()})
	_, changed := s.UpdatePromotionCode(t.Context(), &qrv1.UpdatePromotionCodeRequest{MerchantId: other, Id: code.GetId()})
	_, deleted := s.DeletePromotionCode(t.Context(), &qrv1.DeletePromotionCodeRequest{MerchantId: other, Id: code.GetId()})
	_, slots := f.hours().ListSlots(t.Context(), &qrv1.ListSlotsRequest{MerchantId: other, Token: f.table.GetToken()})
	for what, err := range map[string]error{"read": got, "changed": changed, "deleted": deleted, "slots": slots} {
		if !errs.Is(err, errs.NotFoundCode) {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, err := s.CreatePromotionCode(t.Context(), &qrv1.CreatePromotionCodeRequest{MerchantId: f.merchant, Code: &qrv1.PromotionCode{Code: "mine", Type: percentage, Value: 1}})
	wantCode(t, err, errs.AlreadyExists)
}
