package hours

import (
	"slices"
	"time"
)

// horizon is how many days ahead an opening is looked for.
const horizon = 62

// Schedule is when a merchant takes orders, and what it sells then. Without services it always does, but for exceptions.
type Schedule struct {
	Services   []Service   `json:"services,omitempty"`
	Exceptions []Exception `json:"exceptions,omitempty"`
}

// Service is a named part of the day, such as lunch. Without products and categories it sells everything.
type Service struct {
	Name             string   `json:"name"`
	Windows          []Weekly `json:"windows"`
	LastOrderMinutes int      `json:"last_order_minutes,omitempty"`
	Products         []string `json:"products,omitempty"`
	Categories       []string `json:"categories,omitempty"`
}

// Exception replaces the windows that begin on a date. Without windows the merchant is closed then.
type Exception struct {
	Date    string      `json:"date"`
	Windows []DayWindow `json:"windows,omitempty"`
}

// DayWindow is a window of an exception. Without the name of a service everything is sold.
type DayWindow struct {
	Service string `json:"service,omitempty"`
	From    string `json:"from"`
	Until   string `json:"until"`
}

// serving is a service on a day; service is nil where everything is sold.
type serving struct {
	service *Service
	span
	// last is when orders end.
	last time.Time
}

func newServing(s *Service, window span) serving {
	v := serving{service: s, span: window, last: window.Until}
	if s != nil {
		v.last = window.Until.Add(-time.Duration(s.LastOrderMinutes) * time.Minute)
	}
	return v
}

// Servings are what is served at some time.
type Servings []serving

// Sells reports whether one of them sells the product.
func (list Servings) Sells(product, category string) bool {
	return slices.ContainsFunc(list, func(v serving) bool {
		s := v.service
		return s == nil || len(s.Products)+len(s.Categories) == 0 || slices.Contains(s.Products, product) || category != "" && slices.Contains(s.Categories, category)
	})
}

// names are those of the services, each once.
func (list Servings) names() []string {
	names := []string{}
	for _, v := range list {
		if v.service != nil && !slices.Contains(names, v.service.Name) {
			names = append(names, v.service.Name)
		}
	}
	return names
}

func (s Schedule) always() bool { return len(s.Services)+len(s.Exceptions) == 0 }

// on returns the servings that begin on a date.
func (s Schedule) on(date time.Time) Servings {
	var list Servings
	add := func(of *Service, window span) {
		if v := newServing(of, window); v.last.After(v.From) {
			list = append(list, v)
		}
	}
	day := date.Format(time.DateOnly)
	if i := slices.IndexFunc(s.Exceptions, func(e Exception) bool { return e.Date == day }); i >= 0 {
		for _, w := range s.Exceptions[i].Windows {
			add(s.named(w.Service), spanOn(date, w.From, w.Until))
		}
		return list
	}
	if len(s.Services) == 0 {
		add(nil, spanOn(date, "", ""))
	}
	for i := range s.Services {
		for _, w := range s.Services[i].Windows {
			if window, ok := w.on(date); ok {
				add(&s.Services[i], window)
			}
		}
	}
	return list
}

func (s Schedule) named(name string) *Service {
	if i := slices.IndexFunc(s.Services, func(v Service) bool { return v.Name == name }); i >= 0 {
		return &s.Services[i]
	}
	return nil
}

// near returns the servings that may hold a time.
func (s Schedule) near(at time.Time) Servings {
	today := dateOf(at)
	return append(s.on(today.AddDate(0, 0, -1)), s.on(today)...)
}

// open returns the servings that take orders at that time.
func (s Schedule) open(at time.Time) Servings {
	return slices.DeleteFunc(s.near(at), func(v serving) bool { return at.Before(v.From) || !at.Before(v.last) })
}

// fetched returns the servings in which an order that is placed now can be fetched at that time.
func (s Schedule) fetched(now, at time.Time) Servings {
	return slices.DeleteFunc(s.near(at), func(v serving) bool { return !v.holds(at) || !now.Before(v.last) })
}

// opens returns when a service begins next after that time; zero if none does soon.
func (s Schedule) opens(at time.Time) (next time.Time) {
	for i, today := 0, dateOf(at); i < horizon && next.IsZero(); i++ {
		for _, v := range s.on(today.AddDate(0, 0, i)) {
			next = earlier(next, at, v.From)
		}
	}
	return next
}

// closes returns until when orders are taken without a break; zero if there is no end in sight.
func (s Schedule) closes(at time.Time) time.Time {
	end := at
	for range horizon {
		next := end
		for _, v := range s.open(end) {
			if v.last.After(next) {
				next = v.last
			}
		}
		if next.Equal(end) {
			return end
		}
		end = next
	}
	return time.Time{}
}

// changes returns when something of it begins or ends next after that time; zero if nothing does soon.
func (s Schedule) changes(at time.Time) (next time.Time) {
	if s.always() {
		return next
	}
	today := dateOf(at)
	for i := -1; i < horizon; i++ {
		date := today.AddDate(0, 0, i)
		if midnight, _ := moments(date, 0); !next.IsZero() && !midnight.Before(next) {
			return next
		}
		for _, v := range s.on(date) {
			next = earlier(next, at, v.From, v.last)
		}
	}
	return next
}
