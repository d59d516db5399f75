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
	s.For(web.Shop, "POST /portal/kitchen/{id}/courses/{course}", fire)
	registerSetup(s)
	return s.Templates("kitchen", templates)
}

// After so long an order is late, and then very late.
const (
	late     = 10 * time.Minute
	veryLate = 20 * time.Minute
)

// ticket is an order as the kitchen sees it.
type ticket struct {
	eupay.Order
	Age time.Duration
	// Tone is the colour of its age: good, warn or bad.
	Tone string
	// Next is what the big button makes of it.
	Next eupay.OrderStatus
	// Station of the screen; empty: all.
	Station string
}

// Courses are the lines of the screen's station, in the order of their courses: first what has none.
func (t ticket) Courses() (list []course) {
	for _, l := range t.Items {
		if t.Station != "" && l.Station != nil && l.Station.ID != t.Station {
			continue
		}
		i := slices.IndexFunc(list, func(c course) bool { return c.Number == l.Course })
		if i < 0 {
			i = len(list)
			list = append(list, course{Number: l.Course, Waits: l.Course > 0 && l.FiredAt.IsZero()})
		}
		list[i].Lines = append(list[i].Lines, dish{OrderLine: l, Order: t.ID, Next: after[l.Status]})
	}
	slices.SortStableFunc(list, func(a, b course) int { return a.Number - b.Number })
	return list
}

// course is what is made together.
type course struct {
	Number int
	// Waits: it was not fired yet.
	Waits bool
	Lines []dish
}

// dish is a line on a ticket.
type dish struct {
	eupay.OrderLine
	Order string
	// Next is what a touch makes of it; empty: it is done.
	Next eupay.LineStatus
}

// after is what a touch makes of a line.
var after = map[eupay.LineStatus]eupay.LineStatus{
	eupay.LineWaiting: eupay.LineReady, eupay.LinePreparing: eupay.LineReady, eupay.LineReady: eupay.LineServed,
}

// Minutes is the age in whole minutes.
func (t ticket) Minutes() int { return int(t.Age.Minutes()) }

// Pieces is how many things it is about.
func (t ticket) Pieces() int {
	n := 0
	for _, l := range t.Items {
		n += l.Quantity
	}
	return n
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
	// Silent are printers that do not print.
	Silent []eupay.Printer
}

// Query leads to the same screen.
func (s screen) Query() string {
	if s.Station == "" {
		return ""
	}
	return "?station=" + url.QueryEscape(s.Station)
}

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
	for _, step := range onward {
		c := column{Status: step.from}
		for _, o := range all {
			s.Newest = max(s.Newest, o.Number)
			if t := newTicket(o, step.to, r.Site.Now()); o.Status == step.from {
				if t.Station = s.Station; len(t.Courses()) > 0 {
					c.Tickets = append(c.Tickets, t)
				}
			}
		}
		s.Columns = append(s.Columns, c)
	}
	if r.Fragment() {
		return r.RenderPart("kitchen/kitchen", "board", s)
	}
	return r.Render(http.StatusOK, "kitchen/kitchen", s)
}

// newScreen reads what is around the board. Without printers that can be read, the board is there all the same.
func newScreen(r *web.Request, problem string) (screen, error) {
	s := screen{Problem: problem}
	var err error
	if s.Stations, err = r.API.Kitchen.Stations(r.Ctx()); err != nil {
		return s, err
	}
	chosen := r.URL.Query().Get("station")
	if slices.ContainsFunc(s.Stations, func(st eupay.Station) bool { return st.ID == chosen }) {
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

func newTicket(o eupay.Order, next eupay.OrderStatus, now time.Time) ticket {
	// An order that was paid first has waited for the kitchen since then.
	since := o.CreatedAt
	if o.PaidAt.After(since) {
		since = o.PaidAt
	}
	t := ticket{Order: o, Age: max(now.Sub(since), 0), Next: next, Tone: "good"}
	switch {
	case t.Age >= veryLate:
		t.Tone = "bad"
	case t.Age >= late:
		t.Tone = "warn"
	}
	return t
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
	position, err := strconv.Atoi(r.PathValue("position"))
	if err != nil {
		position = -1 // there is none, as the API says
	}
	_, err = r.API.Kitchen.SetLineStatus(r.Ctx(), r.PathValue("id"), position, eupay.LineStatus(f.Get("status")))
	return answer(r, f, err)
}

// fire has a course made now.
func fire(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	number, err := strconv.Atoi(r.PathValue("course"))
	if err != nil {
		number = -1
	}
	_, err = r.API.Kitchen.FireCourse(r.Ctx(), r.PathValue("id"), number)
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
	to := home
	if station := r.URL.Query().Get("station"); station != "" {
		to += "?station=" + url.QueryEscape(station)
	}
	return r.Redirect(to, "")
}
