// Package kitchen serves the screen of a kitchen: what is to be done, on a tablet, for fingers.
package kitchen

import (
	"embed"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

//go:embed *.html
var templates embed.FS

const home = "/portal/kitchen"

// Register adds the pages to the site.
func Register(s *web.Site) error {
	s.For(web.Shop, "GET /portal/kitchen", page)
	s.For(web.Shop, "GET /portal/kitchen/stream", stream)
	s.For(web.Shop, "POST /portal/kitchen/{id}", move)
	s.For(web.Shop, "POST /portal/kitchen/{id}/lines/{position}", moveLine)
	s.For(web.Shop, "POST /portal/kitchen/{id}/lines/{position}/parts/{part}", movePart)
	s.For(web.Shop, "POST /portal/kitchen/{id}/stations/{station}", moveStation)
	s.For(web.Shop, "POST /portal/kitchen/{id}/courses/{course}", fire)
	registerSetup(s)
	return s.Templates("kitchen", templates)
}

type column struct {
	Status  eupay.OrderStatus
	Tickets []ticket
}

type screen struct {
	Columns []column
	// Newest is the number of the newest order: a higher one than before makes the sound.
	Newest  int
	Problem string
	// Stations to choose from, and the one that is chosen; empty: all.
	Stations []eupay.Station
	Station  string
	// ByStation: a column for each station, in place of one for each status.
	ByStation bool
	Rails     []rail
	// Silent are printers that do not print.
	Silent []eupay.Printer
}

// Query leads to the same screen.
func (s screen) Query() string { return queryOf(s.Station, s.ByStation) }

func queryOf(station string, byStation bool) string {
	switch {
	case byStation:
		return "?view=" + byStationView
	case station != "":
		return "?station=" + url.QueryEscape(station)
	default:
		return ""
	}
}

// Follows is where the screen learns of changes.
func (s screen) Follows() string { return "/portal/kitchen/stream" + queryOf(s.Station, false) }

var onward = []struct{ from, to eupay.OrderStatus }{
	{eupay.OrderReceived, eupay.OrderPreparing}, {eupay.OrderPreparing, eupay.OrderReady}, {eupay.OrderReady, eupay.OrderServed},
}

func page(r *web.Request) error { return show(r, "") }

func show(r *web.Request, problem string) error {
	all, err := r.API.Orders.Kitchen(r.Ctx())
	if err != nil {
		return err
	}
	s, err := newScreen(r, problem)
	if err != nil {
		return err
	}
	for _, o := range all {
		s.Newest = max(s.Newest, o.Number)
	}
	if s.ByStation {
		s.Rails = rails(s.Stations, all, r.Site.Now())
	} else {
		s.Columns = columns(s.Station, all, r.Site.Now())
	}
	if r.Fragment() {
		return r.RenderPart("kitchen/kitchen", "board", s)
	}
	return r.Render(http.StatusOK, "kitchen/kitchen", s)
}

// columns are the orders by their status, with what is made at the station.
func columns(station string, orders []eupay.Order, now time.Time) (list []column) {
	for _, step := range onward {
		c := column{Status: step.from}
		for _, o := range orders {
			if o.Status != step.from {
				continue
			}
			t := newTicket(o, step.to, now)
			if t.Station = station; len(t.dishes()) > 0 {
				c.Tickets = append(c.Tickets, t)
			}
		}
		list = append(list, c)
	}
	return list
}

// newScreen reads what is around the board. Without printers that can be read, the board is there all the same.
func newScreen(r *web.Request, problem string) (screen, error) {
	s := screen{Problem: problem}
	var err error
	if s.Stations, err = r.API.Kitchen.Stations(r.Ctx()); err != nil {
		return s, err
	}
	chosen := r.URL.Query().Get("station")
	s.ByStation = r.URL.Query().Get("view") == byStationView && len(s.Stations) > 1
	if !s.ByStation && slices.ContainsFunc(s.Stations, func(st eupay.Station) bool { return st.ID == chosen }) {
		s.Station = chosen
	}
	printers, err := r.API.Kitchen.Printers(r.Ctx())
	if err != nil {
		return s, nil //nolint:nilerr // the board is what matters
	}
	for _, p := range printers {
		if p.IsActive && (p.Status == "offline" || p.Status == "problem") {
			s.Silent = append(s.Silent, p)
		}
	}
	return s, nil
}

// move moves an order on. That somebody else was quicker is shown, with the board as it is now.
func move(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	_, err = r.API.Orders.SetStatus(r.Ctx(), r.PathValue("id"), eupay.OrderStatusParams{Status: eupay.OrderStatus(f.Get("status"))})
	return answer(r, f, err)
}

// moveLine moves one line on.
func moveLine(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	_, err = r.API.Kitchen.SetLineStatus(r.Ctx(), r.PathValue("id"), place(r, "position"), eupay.LineStatus(f.Get("status")))
	return answer(r, f, err)
}

// movePart moves a part of a set menu on.
func movePart(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	_, err = r.API.Kitchen.SetPartStatus(r.Ctx(), r.PathValue("id"), place(r, "position"), place(r, "part"), eupay.LineStatus(f.Get("status")))
	return answer(r, f, err)
}

// moveStation moves what an order has at a station on.
func moveStation(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	_, err = r.API.Kitchen.SetStationStatus(r.Ctx(), r.PathValue("id"), r.PathValue("station"), eupay.LineStatus(f.Get("status")))
	return answer(r, f, err)
}

// place reads a number in the path. Of what is none there is nothing, as the API says.
func place(r *web.Request, name string) int {
	n, err := strconv.Atoi(r.PathValue(name))
	if err != nil {
		return -1
	}
	return n
}

// fire has a course made now.
func fire(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	_, err = r.API.Kitchen.FireCourse(r.Ctx(), r.PathValue("id"), place(r, "course"))
	return answer(r, f, err)
}

// answer shows the board as it is now, and why something was refused.
func answer(r *web.Request, f *web.Form, err error) error {
	if err != nil && (web.Missing(err) || !r.Refused(f, err)) {
		return err
	}
	if r.Fragment() || f.Problem != "" {
		return show(r, f.Problem)
	}
	q := r.URL.Query()
	return r.Redirect(home+queryOf(q.Get("station"), q.Get("view") == byStationView), "")
}
