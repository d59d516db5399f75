// Package notifications serves the page on which users switch on notifications in a browser, and the service worker that shows them.
package notifications

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

//go:embed *.html
var templates embed.FS

//go:embed sw.js
var worker string

const (
	home = "/portal/notifications"
	// most is how many browsers a user has; the API takes no more.
	most = 20
)

// types are the notifications that the API sends; the worker has a title for each.
var types = []string{"payment.completed", "payment.refunded", "webhook_endpoint.failing", "webhook_endpoint.disabled", "test"}

// Register adds the pages to the site.
func Register(s *web.Site) error {
	s.For(web.Everyone, "GET "+home, page)
	s.For(web.Everyone, "POST "+home, subscribe)
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
	Browsers []eupay.PushSubscription
}

func page(r *web.Request) error { return show(r, http.StatusOK, web.NewForm()) }

func show(r *web.Request, status int, f *web.Form) error {
	v := view{Form: f}
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
	_, err = r.API.Push.Create(r.Ctx(), eupay.PushParams{Endpoint: in.Endpoint, Keys: in.Keys, Description: f.Get("description"), Livemode: r.Session.Livemode})
	if err != nil {
		if !r.Refused(f, err) {
			return err
		}
		return show(r, http.StatusUnprocessableEntity, f)
	}
	return r.Redirect(home, "notifications_on")
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

// serviceWorker answers with the script that shows notifications, with their titles in the reader's language.
func serviceWorker(r *web.Request) error {
	titles := make(map[string]string, len(types))
	for _, name := range types {
		key := "notifications.title_" + name
		titles[name] = r.Text.T(key)
	}
	text, err := json.Marshal(titles)
	if err != nil {
		return fmt.Errorf("list the titles: %w", err)
	}
	h := r.W.Header()
	h.Set("Content-Type", "text/javascript; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	h.Set("Service-Worker-Allowed", "/portal")
	h.Set("Vary", "Cookie, Accept-Language")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'self'")
	return r.Send(http.StatusOK, []byte(strings.Replace(worker, "__TITLES__", string(text), 1)))
}
