// Package hours serves the page on which merchants say when they take orders: services in the week, exceptions, pauses, and how takeaway orders
// are fetched.
package hours

import (
	"embed"
	"net/http"
	"slices"
	"time"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

//go:embed *.html
var templates embed.FS

const home = "/portal/hours"

// Register adds the page to the site.
func Register(s *web.Site) error {
	s.For(web.Shop, "GET /portal/hours", show)
	s.For(web.Shop, "POST /portal/hours", save)
	s.For(web.Shop, "POST /portal/hours/pickup", savePickup)
	s.For(web.Shop, "POST /portal/hours/pause", pause)
	s.For(web.Shop, "POST /portal/hours/resume", resume)
	return s.Templates("hours", templates)
}

const (
	// What the API takes at most, and how many rows the form has beside those that are filled in.
	mostServices, mostWindows, mostExceptions = 20, 21, 366
	blankWindows, blankExceptions             = 1, 2
	// mostProducts is how many products are read for their categories.
	mostProducts = 100
)

var weekdays = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}

// row is a part of the form: the name of its fields up to the last dot, and the rows in it.
type row struct {
	At   string
	Rows []row
}

// page is what the template shows.
type page struct {
	*web.Form
	Hours      *eupay.OrderHours
	Weekdays   []string
	Categories []string
	Services   []row
	Exceptions []row
	// Names are the services that an exception may name.
	Names  []map[string]any
	Slots  []map[string]any
	Pauses []int
}

func show(r *web.Request) error {
	h, err := r.API.Hours.Get(r.Ctx())
	if err != nil {
		return err
	}
	f := web.NewForm()
	fill(f, h.Services, h.Exceptions)
	fillPickup(f, h.Pickup)
	return render(r, http.StatusOK, f, h)
}

// save replaces services and exceptions. Rows without a name or date are gone; the others move together.
func save(r *web.Request) error {
	f, h, err := read(r)
	if err != nil {
		return err
	}
	services, exceptions := servicesOf(r, f), exceptionsOf(f)
	if f.OK() {
		f.Values = web.NewForm().Values
		fill(f, services, exceptions)
		_, err := r.API.Hours.Replace(r.Ctx(), eupay.OrderHoursParams{Services: services, Exceptions: exceptions})
		if err == nil {
			return r.Redirect(home, "hours_saved")
		}
		if !r.Refused(f, err) {
			return err
		}
	}
	fillPickup(f, h.Pickup)
	return render(r, http.StatusUnprocessableEntity, f, h)
}

// read reads the form, and the hours as they are.
func read(r *web.Request) (*web.Form, *eupay.OrderHours, error) {
	f, err := r.Form()
	if err != nil {
		return nil, nil, err
	}
	h, err := r.API.Hours.Get(r.Ctx())
	return f, h, err
}

func savePickup(r *web.Request) error {
	return change(r, "pickup_saved", func(f *web.Form) error {
		p := eupay.Pickup{
			SlotMinutes: number(r, f, "slot_minutes"), SlotCapacity: number(r, f, "slot_capacity"), PreparationMinutes: number(r, f, "preparation_minutes"),
			DaysAhead: number(r, f, "days_ahead"),
		}
		if !f.OK() {
			return nil
		}
		_, err := r.API.Hours.SetPickup(r.Ctx(), p)
		return err
	})
}

func pause(r *web.Request) error {
	return change(r, "orders_paused", func(f *web.Form) error {
		p := eupay.PauseParams{Minutes: number(r, f, "minutes"), Kind: f.Get("kind")}
		if !f.OK() {
			return nil
		}
		_, err := r.API.Hours.Pause(r.Ctx(), p)
		return err
	})
}

func resume(r *web.Request) error {
	return change(r, "orders_resumed", func(f *web.Form) error {
		_, err := r.API.Hours.Resume(r.Ctx(), eupay.ResumeParams{Kind: f.Get("kind")})
		return err
	})
}

// change does what one of the small forms is for. Refused, the page is shown with the hours as they are and what was typed.
func change(r *web.Request, notice string, do func(*web.Form) error) error {
	f, h, err := read(r)
	if err != nil {
		return err
	}
	err = do(f)
	if err == nil && f.OK() {
		return r.Redirect(home, notice)
	}
	if err != nil && !r.Refused(f, err) {
		return err
	}
	typed := f.Values
	f.Values = web.NewForm().Values
	fill(f, h.Services, h.Exceptions)
	fillPickup(f, h.Pickup)
	for name, values := range typed {
		f.Values[name] = values
	}
	return render(r, http.StatusUnprocessableEntity, f, h)
}

func render(r *web.Request, status int, f *web.Form, h *eupay.OrderHours) error {
	p := page{Form: f, Hours: h, Weekdays: weekdays, Pauses: []int{15, 30, 60}, Categories: categories(r, h)}
	p.Services = rowsOf(f, "services", "name", mostServices, 1)
	p.Exceptions = rowsOf(f, "exceptions", "date", mostExceptions, blankExceptions)
	p.Names = []map[string]any{{"value": "", "label": r.Text.T("hours.everything")}}
	for _, s := range h.Services {
		p.Names = append(p.Names, map[string]any{"value": s.Name, "label": s.Name})
	}
	for _, n := range []int{0, 5, 10, 15, 20, 30, 60} {
		label := r.Text.T("hours.no_slots")
		if n > 0 {
			label = r.Text.T("hours.minutes", "n", n)
		}
		p.Slots = append(p.Slots, map[string]any{"value": n, "label": label})
	}
	return r.Render(status, "hours/hours", p)
}

// rowsOf are the rows of a list that are filled in, and some blank ones; each with its windows.
func rowsOf(f *web.Form, list, name string, most, blank int) []row {
	used := 0
	for i := range most {
		if f.Is(at(list, i) + name) {
			used = i + 1
		}
	}
	var rows []row
	for i := range min(used+blank, most) {
		one := row{At: at(list, i)}
		filled := 0
		for j := range mostWindows {
			in := at(one.At+"windows", j)
			if f.Is(in+"from") || f.Is(in+"until") || f.Is(in+"weekdays") {
				filled = j + 1
			}
		}
		for j := range min(filled+blankWindows, mostWindows) {
			one.Rows = append(one.Rows, row{At: at(one.At+"windows", j)})
		}
		rows = append(rows, one)
	}
	return rows
}

// categories are those of the catalog, and those of the services that it has no more. Without the catalog they are those of the services.
func categories(r *web.Request, h *eupay.OrderHours) []string {
	var list []string
	if got, err := r.API.Products.List(r.Ctx(), eupay.ProductListParams{ListParams: eupay.ListParams{Limit: mostProducts}}); err == nil {
		for i := range got.Data {
			list = append(list, got.Data[i].Category)
		}
	}
	for _, s := range h.Services {
		list = append(list, s.Categories...)
	}
	slices.Sort(list)
	return slices.DeleteFunc(slices.Compact(list), func(c string) bool { return c == "" })
}

// stop is a kind of orders that is refused now, and until when.
type stop struct {
	Kind  string
	Until time.Time
}

// Paused are the kinds of orders that are refused now.
func (p page) Paused() []stop {
	list := []stop{{"dine_in", p.Hours.PausedUntil.DineIn}, {"takeaway", p.Hours.PausedUntil.Takeaway}}
	return slices.DeleteFunc(list, func(s stop) bool { return s.Until.IsZero() })
}
