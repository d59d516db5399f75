package kitchen

import (
	"fmt"
	"slices"
	"time"

	eupay "european-pay.eu/eupay/sdk/go"
)

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
	// Next is what the big button makes of it; empty: there is none.
	Next string
	// Station of the screen, or of the column; empty: all.
	Station string
	// Rail: it is in the column of a station, which its button is about.
	Rail bool
	// Homeless: dishes of no station are here, too.
	Homeless bool
}

func newTicket(o eupay.Order, next eupay.OrderStatus, now time.Time) ticket {
	// An order that was paid first has waited for the kitchen since then.
	since := o.CreatedAt
	if o.PaidAt.After(since) {
		since = o.PaidAt
	}
	t := ticket{Order: o, Age: max(now.Sub(since), 0), Next: string(next), Tone: "good", Homeless: true}
	switch {
	case t.Age >= veryLate:
		t.Tone = "bad"
	case t.Age >= late:
		t.Tone = "warn"
	}
	return t
}

// Minutes is the age in whole minutes.
func (t ticket) Minutes() int { return int(t.Age.Minutes()) }

// Element is its id on the page.
func (t ticket) Element() string {
	if t.Rail {
		return "t-" + t.ID + "-" + t.Station
	}
	return "t-" + t.ID
}

// Path is where its button leads.
func (t ticket) Path() string {
	if t.Rail {
		return home + "/" + t.ID + "/stations/" + t.Station
	}
	return home + "/" + t.ID
}

// Courses are the dishes of the ticket's station, in the order of their courses: first what has none.
func (t ticket) Courses() (list []course) {
	for _, d := range t.dishes() {
		i := slices.IndexFunc(list, func(c course) bool { return c.Number == d.Course })
		if i < 0 {
			i = len(list)
			list = append(list, course{Number: d.Course, Waits: d.Waits})
		}
		list[i].Dishes = append(list[i].Dishes, d)
	}
	slices.SortStableFunc(list, func(a, b course) int { return a.Number - b.Number })
	return list
}

// dishes are what is made at the ticket's station. What was cancelled is not made.
func (t ticket) dishes() (list []dish) {
	for _, l := range t.Items {
		if l.Quantity <= l.CancelledQuantity {
			continue
		}
		for _, d := range dishesOf(t.ID, l) {
			if t.Station == "" || d.Station.ID == t.Station || d.Station.ID == "" && t.Homeless {
				list = append(list, d)
			}
		}
	}
	return list
}

// course is what is made together.
type course struct {
	Number int
	// Waits: it was not fired yet.
	Waits  bool
	Dishes []dish
}

// dish is a line on a ticket, or a part of a set menu.
type dish struct {
	// Path is where it is moved on.
	Path     string
	Quantity int
	// SetMenu is the name of the one whose part it is; empty: it is a line.
	Name, SetMenu, Notes string
	Extras               []string
	Course               int
	// Waits: its course was not fired yet.
	Waits   bool
	Status  eupay.LineStatus
	Station eupay.LineStation
	// Next is what a touch makes of it; empty: it is done.
	Next eupay.LineStatus
}

// after is what a touch makes of a dish.
var after = map[eupay.LineStatus]eupay.LineStatus{
	eupay.LineWaiting: eupay.LineReady, eupay.LinePreparing: eupay.LineReady, eupay.LineReady: eupay.LineServed,
}

// dishesOf are the parts of a set menu, or the line.
func dishesOf(order string, l eupay.OrderLine) (list []dish) {
	d := dish{
		Path: fmt.Sprintf("%s/%s/lines/%d", home, order, l.Position), Quantity: l.Quantity - l.CancelledQuantity, Name: l.Name, Notes: l.Notes,
		Extras: names(l.Options), Course: l.Course, Waits: l.Course > 0 && l.FiredAt.IsZero(), Status: l.Status, Next: after[l.Status], Station: at(l.Station),
	}
	for _, p := range l.Parts {
		if p.Status == "" { // an API of the version before: the line is one dish
			d.Extras = append(d.Extras, append([]string{p.Name}, names(p.Options)...)...)
			continue
		}
		of := d
		of.Path, of.Name, of.SetMenu = fmt.Sprintf("%s/parts/%d", d.Path, p.Position), p.Name, l.Name
		of.Extras = slices.Concat(names(p.Options), names(l.Options))
		of.Course, of.Waits, of.Status, of.Next, of.Station = p.Course, p.Course > 0 && p.FiredAt.IsZero(), p.Status, after[p.Status], at(p.Station)
		list = append(list, of)
	}
	if len(list) == 0 {
		list = append(list, d)
	}
	return list
}

func names(options []eupay.ChosenOption) (list []string) {
	for _, o := range options {
		list = append(list, o.Name)
	}
	return list
}

func at(s *eupay.LineStation) eupay.LineStation {
	if s == nil {
		return eupay.LineStation{}
	}
	return *s
}
