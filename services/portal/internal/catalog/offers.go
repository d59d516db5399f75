package catalog

import (
	"encoding/json"
	"net/http"
	"time"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

// The kinds of offers, as addresses name them.
const (
	onOrders   = "orders"
	onProducts = "products"
)

const allOffers = home + "/offers"

// limit is as many as the API has on a page; there are at most 500 of both kinds.
const limit = 100

// shownOffer is one row of the list.
type shownOffer struct {
	Kind, ID, Name, Product, Type string
	// Value is in hundredths of a percent, or in cents.
	Value, MinOrder  eupay.Amount
	StartsAt, EndsAt time.Time
	// State is active, scheduled or expired.
	State string
	// Schedule is when it counts in each week; nil: always.
	Schedule *eupay.WeeklySchedule
}

func offers(r *web.Request) error {
	var out struct {
		Offers   []shownOffer
		MayWrite bool
	}
	out.MayWrite = mayWrite(r)
	now := r.Site.Now()
	for o, err := range r.API.Offers.All(r.Ctx(), eupay.ListParams{Limit: limit}) {
		if err != nil {
			return err
		}
		out.Offers = append(out.Offers, shownOffer{
			onOrders, o.ID, o.Name, "", o.Type, value(o.Value), o.MinOrder, o.StartsAt, o.EndsAt, state(o.StartsAt, o.EndsAt, now),
			o.Schedule,
		})
	}
	names := map[string]string{}
	for o, err := range r.API.ProductOffers.All(r.Ctx(), eupay.ListParams{Limit: limit}) {
		if err != nil {
			return err
		}
		name, known := names[o.ProductID]
		if !known && len(names) < limit { // more are shown without it rather than asked for one by one
			if p, err := r.API.Products.Get(r.Ctx(), o.ProductID); err == nil {
				name = p.Name
			}
			names[o.ProductID] = name
		}
		out.Offers = append(out.Offers, shownOffer{
			onProducts, o.ID, o.Name, name, o.Type, value(o.Value), 0, o.StartsAt, o.EndsAt, state(o.StartsAt, o.EndsAt, now),
			o.Schedule,
		})
	}
	return r.Render(http.StatusOK, "catalog/offers", out)
}

func value(n json.Number) eupay.Amount {
	a, err := eupay.ParseAmount(n.String())
	if err != nil {
		return 0
	}
	return a
}

func state(from, to, now time.Time) string {
	switch {
	case now.Before(from):
		return "scheduled"
	case !to.IsZero() && !now.Before(to):
		return "expired"
	default:
		return "active"
	}
}

// offerForm is the page of one offer, new or not.
type offerForm struct {
	*web.Form
	Kind, ID string
	Products []map[string]any
	Types    []map[string]any
	Find     string
	Weekdays []string
}

func offerPage(r *web.Request, status int, kind, id string, f *web.Form) error {
	v := offerForm{Form: f, Kind: kind, ID: id, Find: r.URL.Query().Get("find"), Weekdays: weekdays}
	types := []string{"percentage", "fixed_amount"}
	if kind == onProducts {
		types = []string{"percentage", "fixed_price"}
	}
	for _, t := range types {
		v.Types = append(v.Types, map[string]any{"value": t, "label": r.Text.T("catalog.type." + t)})
	}
	if kind == onProducts {
		v.Products = choices(r, f.Get("product_id"), v.Find)
	}
	return r.Render(status, "catalog/offer", v)
}

// choices are the products that an offer can be on: the first that the search finds, and the one that is chosen already.
func choices(r *web.Request, chosen, find string) []map[string]any {
	var out []map[string]any
	seen := false
	got, err := r.API.Products.List(r.Ctx(), eupay.ProductListParams{ListParams: eupay.ListParams{Limit: limit}, Search: find})
	if err == nil {
		for _, p := range got.Data {
			out = append(out, map[string]any{"value": p.ID, "label": p.Name + " · " + r.Text.Amount(p.PriceTTC)})
			seen = seen || p.ID == chosen
		}
	}
	if chosen != "" && !seen {
		label := chosen
		if p, err := r.API.Products.Get(r.Ctx(), chosen); err == nil {
			label = p.Name + " · " + r.Text.Amount(p.PriceTTC)
		}
		out = append(out, map[string]any{"value": chosen, "label": label})
	}
	return out
}

func newOffer(r *web.Request) error {
	kind := onOrders
	if r.URL.Query().Get("on") == onProducts {
		kind = onProducts
	}
	return offerPage(r, http.StatusOK, kind, "", web.NewForm("on", kind, "type", "percentage", "product_id", r.URL.Query().Get("product")))
}

func editOffer(r *web.Request) error {
	id := r.PathValue("id")
	var f *web.Form
	switch r.PathValue("kind") {
	case onOrders:
		o, err := r.API.Offers.Get(r.Ctx(), id)
		if err != nil {
			return err
		}
		f = web.NewForm("name", o.Name, "type", o.Type, "value", r.Text.Decimal(o.Value.String()),
			"starts_at", r.Text.Local(o.StartsAt), "ends_at", r.Text.Local(o.EndsAt))
		if o.MinOrder > 0 {
			f.SetAmount(r, "min_order", o.MinOrder)
		}
		fillSchedule(f, o.Schedule)
	case onProducts:
		o, err := r.API.ProductOffers.Get(r.Ctx(), id)
		if err != nil {
			return err
		}
		f = web.NewForm("name", o.Name, "type", o.Type, "value", r.Text.Decimal(o.Value.String()),
			"starts_at", r.Text.Local(o.StartsAt), "ends_at", r.Text.Local(o.EndsAt), "product_id", o.ProductID)
		fillSchedule(f, o.Schedule)
	default:
		return web.NotFound
	}
	return offerPage(r, http.StatusOK, r.PathValue("kind"), id, f)
}

func createOffer(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	kind := onOrders
	if f.Get("on") == onProducts {
		kind = onProducts
	}
	return saveOffer(r, f, kind, "", "offer_added")
}

func updateOffer(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	return saveOffer(r, f, r.PathValue("kind"), r.PathValue("id"), "offer_saved")
}

// moment reads a field with a day and a time of the pages' time zone; empty: none.
func moment(r *web.Request, f *web.Form, name string) time.Time {
	text := f.Get(name)
	if text == "" {
		return time.Time{}
	}
	at, err := r.Text.ParseLocal(text)
	if err != nil {
		f.Wrong(name, r.Text.T("catalog.time_wrong"))
	}
	return at
}

func saveOffer(r *web.Request, f *web.Form, kind, id, notice string) error {
	if kind != onOrders && kind != onProducts {
		return web.NotFound
	}
	number := json.Number(f.Amount(r, "value").String())
	least, from, to := f.Amount(r, "min_order"), moment(r, f, "starts_at"), moment(r, f, "ends_at")
	if f.Get("value") == "" {
		f.Wrong("value", r.Text.T("catalog.value_missing"))
	}
	if f.OK() {
		err := send(r, kind, id,
			eupay.OfferParams{Name: f.Get("name"), Type: f.Get("type"), Value: number, MinOrder: least, StartsAt: from, EndsAt: to, Schedule: scheduleOf(f)},
			eupay.ProductOfferParams{ProductID: f.Get("product_id"), Name: f.Get("name"), Type: f.Get("type"), Value: number, StartsAt: from, EndsAt: to, Schedule: scheduleOf(f)})
		if err == nil {
			return r.Redirect(allOffers, notice)
		}
		if !r.Refused(f, err) {
			return err
		}
	}
	return offerPage(r, http.StatusUnprocessableEntity, kind, id, f)
}

func send(r *web.Request, kind, id string, whole eupay.OfferParams, one eupay.ProductOfferParams) (err error) {
	switch {
	case kind == onOrders && id == "":
		_, err = r.API.Offers.Create(r.Ctx(), whole)
	case kind == onOrders:
		_, err = r.API.Offers.Replace(r.Ctx(), id, whole)
	case id == "":
		_, err = r.API.ProductOffers.Create(r.Ctx(), one)
	default:
		_, err = r.API.ProductOffers.Replace(r.Ctx(), id, one)
	}
	return err
}

func removeOffer(r *web.Request) error {
	var err error
	switch r.PathValue("kind") {
	case onOrders:
		err = r.API.Offers.Delete(r.Ctx(), r.PathValue("id"))
	case onProducts:
		err = r.API.ProductOffers.Delete(r.Ctx(), r.PathValue("id"))
	default:
		err = web.NotFound
	}
	if err != nil {
		return err
	}
	return r.Redirect(allOffers, "offer_deleted")
}
