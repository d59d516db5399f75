// Package order serves the pages of guests at a table: the menu, the basket, and what becomes of their order. They need no login: the
// code of the table is in the address.
package order

import (
	"embed"
	"errors"
	"net/http"
	"net/url"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/text"
	"european-pay.eu/eupay/services/portal/internal/web"
)

//go:embed *.html
var templates embed.FS

const path = "/order/{merchant}/{token}"

// Register adds the pages to the site.
func Register(s *web.Site) error {
	texts, err := text.Load()
	if err != nil {
		return err
	}
	g := guests{french: texts["fr"]}
	s.Open("GET "+path, g.page(show))
	s.Open("POST "+path, g.page(send))
	s.Open("POST "+path+"/{order}/ticket", g.page(mailTicket))
	return s.Templates("order", templates)
}

// guests are served in French unless their browser says otherwise.
type guests struct{ french *text.Language }

func (g guests) page(h web.Handler) web.Handler {
	return func(r *web.Request) error {
		if r.Header.Get("Accept-Language") == "" {
			r.Text = g.french
		}
		// The page of an earlier moment would have the key of an order that has been placed.
		r.W.Header().Set("Cache-Control", "no-store")
		if r.Site.APIURL != r.Site.PublicURL {
			r.AllowImages(r.Site.APIURL) // the API has pictures for products that were given none
		}
		err := h(r)
		if errors.Is(err, eupay.ErrNotFound) || errors.Is(err, eupay.ErrID) {
			return r.Render(http.StatusNotFound, "order/closed", nil)
		}
		return err
	}
}

// here is the address of the table's page.
func here(r *web.Request) string { return r.URL.Path }

func show(r *web.Request) error {
	if id := r.URL.Query().Get("order"); id != "" {
		return follow(r, id)
	}
	m, err := r.API.Menus.Get(r.Ctx(), r.PathValue("merchant"), r.PathValue("token"))
	if err != nil {
		return err
	}
	f := web.NewForm("key", web.NewKey(), "type", "dine_in", "pay", "counter")
	p := newPage(r, f, m)
	p.Fresh = true
	p.Last = placedBefore(r)
	p.Bill = billHere(r)
	return r.Render(http.StatusOK, "order/menu", p)
}

// send is every button of the form: another part of the menu, the review, the order itself.
func send(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	if f.Get("step") == "order" {
		return place(r, f)
	}
	m, err := r.API.Menus.Get(r.Ctx(), r.PathValue("merchant"), r.PathValue("token"))
	if err != nil && !unreadable(err) {
		return err
	}
	if err != nil {
		r.Refused(f, err)
	}
	p := newPage(r, f, m)
	p.Reviewing = f.Get("step") == "review" || m == nil
	if p.Reviewing && len(p.Lines) == 0 && m != nil {
		p.Reviewing, f.Problem = false, r.Text.T("order.nothing")
	}
	return r.Render(http.StatusOK, "order/menu", p)
}

// unreadable reports whether the menu cannot be had just now, though there may be one.
func unreadable(err error) bool {
	return !errors.Is(err, eupay.ErrNotFound) && !errors.Is(err, eupay.ErrID)
}

// place orders what the guest was shown. Refused, it shows the basket again as it was typed.
func place(r *web.Request, f *web.Form) error {
	chosen := chosenIn(f)
	if len(chosen) == 0 {
		f.Problem = r.Text.T("order.nothing")
		return again(r, f)
	}
	p := eupay.OrderParams{
		OrderType: f.Get("type"), PayNow: f.Get("pay") == "now", CustomerName: f.Get("name"), Notes: f.Get("notes"), IdempotencyKey: f.Get("key"),
		ExpectedTotal: whatWasShown(f), PickupAt: pickupIn(f), PromotionCode: f.Get("promotion_code"),
	}
	for _, c := range chosen {
		p.Items = append(p.Items, eupay.OrderItem{ProductID: c.Product(), Quantity: c.Quantity, Notes: c.Note, Options: c.Options, Parts: c.Parts, VariantID: c.Variant})
	}
	placed, err := r.API.Menus.Order(r.Ctx(), r.PathValue("merchant"), r.PathValue("token"), p)
	if err != nil {
		if errors.Is(err, eupay.ErrNotFound) || errors.Is(err, eupay.ErrID) {
			return err
		}
		explain(r, f, err, chosen)
		return again(r, f)
	}
	to := here(r) + "?" + url.Values{"order": {placed.Order.ID}}.Encode()
	if placed.Payment == nil {
		remember(r, placed.Order.ID, "")
		return r.Redirect(to, "")
	}
	pay := bankURL(placed.Payment.PaymentURL)
	remember(r, placed.Order.ID, pay)
	if pay == "" { // the bank has not answered in time: the same order again finds its payment
		f.Problem = r.Text.T("order.bank_late")
		return again(r, f)
	}
	// Browsers hold a redirect that answers a form against the policy of the page with the form, which cannot know every bank: this page
	// leads on.
	r.W.Header().Set("Refresh", "0;url="+pay)
	return r.Render(http.StatusOK, "order/pay", leading{Order: &placed.Order, Pay: pay, Status: to})
}

// leading is the page on the way to the bank.
type leading struct {
	Order       *eupay.Order
	Pay, Status string
}

// again shows the basket once more, with the menu as it is now.
func again(r *web.Request, f *web.Form) error {
	m, err := r.API.Menus.Get(r.Ctx(), r.PathValue("merchant"), r.PathValue("token"))
	if err != nil && !unreadable(err) {
		return err
	}
	p := newPage(r, f, m)
	p.Reviewing = len(p.Lines) > 0 || m == nil
	return r.Render(http.StatusUnprocessableEntity, "order/menu", p)
}

// explain says why the API did not take the order, beside the items that it names.
func explain(r *web.Request, f *web.Form, err error, chosen []choice) {
	var refused *eupay.Error
	if !errors.As(err, &refused) {
		f.Problem = r.Text.T("error.unreachable")
		return
	}
	switch refused.Code {
	case eupay.ErrTotalChanged:
		f.Problem = r.Text.T("order.total_changed", "total", r.Text.Amount(refused.Total))
		if f.Is("promotion_code") {
			f.Problem = r.Text.T("order.total_with_code", "total", r.Text.Amount(refused.Total))
		}
		f.Values.Set("now", refused.Total.String())
	case eupay.ErrIdempotencyConflict:
		f.Problem = r.Text.T("order.sent_before")
		f.Values.Set("key", web.NewKey())
	case eupay.ErrValidation:
		named := false
		for _, field := range refused.Fields {
			for i, c := range chosen {
				named = mark(r, f, field.Field, i, c.ID) || named
			}
		}
		f.Problem = r.Text.T("order.some_missing")
		if !named {
			r.Refused(f, err)
		}
	case eupay.ErrClosed:
		f.Problem = r.Text.T("order.closed_now")
	case eupay.ErrSlotFull:
		f.Problem = r.Text.T("order.slot_full")
		f.Values.Del(slotField)
	case eupay.ErrRateLimitExceeded:
		f.Problem = r.Text.T("order.too_many")
	case eupay.ErrMerchantNotEnabled:
		f.Problem = r.Text.T("order.no_payments")
	case eupay.ErrInvalidState:
		f.Problem = r.Text.T("order.table_full")
	default:
		r.Refused(f, err)
	}
}
