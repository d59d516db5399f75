package e2e

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"european-pay.eu/eupay/sandbox/printer"
	eupay "european-pay.eu/eupay/sdk/go"
)

// kitchen is a merchant's kitchen with a bar, whose screen follows it and whose printer prints there.
type kitchen struct {
	m      *merchant
	menu   menu
	bar    *eupay.Station
	added  *eupay.Printer
	paper  *printer.Printer
	screen *eupay.KitchenStream
}

func newKitchen(t *testing.T) *kitchen {
	t.Helper()
	m := shared.newMerchant(t)
	k := &kitchen{m: m, menu: m.sells(t, "3.50", 20)}
	name, categories := "Bar", []string{"boissons"}
	var err error
	if k.bar, err = m.office.Kitchen.CreateStation(t.Context(), eupay.StationParams{Name: &name, Categories: &categories}); err != nil {
		t.Fatal(err)
	}
	if k.added, err = m.office.Kitchen.CreatePrinter(t.Context(), eupay.PrinterParams{Name: &name, Stations: &[]string{k.bar.ID}}); err != nil {
		t.Fatal(err)
	}
	k.paper = &printer.Printer{URL: k.added.PollURL, MAC: "00:11:62:00:00:01", HTTP: shared.client}
	if printed, err := k.paper.Turn(t.Context()); err != nil || printed {
		t.Fatalf("an idle printer prints %t: %v", printed, err)
	}
	if k.screen, err = m.client.Kitchen.Follow(t.Context(), eupay.FollowParams{Station: k.bar.ID}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = k.screen.Close() })
	if begin, err := k.screen.Next(); err != nil || !begin.Snapshot || len(begin.Orders) != 0 {
		t.Fatalf("it begins with %+v, %v", begin, err)
	}
	return k
}

// order places an order of a guest and returns its id.
func (k *kitchen) order(t *testing.T, items ...object) string {
	t.Helper()
	body := object{"orderType": "dine_in", "items": items}
	return must[placed](t, k.m.w.caller().do(t, http.MethodPost, k.menu.path, body.json()), http.StatusCreated).Order.ID
}

// next waits until the screen shows the order again.
func (k *kitchen) next(t *testing.T, id string) eupay.Order {
	t.Helper()
	for {
		change, err := k.screen.Next()
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range change.Orders {
			if o.ID == id {
				return o
			}
		}
	}
}

// TestAKitchenWorks from the guest's order to the pass: on a stream, line by line, course by course, and on paper, also when the printer is switched off
// before it says that it printed.
func TestAKitchenWorks(t *testing.T) {
	t.Parallel()
	k := newKitchen(t)
	id := k.order(t, object{"productId": k.menu.product, "quantity": 2, "notes": "très chaud \u001bd3"},
		object{"productId": k.menu.product, "quantity": 1, "course": 1}, object{"productId": k.menu.product, "quantity": 1, "course": 2})
	o := k.next(t, id)
	if len(o.Items) != 3 || o.Items[0].Station == nil || o.Items[0].Station.Name != "Bar" || o.Items[1].FiredAt.IsZero() || !o.Items[2].FiredAt.IsZero() {
		t.Errorf("the screen shows %+v", o)
	}
	k.printsAgainAfterAPowerCut(t)
	if _, err := k.m.client.Kitchen.FireCourse(t.Context(), id, 2); err != nil {
		t.Fatal(err)
	}
	if o = k.next(t, id); o.Items[2].FiredAt.IsZero() {
		t.Errorf("the screen does not show the course: %+v", o.Items[2])
	}
	if printed, err := k.paper.Turn(t.Context()); err != nil || !printed || !strings.Contains(k.paper.Printed[2], "SUITE 2") {
		t.Errorf("%t %v %q", printed, err, k.paper.Printed)
	}
	for position := range 3 {
		if _, err := k.m.client.Kitchen.SetLineStatus(t.Context(), id, position, eupay.LineReady); err != nil {
			t.Fatal(err)
		}
	}
	for o = k.next(t, id); o.Status != eupay.OrderReady; o = k.next(t, id) {
		continue
	}
	jobs, err := k.m.office.Kitchen.PrintJobs(t.Context(), eupay.PrintJobParams{Order: id})
	if err != nil || len(jobs.Data) != 2 || jobs.Data[0].Status != "printed" || jobs.Data[1].Attempts != 2 {
		t.Errorf("%+v %v", jobs, err)
	}
	k.servesASetMenuFromTwoStations(t)
	k.nobodyElseCooks(t, id)
}

// printsAgainAfterAPowerCut prints, and switches the printer off before it says so.
func (k *kitchen) printsAgainAfterAPowerCut(t *testing.T) {
	t.Helper()
	if got, err := k.paper.Fetch(t.Context()); err != nil || !got {
		t.Fatal(got, err)
	}
	k.paper.Print()
	k.paper.SwitchOff()
	if printed, err := k.paper.Turn(t.Context()); err != nil || !printed || len(k.paper.Printed) != 2 {
		t.Fatalf("%t %v %q", printed, err, k.paper.Printed)
	}
	first, copied := k.paper.Printed[0], k.paper.Printed[1]
	if !strings.Contains(first, "2 x Café Noisette") || !strings.Contains(first, "très chaud") || strings.Count(first, "✂") != 1 || strings.Contains(first, "COPIE") {
		t.Errorf("it printed %q", first)
	}
	if !strings.Contains(copied, "COPIE") {
		t.Errorf("after the power cut it printed %q", copied)
	}
}

// servesASetMenuFromTwoStations whose parts are made, printed and finished each at its own.
func (k *kitchen) servesASetMenuFromTwoStations(t *testing.T) {
	t.Helper()
	l, name := k.menu.withSetMenu(t), "Cave"
	if _, err := k.m.office.Kitchen.CreateStation(t.Context(), eupay.StationParams{Name: &name, Products: &[]string{l.wine}}); err != nil {
		t.Fatal(err)
	}
	id := k.order(t, object{"productId": l.id, "quantity": 2, "parts": []object{
		{"part": l.parts[0], "product_id": l.product}, {"part": l.parts[1], "product_id": l.wine, "course": 1},
	}})
	o := k.next(t, id)
	if p := o.Items[0].Parts; len(p) != 2 || p[0].Station == nil || p[0].Station.Name != "Bar" || p[1].Station == nil || p[1].Station.Name != "Cave" || p[1].Position != 2 || p[1].Course != 1 {
		t.Fatalf("the screen shows %+v", o.Items)
	}
	printed, err := k.paper.Turn(t.Context())
	if text := k.paper.Printed[len(k.paper.Printed)-1]; err != nil || !printed || !strings.Contains(text, "2 x Café Noisette") || !strings.Contains(text, "Formule") || strings.Contains(text, "Vin") {
		t.Errorf("%t %v %q", printed, err, text)
	}
	if _, err := k.m.client.Kitchen.SetPartStatus(t.Context(), id, 0, 1, eupay.LineReady); err != nil {
		t.Fatal(err)
	}
	for o = k.next(t, id); o.Items[0].Parts[0].Status != eupay.LineReady; o = k.next(t, id) {
		continue
	}
	if o.Status != eupay.OrderPreparing || o.Items[0].Status != eupay.LinePreparing || o.Items[0].Parts[1].Status != eupay.LineWaiting {
		t.Errorf("with one of two parts ready it is %+v", o)
	}
	if got, err := k.m.client.Kitchen.SetLineStatus(t.Context(), id, 0, eupay.LineReady); err != nil || got.Status != eupay.OrderReady || got.Items[0].Parts[1].Status != eupay.LineReady {
		t.Errorf("with all of it ready it is %+v, %v", got, err)
	}
}

// nobodyElseCooks: neither another merchant nor a printer that is deleted.
func (k *kitchen) nobodyElseCooks(t *testing.T, id string) {
	t.Helper()
	stranger := shared.newMerchant(t)
	if _, err := stranger.client.Kitchen.SetLineStatus(t.Context(), id, 0, eupay.LineServed); !errors.Is(err, eupay.ErrNotFound) {
		t.Errorf("another merchant's order: %v", err)
	}
	if err := k.m.office.Kitchen.DeletePrinter(t.Context(), k.added.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := k.paper.Turn(t.Context()); err == nil {
		t.Error("a printer that is deleted is still served")
	}
}
