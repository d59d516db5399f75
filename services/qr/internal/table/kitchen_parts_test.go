package table

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"european-pay.eu/eupay/internal/errs"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

// brigade is a kitchen with a bar, a grill and a default station, and a set menu whose dishes go to them.
type brigade struct {
	*pass
	food             lunch
	rest, bar, grill *qrv1.Station
}

func newBrigade(t *testing.T) *brigade {
	t.Helper()
	b := &brigade{pass: newPass(t)}
	b.food = b.lunch(t)
	b.rest, b.bar, b.grill = b.station(t, "Reste", nil, nil), b.station(t, "Bar", nil, []string{b.food.water, b.food.wine}), b.station(t, "Grill", nil, []string{b.food.steak})
	return b
}

func (b *brigade) setPart(t *testing.T, id string, part int32, status string) (*qrv1.Order, error) {
	t.Helper()
	res, err := b.kitchen.SetPartStatus(t.Context(), &qrv1.SetPartStatusRequest{MerchantId: b.merchant, OrderId: id, Part: part, Status: status})
	return res.GetOrder(), err
}

// courses sets those of the starter, the main dish and the drink.
func (b *brigade) courses(t *testing.T, starter, main, drink int32) {
	t.Helper()
	for part, course := range map[string]int32{b.food.starter: starter, b.food.main: main, b.food.drink: drink} {
		b.exec(t, `update set_menu_parts set course = $2 where id = $1`, part, course)
	}
}

func (b *brigade) wholeLunch(count int32) *qrv1.OrderItem {
	return b.food.order(count, choose(b.food.starter, b.food.soup), choose(b.food.main, b.food.steak), choose(b.food.drink, b.food.wine))
}

// partStates are the status of an order, of its first line, and of that line's parts.
func partStates(o *qrv1.Order) string {
	list := []string{o.GetStatus(), o.GetLines()[0].GetStatus()}
	for _, p := range o.GetLines()[0].GetParts() {
		list = append(list, p.GetStatus())
	}
	return strings.Join(list, " ")
}

func stationsOf(o *qrv1.Order) (list []string) {
	for _, p := range o.GetLines()[0].GetParts() {
		list = append(list, p.GetStationName())
	}
	return list
}

func TestThePartsOfASetMenuGoToTheirOwnStations(t *testing.T) {
	t.Parallel()
	b := newBrigade(t)
	o := b.order(t, b.mustPlace(t, b.request(b.wholeLunch(1))).GetId())
	if got := stationsOf(o); !slices.Equal(got, []string{"Reste", "Grill", "Bar"}) || o.GetLines()[0].GetStationId() != "" {
		t.Errorf("they go to %v, the line to %q", got, o.GetLines()[0].GetStationName())
	}
	// What has no station itself goes where the set menu goes.
	menus := b.station(t, "Formules", nil, []string{b.food.menu})
	o = b.order(t, b.mustPlace(t, b.request(b.food.order(1, choose(b.food.starter, b.food.soup), choose(b.food.main, b.food.steak)))).GetId())
	if got := stationsOf(o); !slices.Equal(got, []string{"Formules", "Grill"}) {
		t.Errorf("they go to %v", got)
	}
	if _, err := b.kitchen.DeleteStation(t.Context(), &qrv1.DeleteStationRequest{MerchantId: b.merchant, Id: menus.GetId()}); err != nil {
		t.Fatal(err)
	}
	if got := stationsOf(b.order(t, o.GetId())); !slices.Equal(got, []string{"", "Grill"}) {
		t.Errorf("a part is at a station that is gone: %v", got)
	}
}

func TestASetMenuFollowsItsPartsAndPartsFollowTheirLineAndOrder(t *testing.T) {
	t.Parallel()
	b := newBrigade(t)
	o := b.mustPlace(t, b.request(b.wholeLunch(2)))
	for _, step := range []struct {
		part       int32
		to, expect string
	}{
		{2, "preparing", "preparing preparing waiting preparing waiting"},
		{3, "served", "preparing preparing waiting preparing served"},
		{1, "ready", "preparing preparing ready preparing served"},
		{1, "ready", "preparing preparing ready preparing served"},
		{2, "ready", "ready ready ready ready served"},
	} {
		got, err := b.setPart(t, o.GetId(), step.part, step.to)
		if err != nil || partStates(got) != step.expect || partStates(b.order(t, o.GetId())) != step.expect {
			t.Errorf("part %d %s: %q %v, want %q", step.part, step.to, partStates(b.order(t, o.GetId())), err, step.expect)
		}
	}
	_, err := b.setPart(t, o.GetId(), 2, "preparing")
	wantCode(t, err, errs.InvalidState)
	if got, err := b.setLine(t, o.GetId(), 0, "served"); err != nil || partStates(got) != "served served served served served" {
		t.Errorf("the line is served: %q %v", partStates(got), err)
	}

	o = b.mustPlace(t, b.request(b.wholeLunch(1), item(b.food.soup, 1)))
	station, err := b.kitchen.SetStationStatus(t.Context(), &qrv1.SetStationStatusRequest{MerchantId: b.merchant, OrderId: o.GetId(), StationId: b.rest.GetId(), Status: "ready"})
	if err != nil || partStates(station.GetOrder()) != "preparing preparing ready waiting waiting" || station.GetOrder().GetLines()[1].GetStatus() != "ready" {
		t.Errorf("the station is ready: %v %v", station, err)
	}
	ready, err := b.SetOrderStatus(t.Context(), &qrv1.SetOrderStatusRequest{MerchantId: b.merchant, Id: o.GetId(), Status: "ready"})
	if err != nil || partStates(ready.GetOrder()) != "ready ready ready ready ready" || partStates(b.order(t, o.GetId())) != "ready ready ready ready ready" {
		t.Errorf("the order is ready: %v %v", ready, err)
	}
	_, err = b.setPart(t, o.GetId(), 4, "served")
	wantCode(t, err, errs.NotFoundCode)
	for _, r := range []*qrv1.SetPartStatusRequest{
		{MerchantId: b.merchant, OrderId: o.GetId(), Position: 1, Part: 1, Status: "served"}, // no set menu
		{MerchantId: b.merchant, OrderId: o.GetId(), Position: 0, Part: 0, Status: "served"},
		{MerchantId: uuid.NewString(), OrderId: o.GetId(), Position: 0, Part: 1, Status: "served"},
	} {
		_, err = b.kitchen.SetPartStatus(t.Context(), r)
		wantCode(t, err, errs.NotFoundCode)
	}
}

// What is cancelled of a set menu is taken off each of its parts, on paper, too; what is left of nothing keeps no order from being ready.
func TestPartsArePrintedAtTheirStationsInTheirCourses(t *testing.T) {
	t.Parallel()
	b := newBrigade(t)
	b.courses(t, 1, 2, 0)
	_, grill := b.printer(t, b.grill.GetId())
	_, rest := b.printer(t, b.rest.GetId())
	_, all := b.printer(t)
	menus, soup := b.wholeLunch(3), item(b.food.soup, 1)
	menus.Notes, soup.Course = "sans sel", 3
	o := b.mustPlace(t, b.request(menus, soup))
	if fired := o.GetLines()[0].GetParts(); fired[0].GetFiredAt() == nil || fired[1].GetFiredAt() != nil || fired[2].GetFiredAt() == nil || fired[1].GetCourse() != 2 {
		t.Errorf("fired %v", fired)
	}
	b.mustCancel(t, b.cancels(o, 0, 1, 1, 1))
	if id := b.poll(t, grill); id != "" {
		t.Error("the main course is printed before it is called")
	}
	if text := b.print(t, rest); !strings.Contains(text, "2 x Soupe\n   (Formule)\n   ! sans sel") || strings.Contains(text, "Vin") {
		t.Errorf("the default station gets %q", text)
	}
	if text := b.print(t, all); strings.Count(text, "(Formule)") != 2 || !strings.Contains(text, "2 x Vin") || strings.Contains(text, "Steak") {
		t.Errorf("the pass gets %q", text)
	}
	_, err := b.setPart(t, o.GetId(), 2, "ready")
	wantCode(t, err, errs.InvalidState)
	if _, err := b.kitchen.FireCourse(t.Context(), &qrv1.FireCourseRequest{MerchantId: b.merchant, OrderId: o.GetId(), Course: 2}); err != nil {
		t.Fatal(err)
	}
	if text := b.print(t, grill); !strings.Contains(text, "SUITE 2") || !strings.Contains(text, "(Formule)") || !strings.Contains(text, "2 x Steak") || strings.Contains(text, "Soupe") {
		t.Errorf("the grill gets %q", text)
	}
	if got, err := b.setLine(t, o.GetId(), 0, "ready"); err != nil || partStates(got) != "ready ready ready ready ready" {
		t.Errorf("%q %v", partStates(got), err)
	}
}

func TestACourseOfAPartIsTheOneInTheOrderElseInTheCatalogElseOfTheItem(t *testing.T) {
	t.Parallel()
	b := newBrigade(t)
	b.courses(t, 0, 4, 5)
	wanted := b.wholeLunch(1)
	wanted.Course, wanted.Parts[2].Course = 3, 6
	o := b.mustPlace(t, b.request(wanted))
	var got []int32
	for _, p := range o.GetLines()[0].GetParts() {
		got = append(got, p.GetCourse())
	}
	if !slices.Equal(got, []int32{3, 4, 6}) || o.GetLines()[0].GetCourse() != 3 {
		t.Errorf("the courses are %v, of the line %d", got, o.GetLines()[0].GetCourse())
	}
	wanted.Parts[1].Course = 10
	_, err := b.PlaceOrder(t.Context(), b.request(wanted))
	wantFields(t, err, "items[0].parts[1].course")
}

// A version that knows no parts placed the order, or moves its line.
func TestAnOlderVersionWorksOnTheLineOfASetMenu(t *testing.T) {
	t.Parallel()
	b := newBrigade(t)
	_, paper := b.printer(t, b.grill.GetId())
	o := b.mustPlace(t, b.request(b.wholeLunch(1)))
	b.exec(t, `delete from kitchen_parts where order_id = $1`, o.GetId())
	b.exec(t, `update kitchen_lines set station_id = $2 where order_id = $1`, o.GetId(), b.grill.GetId())
	if got := b.order(t, o.GetId()); !slices.Equal(stationsOf(got), []string{"Grill", "Grill", "Grill"}) || partStates(got) != "received waiting waiting waiting waiting" {
		t.Errorf("it is at %v, %q", stationsOf(got), partStates(got))
	}
	if text := b.print(t, paper); !strings.Contains(text, "1 x Soupe") || !strings.Contains(text, "1 x Steak") {
		t.Errorf("printed %q", text)
	}
	if got, err := b.setPart(t, o.GetId(), 2, "ready"); err != nil || partStates(b.order(t, o.GetId())) != "preparing preparing waiting ready waiting" {
		t.Errorf("%q %v", partStates(got), err)
	}
	b.exec(t, `update kitchen_lines set status = 'served' where order_id = $1`, o.GetId())
	if got := b.order(t, o.GetId()); partStates(got) != "preparing served served served served" {
		t.Errorf("after the line was served: %q", partStates(got))
	}
}

func TestAStreamOfAStationHasTheOrdersOfItsParts(t *testing.T) {
	t.Parallel()
	b := newBrigade(t)
	b.mustPlace(t, b.request(b.food.order(1, choose(b.food.starter, b.food.soup), choose(b.food.main, b.food.steak))))
	b.run(t)
	for station, want := range map[string]int{b.grill.GetId(): 1, b.rest.GetId(): 1, b.bar.GetId(): 0} {
		s, leave := b.follow(t, &qrv1.WatchRequest{StationId: station})
		if begin := <-s.seen; len(begin.GetOrders()) != want {
			t.Errorf("%s begins with %v", station, begin)
		}
		_ = leave()
	}
}
