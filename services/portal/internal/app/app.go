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
	s.Open("GET /app/login", loginPage)
	s.Open("POST /app/login", login)
	s.Open("POST /app/login/code", loginCode)
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

// card is what the pages of the login show.
type card struct {
	*web.Form
	Next   string
	Ticket eupay.Secret
}

// Hidden is the ticket as the form needs it.
func (c card) Hidden() string { return string(c.Ticket) }

func loginPage(r *web.Request) error {
	if r.Session != nil {
		return r.Redirect(r.Next(start), "")
	}
	return r.Render(http.StatusOK, "app/login", card{Form: web.NewForm(), Next: r.Next(start)})
}

func login(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	c := card{Form: f, Next: r.Next(start)}
	got, err := r.Site.API.Customers.Login(r.Ctx(), eupay.Credentials{Email: f.Get("email"), Password: f.Secret("password")})
	if err != nil {
		return again(r, "app/login", c, err)
	}
	if got.MFARequired {
		r.Uncompressed()
		return r.Render(http.StatusOK, "app/code", card{Form: web.NewForm(), Next: c.Next, Ticket: got.Ticket})
	}
	return enter(r, got.Session, c.Next)
}

func loginCode(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	c := card{Form: f, Next: r.Next(start), Ticket: f.Secret("ticket")}
	proof := eupay.Proof{RecoveryCode: eupay.Secret(f.Get("code"))}
	if web.IsCode(f.Get("code")) {
		proof = eupay.Proof{Code: eupay.Secret(f.Get("code"))}
	}
	got, err := r.Site.API.Auth.VerifyLogin(r.Ctx(), c.Ticket, proof)
	if err != nil {
		r.Uncompressed()
		return again(r, "app/code", c, err)
	}
	return enter(r, *got, c.Next)
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
