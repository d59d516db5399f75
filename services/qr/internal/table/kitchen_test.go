package table

import (
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"european-pay.eu/eupay/internal/errs"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/qr/internal/kitchen"
)

// pass is a kitchen of the fixture's merchant.
type pass struct {
	*fixture
	kitchen *kitchen.Server
}

func newPass(t *testing.T) *pass {
	t.Helper()
	f := setup(t)
	return &pass{f, kitchen.New(kitchen.Deps{Pool: f.pool, Orders: f.Server, Now: f.clock.Now, Wake: func() {}, Log: slog.New(slog.DiscardHandler)})}
}

func (p *pass) station(t *testing.T, name string, categories, products []string) *qrv1.Station {
	t.Helper()
	res, err := p.kitchen.CreateStation(t.Context(), &qrv1.CreateStationRequest{MerchantId: p.merchant, Fields: &qrv1.StationFields{
		Name: &name, Categories: &qrv1.Names{Values: categories}, ProductIds: &qrv1.Names{Values: products},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return res.GetStation()
}

func (p *pass) printer(t *testing.T, stations ...string) (id, token string) {
	t.Helper()
	name := "Pass"
	res, err := p.kitchen.CreatePrinter(t.Context(), &qrv1.CreatePrinterRequest{MerchantId: p.merchant, Fields: &qrv1.PrinterFields{
		Name: &name, StationIds: &qrv1.Names{Values: stations},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return res.GetPrinter().GetId(), res.GetToken()
}

func (p *pass) setLine(t *testing.T, id string, position int32, status string) (*qrv1.Order, error) {
	t.Helper()
	res, err := p.kitchen.SetLineStatus(t.Context(), &qrv1.SetLineStatusRequest{MerchantId: p.merchant, OrderId: id, Position: position, Status: status})
	return res.GetOrder(), err
}

func states(o *qrv1.Order) string {
	list := []string{o.GetStatus()}
	for _, l := range o.GetLines() {
		list = append(list, l.GetStatus())
	}
	return strings.Join(list, " ")
}

func inCourse(id string, course int32) *qrv1.OrderItem {
	return &qrv1.OrderItem{ProductId: id, Quantity: 1, Course: course}
}

func TestLinesGoToTheStationOfTheirProductThenOfItsCategory(t *testing.T) {
	t.Parallel()
	p := newPass(t)
	tea, steak := p.product(t, p.merchant, "Tea", 300, 9), p.product(t, p.merchant, "Steak", 2000, 9)
	grill := p.station(t, "Grill", nil, nil)
	if !grill.GetIsDefault() {
		t.Error("the first station is not the default")
	}
	o := p.mustPlace(t, p.request(item(tea, 1)))
	if got := p.order(t, o.GetId()).GetLines()[0]; got.GetStationName() != "Grill" || got.GetFiredAt() == nil || got.GetStatus() != "waiting" {
		t.Errorf("got %v", got)
	}
	bar := p.station(t, "Bar", []string{"boissons"}, []string{tea})
	o = p.mustPlace(t, p.request(item(tea, 1), item(steak, 1)))
	for _, l := range o.GetLines() {
		if l.GetStationId() != bar.GetId() {
			t.Errorf("%s goes to %q", l.GetName(), l.GetStationId())
		}
	}
	_, err := p.kitchen.UpdateStation(t.Context(), &qrv1.UpdateStationRequest{MerchantId: p.merchant, Id: grill.GetId(), Fields: &qrv1.StationFields{ProductIds: &qrv1.Names{Values: []string{steak}}}})
	if err != nil {
		t.Fatal(err)
	}
	o = p.mustPlace(t, p.request(item(tea, 1), item(steak, 1)))
	if a, b := o.GetLines()[0].GetStationId(), o.GetLines()[1].GetStationId(); a != bar.GetId() || b != grill.GetId() {
		t.Errorf("they go to %s and %s", a, b)
	}
	if _, err := p.kitchen.DeleteStation(t.Context(), &qrv1.DeleteStationRequest{MerchantId: p.merchant, Id: grill.GetId()}); err != nil {
		t.Fatal(err)
	}
	if l := p.order(t, o.GetId()).GetLines()[1]; l.GetStationId() != "" {
		t.Errorf("a line is at a station that is gone: %v", l)
	}
	left, err := p.kitchen.GetStation(t.Context(), &qrv1.GetStationRequest{MerchantId: p.merchant, Id: bar.GetId()})
	if err != nil || !left.GetStation().GetIsDefault() {
		t.Errorf("no default is left: %v %v", left, err)
	}
	other := uuid.NewString()
	for _, id := range []string{bar.GetId(), uuid.NewString(), "x"} {
		_, err := p.kitchen.GetStation(t.Context(), &qrv1.GetStationRequest{MerchantId: other, Id: id})
		wantCode(t, err, errs.NotFoundCode)
	}
	theirs := p.product(t, other, "Theirs", 100, 1)
	_, err = p.kitchen.UpdateStation(t.Context(), &qrv1.UpdateStationRequest{MerchantId: p.merchant, Id: bar.GetId(), Fields: &qrv1.StationFields{ProductIds: &qrv1.Names{Values: []string{theirs}}}})
	wantFields(t, err, "products")
}

func TestAnOrderFollowsItsLinesAndLinesFollowTheirOrder(t *testing.T) {
	t.Parallel()
	p := newPass(t)
	tea := p.product(t, p.merchant, "Tea", 300, 9)
	o := p.mustPlace(t, p.request(item(tea, 1), item(tea, 2)))
	for _, step := range []struct {
		position   int32
		to, expect string
	}{
		{0, "preparing", "preparing preparing waiting"},
		{0, "preparing", "preparing preparing waiting"},
		{1, "ready", "preparing preparing ready"},
		{0, "ready", "ready ready ready"},
		{0, "served", "ready served ready"},
		{1, "served", "served served served"},
	} {
		got, err := p.setLine(t, o.GetId(), step.position, step.to)
		if err != nil || states(got) != step.expect || states(p.order(t, o.GetId())) != step.expect {
			t.Errorf("line %d %s: %q %v, want %q", step.position, step.to, states(got), err, step.expect)
		}
	}
	if got := p.announced(t, o.GetId()); !slices.Equal(got, []string{"order.received", "order.preparing", "order.ready", "order.served"}) {
		t.Errorf("announced %v", got)
	}
	_, err := p.setLine(t, o.GetId(), 0, "served")
	wantCode(t, err, errs.InvalidState)

	o = p.mustPlace(t, p.request(item(tea, 1), item(tea, 2)))
	if got, err := p.setLine(t, o.GetId(), 0, "ready"); err != nil || states(got) != "preparing ready waiting" {
		t.Errorf("%q %v", states(got), err)
	}
	ready, err := p.SetOrderStatus(t.Context(), &qrv1.SetOrderStatusRequest{MerchantId: p.merchant, Id: o.GetId(), Status: "ready"})
	if err != nil || states(ready.GetOrder()) != "ready ready ready" || states(p.order(t, o.GetId())) != "ready ready ready" {
		t.Errorf("%v %v", ready, err)
	}
	_, err = p.setLine(t, o.GetId(), 0, "waiting")
	wantFields(t, err, "status")
	_, err = p.setLine(t, o.GetId(), 2, "served")
	wantCode(t, err, errs.NotFoundCode)
	live := true
	_, err = p.kitchen.SetLineStatus(t.Context(), &qrv1.SetLineStatusRequest{MerchantId: p.merchant, OrderId: o.GetId(), Status: "served", Livemode: &live})
	wantCode(t, err, errs.NotFoundCode)
	_, err = p.kitchen.SetLineStatus(t.Context(), &qrv1.SetLineStatusRequest{MerchantId: uuid.NewString(), OrderId: o.GetId(), Status: "served"})
	wantCode(t, err, errs.NotFoundCode)
}

func TestACourseWaitsUntilItIsFired(t *testing.T) {
	t.Parallel()
	p := newPass(t)
	tea := p.product(t, p.merchant, "Tea", 300, 9)
	_, token := p.printer(t)
	o := p.mustPlace(t, p.request(item(tea, 1), inCourse(tea, 1), inCourse(tea, 2)))
	if o.GetLines()[1].GetFiredAt() == nil || o.GetLines()[2].GetFiredAt() != nil {
		t.Errorf("fired %v", o.GetLines())
	}
	_, err := p.setLine(t, o.GetId(), 2, "ready")
	wantCode(t, err, errs.InvalidState)
	begun, err := p.SetOrderStatus(t.Context(), &qrv1.SetOrderStatusRequest{MerchantId: p.merchant, Id: o.GetId(), Status: "preparing"})
	if err != nil || states(begun.GetOrder()) != "preparing preparing preparing waiting" {
		t.Errorf("%q %v", states(begun.GetOrder()), err)
	}
	fire := func(course int32) error {
		_, err := p.kitchen.FireCourse(t.Context(), &qrv1.FireCourseRequest{MerchantId: p.merchant, OrderId: o.GetId(), Course: course})
		return err
	}
	for range 2 {
		if err := fire(2); err != nil {
			t.Fatal(err)
		}
	}
	wantCode(t, fire(3), errs.NotFoundCode)
	first, second := p.print(t, token), p.print(t, token)
	if strings.Count(first, "1 x Tea") != 2 || strings.Contains(first, "SUITE") || strings.Count(second, "1 x Tea") != 1 || !strings.Contains(second, "SUITE 2") {
		t.Errorf("printed %q and %q", first, second)
	}
	if more := p.poll(t, token); more != "" {
		t.Errorf("a third ticket: %s", more)
	}
	_, err = p.PlaceOrder(t.Context(), p.request(inCourse(tea, 10)))
	wantFields(t, err, "items[0].course")
}
