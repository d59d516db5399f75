// Package notifications serves the page on which users switch on notifications in a browser, and the service worker that shows them.
package notifications

import (
	"embed"
	"encoding/json"
	"errors"
	"net/http"
	"slices"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

//go:embed *.html
var templates embed.FS

//go:embed sw.js
var worker []byte

const (
	home = "/portal/notifications"
	// most is how many browsers a user has; the API takes no more.
	most = 20
)

// kinds are what a browser can be told of, in the order in which they are shown; usual are those that are ticked at first.
var (
	kinds = []eupay.PushEventType{
		eupay.PushPaymentCompleted, eupay.PushPaymentFailed, eupay.PushPaymentRefunded, eupay.PushInvoiceRejected, eupay.PushEndpointFailing,
		eupay.PushOrderReceived,
	}
	usual = []eupay.PushEventType{eupay.PushPaymentCompleted, eupay.PushPaymentRefunded, eupay.PushEndpointFailing}
)

// Register adds the pages to the site.
func Register(s *web.Site) error {
	s.For(web.Everyone, "GET "+home, page)
	s.For(web.Everyone, "POST "+home, subscribe)
	s.For(web.Everyone, "GET "+home+"/{id}", choice)
	s.For(web.Everyone, "POST "+home+"/{id}", choose)
	s.For(web.Everyone, "POST "+home+"/{id}/remove", remove)
	s.Once(web.Everyone, "POST "+home+"/{id}/test", try)
	s.Open("GET /portal/sw.js", serviceWorker)
	return s.Templates("notifications", templates)
}

// view is what the page shows.
type view struct {
	Form *web.Form
	// Key is what browsers subscribe with; empty: notifications are not set up here.
	Key      string
	Boxes    []box
	Browsers []eupay.PushSubscription
}

// box is a kind that can be ticked.
type box struct {
	Kind   eupay.PushEventType
	Ticked bool
}

func boxes(f *web.Form) []box {
	list := make([]box, len(kinds))
	for i, kind := range kinds {
		list[i] = box{Kind: kind, Ticked: slices.Contains(f.Values["event_types"], string(kind))}
	}
	return list
}

// ticking is a form in which kinds are ticked.
func ticking(chosen []eupay.PushEventType) *web.Form {
	f := web.NewForm()
	for _, kind := range chosen {
		f.Values.Add("event_types", string(kind))
	}
	return f
}

// chosen are the kinds that were ticked. At least one must be ticked: to get none, a user switches notifications off.
func chosen(r *web.Request, f *web.Form) []eupay.PushEventType {
	var list []eupay.PushEventType
	for _, kind := range f.Values["event_types"] {
		list = append(list, eupay.PushEventType(kind))
	}
	if len(list) == 0 {
		f.Wrong("event_types", r.Text.T("notifications.kinds_none"))
	}
	return list
}

func page(r *web.Request) error { return show(r, http.StatusOK, ticking(usual)) }

func show(r *web.Request, status int, f *web.Form) error {
	v := view{Form: f, Boxes: boxes(f)}
	var err error
	if v.Key, err = r.API.Push.Key(r.Ctx()); err != nil && !errors.Is(err, eupay.ErrServiceUnavailable) {
		return err
	}
	if v.Key != "" {
		got, err := r.API.Push.List(r.Ctx(), eupay.ListParams{Limit: most})
		if err != nil {
			return err
		}
		v.Browsers = got.Data
	}
	return r.Render(status, "notifications/page", v)
}

// subscribe takes what the page's script got of the browser: the JSON of its subscription. It is told of the mode that is shown.
func subscribe(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	var in struct {
		Endpoint string         `json:"endpoint"`
		Keys     eupay.PushKeys `json:"keys"`
	}
	if err := json.Unmarshal([]byte(f.Get("subscription")), &in); err != nil || in.Endpoint == "" {
		f.Problem = r.Text.T("notifications.not_possible")
		return show(r, http.StatusUnprocessableEntity, f)
	}
	told := chosen(r, f)
	if !f.OK() {
		return show(r, http.StatusUnprocessableEntity, f)
	}
	_, err = r.API.Push.Create(r.Ctx(), eupay.PushParams{
		Endpoint: in.Endpoint, Keys: in.Keys, Description: f.Get("description"), Livemode: r.Session.Livemode, EventTypes: told, Language: r.Text.Code,
	})
	if err != nil {
		if !r.Refused(f, err) {
			return err
		}
		return show(r, http.StatusUnprocessableEntity, f)
	}
	return r.Redirect(home, "notifications_on")
}

// browserView is what the page of one browser shows.
type browserView struct {
	eupay.PushSubscription
	Form  *web.Form
	Boxes []box
}

// find is the browser that the path names.
func find(r *web.Request) (eupay.PushSubscription, error) {
	got, err := r.API.Push.List(r.Ctx(), eupay.ListParams{Limit: most})
	if err != nil {
		return eupay.PushSubscription{}, err
	}
	for _, b := range got.Data {
		if b.ID == r.PathValue("id") {
			return b, nil
		}
	}
	return eupay.PushSubscription{}, web.NotFound
}

func choice(r *web.Request) error {
	b, err := find(r)
	if err != nil {
		return err
	}
	f := ticking(b.EventTypes)
	return r.Render(http.StatusOK, "notifications/choice", browserView{b, f, boxes(f)})
}

// choose changes what a browser is told of; its messages are in the language of the page from then on.
func choose(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	told := chosen(r, f)
	if f.OK() {
		_, err := r.API.Push.Update(r.Ctx(), r.PathValue("id"), eupay.PushChange{EventTypes: told, Language: r.Text.Code})
		if err == nil {
			return r.Redirect(home, "saved")
		}
		if web.Missing(err) || !r.Refused(f, err) {
			return err
		}
	}
	b, err := find(r)
	if err != nil {
		return err
	}
	return r.Render(http.StatusUnprocessableEntity, "notifications/choice", browserView{b, f, boxes(f)})
}

func remove(r *web.Request) error {
	if err := r.API.Push.Delete(r.Ctx(), r.PathValue("id")); err != nil && !errors.Is(err, eupay.ErrNotFound) {
		return err
	}
	return r.Redirect(home, "notifications_off")
}

func try(r *web.Request) error {
	result, err := r.API.Push.Test(r.Ctx(), r.PathValue("id"))
	switch {
	case err != nil:
		return err
	case result == "sent":
		return r.Redirect(home, "notifications_sent")
	default:
		return r.Redirect(home, "notifications_not_sent")
	}
}

// serviceWorker answers with the script that shows notifications.
func serviceWorker(r *web.Request) error {
	h := r.W.Header()
	h.Set("Content-Type", "text/javascript; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	h.Set("Service-Worker-Allowed", "/portal")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'self'")
	return r.Send(http.StatusOK, worker)
}
