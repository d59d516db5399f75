// Package app serves the customer's app: an installable web app with which people scan a merchant's code, pay it from their bank, and see
// what they paid.
package app

import (
	"embed"
	"net/http"
	"net/url"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

//go:embed *.html
var templates embed.FS

const (
	start   = "/app"
	perPage = 20
)

// Register adds the pages to the site.
func Register(s *web.Site) error {
	s.Open("GET /app/register", registerPage)
	s.Open("POST /app/register", register)
	s.Open("POST /app/logout", logout)
	s.Open("GET /app/offline", offline)
	s.Open("GET /app/sw.js", serviceWorker)
	s.Open("GET /app/manifest.webmanifest", manifest)
	s.For(web.Customers, "GET /app", scanPage)
	s.For(web.Customers, "GET /app/scan", scan)
	s.For(web.Customers, "POST /app/pay", pay)
	s.For(web.Customers, "GET /app/payments", payments)
	s.For(web.Customers, "GET /app/payments/{transaction}", payment)
	s.For(web.Customers, "GET /app/payments/{transaction}/state", paymentState)
	s.For(web.Customers, "GET /app/accounts", accounts)
	s.For(web.Customers, "POST /app/accounts/connect", connect)
	s.For(web.Customers, "GET /app/accounts/confirm", confirmPage)
	s.For(web.Customers, "POST /app/accounts/confirm", confirm)
	s.For(web.Customers, "POST /app/accounts/{id}/remove", remove)
	s.For(web.Customers, "GET /app/points", points)
	return s.Templates("app", templates)
}

// card is what the page of the registration shows.
type card struct {
	*web.Form
	Next string
}

// enter begins the session and goes on to where the browser wanted to be.
func enter(r *web.Request, login eupay.Session, next string) error {
	r.LogOut() // of the session before it, which nobody wants to keep
	if err := r.LogIn(login); err != nil {
		return err
	}
	return r.Redirect(next, "")
}

func registerPage(r *web.Request) error {
	if r.Session != nil {
		return r.Redirect(r.Next(start), "")
	}
	return r.Render(http.StatusOK, "app/register", card{Form: web.NewForm(), Next: r.Next(start)})
}

func register(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	c := card{Form: f, Next: r.Next(start)}
	got, err := r.Site.API.Customers.Register(r.Ctx(), eupay.CustomerRegistration{
		Name: f.Get("name"), Email: f.Get("email"), Password: f.Secret("password"),
	})
	if err != nil {
		return again(r, "app/register", c, err)
	}
	return enter(r, *got, c.Next)
}

func logout(r *web.Request) error {
	r.LogOut()
	forget(r)
	return r.Redirect("/app/login", "logged_out")
}

// again shows a form once more with what is wrong with it.
func again(r *web.Request, page string, data card, err error) error {
	if !refused(r, data.Form, err) {
		return err
	}
	return r.Render(http.StatusUnprocessableEntity, page, data)
}

// leave sends the browser to a page of the bank. A redirect would be held against the form that led here, so it is a page that leads on
// by itself, and that Back does not return to.
func leave(r *web.Request, to string) error {
	u, err := url.Parse(to)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return web.NotFound
	}
	return r.Render(http.StatusOK, "app/leave", struct{ URL, Host string }{u.String(), u.Host})
}
