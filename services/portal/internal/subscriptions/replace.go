package subscriptions

import (
	"net/http"
	"net/url"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

// replaceable reports whether another subscription can take the place of one.
func replaceable(s *eupay.Subscription) bool {
	return s.Status == eupay.SubscriptionActive && !s.CancelRequested && s.ReplacedBy == ""
}

// replacement is what the page of a replacement shows.
type replacement struct {
	form
	Old *eupay.Subscription
}

// replacePage shows the form with what holds now. The first day stays empty: the next possible one is tomorrow.
func replacePage(r *web.Request) error {
	s, err := r.API.Subscriptions.Get(r.Ctx(), r.PathValue("id"))
	if err != nil {
		return err
	}
	f := web.NewForm("key", web.NewKey(), "description", s.Description, "frequency", string(s.Frequency), "end_date", s.EndDate, "collect", string(s.Collect))
	f.SetAmount(r, "amount", s.Amount)
	if s.NotifyCustomer {
		f.Values.Set("notify_customer", "1")
	}
	return r.Render(http.StatusOK, "subscriptions/replace", replacement{form{f, frequencies, ways}, s})
}

// replace asks for the subscription that takes the place of another one.
func replace(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	id := r.PathValue("id")
	p := asked(r, f)
	p.NotifyCustomer = eupay.Ptr(f.Is("notify_customer")) // a box that is not ticked must not leave it as it was
	if f.OK() {
		var made *eupay.Subscription
		if made, err = r.API.Subscriptions.Replace(r.Ctx(), id, p); err == nil {
			return r.Redirect("/portal/subscriptions/"+url.PathEscape(made.ID), "subscription_replacing")
		}
		if !shownOn(r, f, err) {
			return err
		}
	}
	s, err := r.API.Subscriptions.Get(r.Ctx(), id)
	if err != nil {
		return err
	}
	return r.Render(http.StatusUnprocessableEntity, "subscriptions/replace", replacement{form{f, frequencies, ways}, s})
}
