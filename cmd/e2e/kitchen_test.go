package e2e

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"european-pay.eu/eupay/sandbox/printer"
	eupay "european-pay.eu/eupay/sdk/go"
)

// TestAKitchenWorks from the guest's order to the pass: on a stream, line by line, course by course, and on paper, also when the printer is switched off
// before it says that it printed.
func TestAKitchenWorks(t *testing.T) {
	t.Parallel()
	m := shared.newMerchant(t)
	n := m.sells(t, "3.50", 20)
	kitchen := m.office.Kitchen
	name, categories := "Bar", []string{"boissons"}
	bar, err := kitchen.CreateStation(t.Context(), eupay.StationParams{Name: &name, Categories: &categories})
	if err != nil {
		t.Fatal(err)
	}
	added, err := kitchen.CreatePrinter(t.Context(), eupay.PrinterParams{Name: &name, Stations: &[]string{bar.ID}})
	if err != nil {
		t.Fatal(err)
	}
	paper := &printer.Printer{URL: added.PollURL, MAC: "00:11:62:00:00:01", HTTP: shared.client}
	if printed, err := paper.Turn(t.Context()); err != nil || printed {
		t.Fatalf("an idle printer prints %t: %v", printed, err)
	}
	screen, err := m.client.Kitchen.Follow(t.Context(), eupay.FollowParams{Station: bar.ID})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = screen.Close() }()
	if begin, err := screen.Next(); err != nil || !begin.Snapshot || len(begin.Orders) != 0 {
		t.Fatalf("it begins with %+v, %v", begin, err)
	}
	body := object{"orderType": "dine_in", "items": []object{
		{"productId": n.product, "quantity": 2, "notes": "très chaud \u001bd3"}, {"productId": n.product, "quantity": 1, "course": 1}, {"productId": n.product, "quantity": 1, "course": 2},
	}}
	id := must[placed](t, m.w.caller().do(t, http.MethodPost, n.path, body.json()), http.StatusCreated).Order.ID
	next := func() eupay.Order {
		t.Helper()
		for {
			change, err := screen.Next()
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
	o := next()
	if len(o.Items) != 3 || o.Items[0].Station == nil || o.Items[0].Station.Name != "Bar" || o.Items[1].FiredAt.IsZero() || !o.Items[2].FiredAt.IsZero() {
		t.Errorf("the screen shows %+v", o)
	}

	// The printer prints, and is switched off before it says so.
	if got, err := paper.Fetch(t.Context()); err != nil || !got {
		t.Fatal(got, err)
	}
	paper.Print()
	paper.SwitchOff()
	if printed, err := paper.Turn(t.Context()); err != nil || !printed || len(paper.Printed) != 2 {
		t.Fatalf("%t %v %q", printed, err, paper.Printed)
	}
	first, copied := paper.Printed[0], paper.Printed[1]
	if !strings.Contains(first, "2 x Café Noisette") || !strings.Contains(first, "très chaud") || strings.Count(first, "✂") != 1 || strings.Contains(first, "COPIE") {
		t.Errorf("it printed %q", first)
	}
	if !strings.Contains(copied, "COPIE") {
		t.Errorf("after the power cut it printed %q", copied)
	}

	if _, err := m.client.Kitchen.FireCourse(t.Context(), id, 2); err != nil {
		t.Fatal(err)
	}
	if o = next(); o.Items[2].FiredAt.IsZero() {
		t.Errorf("the screen does not show the course: %+v", o.Items[2])
	}
	if printed, err := paper.Turn(t.Context()); err != nil || !printed || !strings.Contains(paper.Printed[2], "SUITE 2") {
		t.Errorf("%t %v %q", printed, err, paper.Printed)
	}
	for position := range 3 {
		if _, err := m.client.Kitchen.SetLineStatus(t.Context(), id, position, eupay.LineReady); err != nil {
			t.Fatal(err)
		}
	}
	for o = next(); o.Status != eupay.OrderReady; o = next() {
		continue
	}
	jobs, err := kitchen.PrintJobs(t.Context(), eupay.PrintJobParams{Order: id})
	if err != nil || len(jobs.Data) != 2 || jobs.Data[0].Status != "printed" || jobs.Data[1].Attempts != 2 {
		t.Errorf("%+v %v", jobs, err)
	}
	stranger := shared.newMerchant(t)
	if _, err := stranger.client.Kitchen.SetLineStatus(t.Context(), id, 0, eupay.LineServed); !errors.Is(err, eupay.ErrNotFound) {
		t.Errorf("another merchant's order: %v", err)
	}
	if err := kitchen.DeletePrinter(t.Context(), added.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := paper.Turn(t.Context()); err == nil {
		t.Error("a printer that is deleted is still served")
	}
}
