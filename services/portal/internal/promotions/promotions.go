// Package promotions serves the pages on which merchants keep the codes with which guests order for less.
package promotions

import (
	"embed"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

//go:embed *.html
var templates embed.FS

const home = "/portal/promotions"

// limit is as many as the API has on a page; there are at most 500.
const limit = 100

// Register adds the pages to the site.
func Register(s *web.Site) error {
	s.For(web.Shop, "GET /portal/promotions", list)
	s.For(web.Shop, "GET /portal/promotions/new", newPage)
	s.Once(web.Shop, "POST /portal/promotions/new", create)
	s.For(web.Shop, "GET /portal/promotions/{id}", edit)
	s.For(web.Shop, "POST /portal/promotions/{id}", update)
	s.For(web.Shop, "POST /portal/promotions/{id}/delete", remove)
	return s.Templates("promotions", templates)
}

// shown is one row of the list.
type shown struct {
	eupay.PromotionCode
	// State is active, scheduled, used_up, expired or off.
	State string
}

// Off is what the code takes off, in hundredths of a percent or in cents.
func (s shown) Off() eupay.Amount { return amount(s.Value) }

func amount(n json.Number) eupay.Amount {
	a, err := eupay.ParseAmount(n.String())
	if err != nil {
		return 0
	}
	return a
}

func list(r *web.Request) error {
	var out []shown
	for c, err := range r.API.PromotionCodes.All(r.Ctx(), eupay.ListParams{Limit: limit}) {
		if err != nil {
			return err
		}
		out = append(out, shown{c, state(c, r.Site.Now())})
	}
	return r.Render(http.StatusOK, "promotions/list", out)
}

func state(c eupay.PromotionCode, now time.Time) string {
	switch {
	case !c.IsActive:
		return "off"
	case c.MaxUses > 0 && c.Uses >= c.MaxUses:
		return "used_up"
	case now.Before(c.StartsAt):
		return "scheduled"
	case !c.EndsAt.IsZero() && !now.Before(c.EndsAt):
		return "expired"
	default:
		return "active"
	}
}

// form is the page of one code, new or not.
type form struct {
	*web.Form
	// Code is the one that is changed; nil: a new one.
	Code       *eupay.PromotionCode
	Types      []map[string]any
	Categories []string
}

func show(r *web.Request, status int, f *web.Form, c *eupay.PromotionCode) error {
	v := form{Form: f, Code: c}
	for _, t := range []string{"percentage", "fixed_amount"} {
		v.Types = append(v.Types, map[string]any{"value": t, "label": r.Text.T("promotions.type." + t)})
	}
	if got, err := r.API.Products.List(r.Ctx(), eupay.ProductListParams{ListParams: eupay.ListParams{Limit: limit}}); err == nil {
		for i := range got.Data {
			v.Categories = append(v.Categories, got.Data[i].Category)
		}
	}
	v.Categories = append(v.Categories, f.Values["categories"]...)
	slices.Sort(v.Categories)
	v.Categories = slices.DeleteFunc(slices.Compact(v.Categories), func(c string) bool { return c == "" })
	return r.Render(status, "promotions/code", v)
}

func newPage(r *web.Request) error {
	return show(r, http.StatusOK, web.NewForm("type", "percentage", "is_active", "1"), nil)
}

func edit(r *web.Request) error {
	c, err := r.API.PromotionCodes.Get(r.Ctx(), r.PathValue("id"))
	if err != nil {
		return err
	}
	f := web.NewForm("name", c.Name, "type", c.Type, "value", r.Text.Decimal(c.Value.String()), "starts_at", r.Text.Local(c.StartsAt), "ends_at", r.Text.Local(c.EndsAt))
	if c.MinOrder > 0 {
		f.SetAmount(r, "min_order", c.MinOrder)
	}
	if c.MaxUses > 0 {
		f.Values.Set("max_uses", strconv.Itoa(c.MaxUses))
	}
	if c.IsActive {
		f.Values.Set("is_active", "1")
	}
	f.Values["categories"], f.Values["products"] = c.Categories, c.Products
	return show(r, http.StatusOK, f, c)
}

// read takes a code from the form.
func read(r *web.Request, f *web.Form) eupay.PromotionCodeParams {
	p := eupay.PromotionCodeParams{
		Code: f.Get("code"), Name: f.Get("name"), Type: f.Get("type"), Value: json.Number(f.Amount(r, "value").String()), MinOrder: f.Amount(r, "min_order"),
		Products: f.Values["products"], Categories: f.Values["categories"], IsActive: eupay.Ptr(f.Is("is_active")),
		StartsAt: moment(r, f, "starts_at"), EndsAt: moment(r, f, "ends_at"),
	}
	if text := f.Get("max_uses"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			f.Wrong("max_uses", r.Text.T("promotions.number_wrong"))
		}
		p.MaxUses = n
	}
	return p
}

// moment reads a field with a day and a time of the pages' time zone; empty: none.
func moment(r *web.Request, f *web.Form, name string) time.Time {
	if f.Get(name) == "" {
		return time.Time{}
	}
	at, err := r.Text.ParseLocal(f.Get(name))
	if err != nil {
		f.Wrong(name, r.Text.T("promotions.time_wrong"))
	}
	return at
}

func create(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	if p := read(r, f); f.OK() {
		_, err := r.API.PromotionCodes.Create(r.Ctx(), p)
		if err == nil {
			return r.Redirect(home, "promotion_added")
		}
		if !r.Refused(f, err) {
			return err
		}
	}
	return show(r, http.StatusUnprocessableEntity, f, nil)
}

func update(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	id := r.PathValue("id")
	if p := read(r, f); f.OK() {
		_, err := r.API.PromotionCodes.Update(r.Ctx(), id, whole(p))
		if err == nil {
			return r.Redirect(home, "promotion_saved")
		}
		if !r.Refused(f, err) {
			return err
		}
	}
	c, err := r.API.PromotionCodes.Get(r.Ctx(), id)
	if err != nil {
		return err
	}
	return show(r, http.StatusUnprocessableEntity, f, c)
}

// whole is a change of everything that the form has.
func whole(p eupay.PromotionCodeParams) eupay.PromotionCodeChange {
	text := func(at time.Time) *string {
		if at.IsZero() {
			return eupay.Ptr("")
		}
		return eupay.Ptr(at.UTC().Format(time.RFC3339))
	}
	filled := func(list []string) *[]string { return eupay.Ptr(append([]string{}, list...)) }
	return eupay.PromotionCodeChange{
		Name: &p.Name, Type: &p.Type, Value: p.Value, MinOrder: &p.MinOrder, MaxUses: &p.MaxUses, Products: filled(p.Products), Categories: filled(p.Categories),
		IsActive: p.IsActive, StartsAt: text(p.StartsAt), EndsAt: text(p.EndsAt),
	}
}

func remove(r *web.Request) error {
	if err := r.API.PromotionCodes.Delete(r.Ctx(), r.PathValue("id")); err != nil {
		return err
	}
	return r.Redirect(home, "promotion_deleted")
}
