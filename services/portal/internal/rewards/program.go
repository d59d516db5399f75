package rewards

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

const (
	// mostProducts is how many products the form offers to choose from.
	mostProducts = 100
	// mostMultipliers is how many the API takes.
	mostMultipliers = 20
)

var weekdays = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}

// programView is the page of the rules.
type programView struct {
	*web.Form
	Program  *eupay.RewardProgram
	MayWrite bool
	Weekdays []string
	// Products are those of the catalog, and those of the rules that are not in it; Categories likewise.
	Products   []option
	Categories []string
	// Rows are the names of the multipliers' fields up to the last dot, and of those of one more.
	Rows []string
}

// option is a product to choose.
type option struct{ ID, Name string }

func programPage(r *web.Request) error {
	p, err := r.API.Rewards.Program(r.Ctx())
	if err != nil {
		return err
	}
	f := web.NewForm(
		"max_points_per_payment", shown(p.MaxPointsPerPayment), "max_points_per_day", shown(p.MaxPointsPerDay), "max_points_per_member", shown(p.MaxPointsPerMember),
		"welcome_points", shown(p.WelcomePoints), "validity_months", shown(p.ValidityMonths))
	if p.Active {
		f.Values.Set("active", "1")
	}
	f.SetAmount(r, "points_per_euro", p.PointsPerEuro)
	for name, value := range map[string]eupay.Amount{"minimum_amount": p.MinimumAmount, "point_value": p.PointValue} {
		if value > 0 {
			f.SetAmount(r, name, value)
		}
	}
	fill(f, "", scope{p.Schedule, p.Products, p.Categories})
	fillMultipliers(r, f, p.Multipliers)
	return showProgram(r, http.StatusOK, f, p)
}

// shown is a number for a field; empty for 0, which is no limit.
func shown(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// scope is to what a rule applies: when, and to which products.
type scope struct {
	schedule             *eupay.RewardSchedule
	products, categories []string
}

// fill writes a scope in the fields with a prefix.
func fill(f *web.Form, prefix string, s scope) {
	if s.schedule != nil {
		f.Values[prefix+"schedule.weekdays"] = s.schedule.Weekdays
		f.Values.Set(prefix+"schedule.from", s.schedule.From)
		f.Values.Set(prefix+"schedule.until", s.schedule.Until)
	}
	f.Values[prefix+"products"], f.Values[prefix+"categories"] = s.products, s.categories
}

// scopeOf reads the scope of the fields with a prefix.
func scopeOf(f *web.Form, prefix string) scope {
	s := scope{products: f.Values[prefix+"products"], categories: f.Values[prefix+"categories"]}
	days, from, until := f.Values[prefix+"schedule.weekdays"], f.Get(prefix+"schedule.from"), f.Get(prefix+"schedule.until")
	if len(days) > 0 || from != "" || until != "" {
		s.schedule = &eupay.RewardSchedule{Weekdays: days, From: from, Until: until}
	}
	return s
}

func rowOf(i int) string { return fmt.Sprintf("multipliers[%d].", i) }

// fillMultipliers writes the multipliers in the fields of their rows. The API names a field that it refuses by the same row.
func fillMultipliers(r *web.Request, f *web.Form, list []eupay.RewardMultiplier) {
	for i, m := range list {
		fill(f, rowOf(i), scope{m.Schedule, m.Products, m.Categories})
		f.SetAmount(r, rowOf(i)+"multiplier", m.Multiplier)
	}
}

// multipliersOf reads the rows that have a multiplier, and moves them together: a row whose multiplier was emptied is gone.
func multipliersOf(r *web.Request, f *web.Form) (list []eupay.RewardMultiplier) {
	for i := range mostMultipliers + 1 {
		row := rowOf(i)
		if f.Is(row + "multiplier") {
			s := scopeOf(f, row)
			list = append(list, eupay.RewardMultiplier{Multiplier: f.Amount(r, row+"multiplier"), Schedule: s.schedule, Products: s.products, Categories: s.categories})
		}
	}
	if !f.OK() {
		return list // what was typed stays where it is
	}
	for i := range mostMultipliers + 1 {
		for _, name := range []string{"multiplier", "schedule.weekdays", "schedule.from", "schedule.until", "products", "categories"} {
			f.Values.Del(rowOf(i) + name)
		}
	}
	fillMultipliers(r, f, list)
	return list
}

func showProgram(r *web.Request, status int, f *web.Form, p *eupay.RewardProgram) error {
	v := programView{Form: f, Program: p, MayWrite: mayWrite(r), Weekdays: weekdays}
	got, err := r.API.Products.List(r.Ctx(), eupay.ProductListParams{ListParams: eupay.ListParams{Limit: mostProducts}})
	if err != nil {
		return err
	}
	for i := range got.Data {
		v.Products = append(v.Products, option{got.Data[i].ID, got.Data[i].Name})
		v.Categories = append(v.Categories, got.Data[i].Category)
	}
	last := 0
	for i := range mostMultipliers {
		if f.Is(rowOf(i) + "multiplier") {
			last = i + 1
		}
	}
	for i := range min(last+1, mostMultipliers) {
		v.Rows = append(v.Rows, rowOf(i))
	}
	for _, prefix := range append([]string{""}, v.Rows...) { // what is chosen stays, also if the catalog has it no more
		for _, id := range f.Values[prefix+"products"] {
			if !slices.ContainsFunc(v.Products, func(o option) bool { return o.ID == id }) {
				v.Products = append(v.Products, option{id, id})
			}
		}
		v.Categories = append(v.Categories, f.Values[prefix+"categories"]...)
	}
	v.Categories = slices.DeleteFunc(v.Categories, func(c string) bool { return c == "" })
	slices.Sort(v.Categories)
	v.Categories = slices.Compact(v.Categories)
	return r.Render(status, "rewards/program", v)
}

// setProgram saves the rules of the form.
func setProgram(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	now, err := r.API.Rewards.Program(r.Ctx())
	if err != nil {
		return err
	}
	all := scopeOf(f, "")
	p := eupay.RewardProgramParams{
		Active: eupay.Ptr(f.Is("active")), PointsPerEuro: f.Amount(r, "points_per_euro"), MinimumAmount: f.Amount(r, "minimum_amount"),
		MaxPointsPerPayment: number(r, f, "max_points_per_payment"), MaxPointsPerDay: number(r, f, "max_points_per_day"),
		MaxPointsPerMember: number(r, f, "max_points_per_member"), WelcomePoints: number(r, f, "welcome_points"),
		ValidityMonths: number(r, f, "validity_months"), PointValue: f.Amount(r, "point_value"),
		Schedule: all.schedule, Products: all.products, Categories: all.categories, Multipliers: multipliersOf(r, f),
	}
	if !f.OK() {
		return showProgram(r, http.StatusUnprocessableEntity, f, now)
	}
	if _, err := r.API.Rewards.SetProgram(r.Ctx(), p); err != nil {
		if !r.Refused(f, err) {
			return err
		}
		return showProgram(r, http.StatusUnprocessableEntity, f, now)
	}
	return r.Redirect(home+"/program", "reward_program_set")
}

// number reads a whole number from 0; an empty field is 0.
func number(r *web.Request, f *web.Form, name string) int {
	if f.Get(name) == "" {
		return 0
	}
	n, err := strconv.Atoi(f.Get(name))
	if err != nil || n < 0 {
		f.Wrong(name, r.Text.T("rewards.number_wrong"))
	}
	return n
}
