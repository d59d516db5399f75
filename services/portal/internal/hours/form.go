package hours

import (
	"fmt"
	"slices"
	"strconv"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

func fillPickup(f *web.Form, p eupay.Pickup) {
	for name, n := range map[string]int{
		"slot_minutes": p.SlotMinutes, "slot_capacity": p.SlotCapacity, "preparation_minutes": p.PreparationMinutes, "days_ahead": p.DaysAhead,
	} {
		f.Values.Set(name, strconv.Itoa(n))
	}
}

func at(list string, i int) string { return fmt.Sprintf("%s[%d].", list, i) }

// fill writes services and exceptions in the fields of their rows. The API names a field that it refuses by the same row.
func fill(f *web.Form, services []eupay.MealService, exceptions []eupay.DayException) {
	for i, s := range services {
		row := at("services", i)
		f.Values.Set(row+"name", s.Name)
		f.Values.Set(row+"last_order_minutes", strconv.Itoa(s.LastOrderMinutes))
		f.Values[row+"categories"], f.Values[row+"products"] = s.Categories, s.Products
		for j, w := range s.Windows {
			in := at(row+"windows", j)
			f.Values[in+"weekdays"] = w.Weekdays
			f.Values.Set(in+"from", w.From)
			f.Values.Set(in+"until", w.Until)
		}
	}
	for i, e := range exceptions {
		row := at("exceptions", i)
		f.Values.Set(row+"date", e.Date)
		for j, w := range e.Windows {
			in := at(row+"windows", j)
			f.Values.Set(in+"service", w.Service)
			f.Values.Set(in+"from", w.From)
			f.Values.Set(in+"until", w.Until)
		}
	}
}

// windowsIn returns the rows of windows that something is typed in.
func windowsIn(f *web.Form, list string, names ...string) []string {
	var rows []string
	for j := range mostWindows {
		in := at(list, j)
		if slices.ContainsFunc(names, func(name string) bool { return f.Is(in + name) }) {
			rows = append(rows, in)
		}
	}
	return rows
}

func servicesOf(r *web.Request, f *web.Form) []eupay.MealService {
	var list []eupay.MealService
	for i := range mostServices {
		row := at("services", i)
		if !f.Is(row + "name") {
			continue
		}
		s := eupay.MealService{
			Name: f.Get(row + "name"), LastOrderMinutes: number(r, f, row+"last_order_minutes"), Products: f.Values[row+"products"], Categories: f.Values[row+"categories"],
		}
		for _, in := range windowsIn(f, row+"windows", "weekdays", "from", "until") {
			s.Windows = append(s.Windows, eupay.WeeklySchedule{Weekdays: f.Values[in+"weekdays"], From: f.Get(in + "from"), Until: f.Get(in + "until")})
		}
		if len(s.Windows) == 0 {
			f.Wrong(at(row+"windows", 0)+"from", r.Text.T("hours.window_missing"))
		}
		list = append(list, s)
	}
	return list
}

func exceptionsOf(f *web.Form) []eupay.DayException {
	var list []eupay.DayException
	for i := range mostExceptions {
		row := at("exceptions", i)
		if !f.Is(row + "date") {
			continue
		}
		e := eupay.DayException{Date: f.Get(row + "date")}
		for _, in := range windowsIn(f, row+"windows", "from", "until") {
			e.Windows = append(e.Windows, eupay.DayWindow{Service: f.Get(in + "service"), From: f.Get(in + "from"), Until: f.Get(in + "until")})
		}
		list = append(list, e)
	}
	return list
}

// number reads a whole number from 0; an empty field is 0.
func number(r *web.Request, f *web.Form, name string) int {
	if f.Get(name) == "" {
		return 0
	}
	n, err := strconv.Atoi(f.Get(name))
	if err != nil || n < 0 {
		f.Wrong(name, r.Text.T("hours.number_wrong"))
	}
	return n
}
