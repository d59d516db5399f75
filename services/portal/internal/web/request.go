package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/session"
	"european-pay.eu/eupay/services/portal/internal/text"
)

// The names of cookies. Over TLS they get the prefix __Host-, which no other host of the domain can set.
const (
	portalCookie = "eupay"
	appCookie    = "eupay-app"
	langCookie   = "eupay-lang"
	themeCookie  = "eupay-theme"
)

// Request is one request of a page: who asks, in which language, and how it is answered.
type Request struct {
	*http.Request
	W    http.ResponseWriter
	Site *Site
	Text *text.Language
	// Theme is light or dark; empty: what the system has.
	Theme string
	// Session is who is logged in; nil: nobody.
	Session *session.Session
	// API calls as the session's user, in its mode; without a session, as anybody.
	API *eupay.Client

	policy policy
	plain  bool // the answer is not compressed
	app    bool // it is a request of the customer's app
}

func (s *Site) request(w http.ResponseWriter, hr *http.Request) *Request {
	r := &Request{Request: hr, W: w, Site: s, API: s.API, policy: newPolicy(s)}
	r.Text = s.texts.Choose(r.cookie(langCookie), hr.Header.Get("Accept-Language"))
	r.Request = hr.WithContext(forward(hr.Context(), s.client(hr, r.Text.Code)))
	if theme := r.cookie(themeCookie); theme == "light" || theme == "dark" {
		r.Theme = theme
	}
	return r
}

// Ctx is the context of the request.
func (r *Request) Ctx() context.Context { return r.Context() }

func (r *Request) cookie(name string) string {
	c, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return c.Value
}

// findSession fills in Session and API from the cookie. A session that has ended is none.
func (r *Request) findSession(app bool) error {
	r.app = app
	value := r.cookie(r.sessionCookie())
	if value == "" {
		return nil
	}
	found, err := r.Site.Sessions.Find(r.Ctx(), value)
	if err == nil {
		r.API, err = r.Site.Sessions.Client(r.Ctx(), found)
	}
	if errors.Is(err, session.ErrEnded) {
		r.API = r.Site.API
		r.clearCookie(r.sessionCookie())
		return nil
	}
	if err != nil {
		r.API = r.Site.API
		return err
	}
	r.Session = found
	return nil
}

func (r *Request) sessionCookie() string {
	name := portalCookie
	if r.app {
		name = appCookie
	}
	if r.Site.secure() {
		return "__Host-" + name
	}
	return name
}

// LogIn begins a session for a login of the API.
func (r *Request) LogIn(login eupay.Session) error {
	found, cookie, err := r.Site.Sessions.Begin(r.Ctx(), login)
	if err != nil {
		return err
	}
	r.Session = found
	r.setCookie(r.sessionCookie(), cookie, int(found.ExpiresAt.Sub(found.CreatedAt).Seconds()))
	return nil
}

// LogOut ends the session, if there is one.
func (r *Request) LogOut() {
	if r.Session == nil {
		return
	}
	if err := r.Site.Sessions.End(r.Ctx(), r.Session); err != nil {
		r.Site.Log.WarnContext(r.Ctx(), "login not ended at the API", "error", err)
	}
	r.clearCookie(r.sessionCookie())
	r.Session = nil
}

// SetCookie keeps a value in the browser for that many seconds, for the pages below path; less than 0 removes it. No script can read it.
func (r *Request) SetCookie(name, value, path string, seconds int) {
	http.SetCookie(r.W, &http.Cookie{ //nolint:gosec // without TLS, on one machine, a secure cookie would not come back
		Name: name, Value: value, Path: path, MaxAge: seconds, HttpOnly: true, Secure: r.Site.secure(), SameSite: http.SameSiteLaxMode,
	})
}

func (r *Request) setCookie(name, value string, seconds int) { r.SetCookie(name, value, "/", seconds) }

// keepPreference is how long a browser keeps its language and theme, in seconds.
const keepPreference = 365 * 24 * 60 * 60

// Prefer keeps the reader's language and theme; what is not known changes nothing. The theme system is none of our own.
func (r *Request) Prefer(lang, theme string) {
	if _, ok := r.Site.texts[lang]; ok {
		r.setCookie(langCookie, lang, keepPreference)
	}
	switch theme {
	case "light", "dark":
		r.setCookie(themeCookie, theme, keepPreference)
	case "system":
		r.clearCookie(themeCookie)
	}
}

func (r *Request) clearCookie(name string) { r.setCookie(name, "", -1) }

// Root is where the portal or the app begins, of which the request's page is one.
func (r *Request) Root() string { return root(r.URL.Path) }

// InApp reports whether the page is one of the customer's app.
func (r *Request) InApp() bool { return inApp(r.URL.Path) }

// Fragment reports whether the page's own script asks for a part of a page rather than a whole one.
func (r *Request) Fragment() bool { return r.Header.Get("Hx-Request") == "true" }

// Redirect sends the browser to a path of the site. notice, if not empty, is the key of a phrase that the next page shows.
func (r *Request) Redirect(path, notice string) error {
	if notice != "" {
		separator := "?"
		if strings.Contains(path, "?") {
			separator = "&"
		}
		path += separator + "notice=" + url.QueryEscape(notice)
	}
	http.Redirect(r.W, r.Request, path, http.StatusSeeOther)
	return nil
}

// Local is a path of the site that a form or a link may lead back to, or other when it leads elsewhere.
func Local(path, other string) string {
	u, err := url.Parse(path)
	if err != nil || u.Scheme != "" || u.Host != "" || u.Opaque != "" || u.User != nil || !strings.HasPrefix(path, "/") ||
		strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\r\n\t") {
		return other
	}
	return path
}

// Next is where the request wants to go afterwards.
func (r *Request) Next(other string) string { return Local(r.FormValue("next"), other) }
