// Package kitchen serves the screen of a kitchen: what is to be done, on a tablet, for fingers.
package kitchen

import (
	"embed"
	"net/http"
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
	s.For(web.Shop, "POST /portal/kitchen/{id}", move)
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
	s := screen{Problem: problem}
	for _, step := range onward {
		c := column{Status: step.from}
		for _, o := range all {
			s.Newest = max(s.Newest, o.Number)
			if o.Status == step.from {
				c.Tickets = append(c.Tickets, newTicket(o, step.to, r.Site.Now()))
			}
		}
		s.Columns = append(s.Columns, c)
	}
	if r.Fragment() {
		return r.RenderPart("kitchen/kitchen", "board", s)
	}
	return r.Render(http.StatusOK, "kitchen/kitchen", s)
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
	if err != nil && (web.Missing(err) || !r.Refused(f, err)) {
		return err
	}
	if r.Fragment() || f.Problem != "" {
		return show(r, f.Problem)
	}
	return r.Redirect(home, "")
}
