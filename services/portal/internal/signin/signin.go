// Package signin serves the pages on which people register, log in and prove who they are.
package signin

import (
	"embed"
	"net/http"
	"slices"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

//go:embed *.html
var templates embed.FS

// Register adds the pages to the site.
func Register(s *web.Site) error {
	for root, who := range map[string][]eupay.Role{"/portal": web.Anyone, "/app": web.Customers} {
		s.Open("GET "+root+"/login", loginPage)
		s.Open("POST "+root+"/login", login)
		s.Open("POST "+root+"/login/code", loginCode)
		s.Open("POST "+root+"/login/passkey", passkeyLogin)
		s.Open("POST "+root+"/login/passkey/options", passkeyOptions)
		s.Open("GET "+root+"/forgot", forgotPage)
		s.Open("POST "+root+"/forgot", forgot)
		s.Open("GET "+root+"/reset-password", resetPage)
		s.Open("POST "+root+"/reset-password", reset)
		s.For(who, "GET "+root+"/verify-email", verifyPage)
		s.For(who, "POST "+root+"/verify-email", verify)
		s.Once(who, "POST "+root+"/verify-email/resend", resend)
		s.For(who, "POST "+root+"/step-up", stepUp)
	}
	s.Open("GET /portal/register", registerPage)
	s.Open("POST /portal/register", register)
	s.Open("POST /portal/logout", logout)
	s.For(web.Everyone, "POST /portal/mode", mode)
	s.Open("POST /preferences", preferences)
	return s.Templates("signin", templates)
}

// card is what the pages of this package show.
type card struct {
	*web.Form
	Next   string
	Ticket eupay.Secret
	// Methods are how the second factor can be shown.
	Methods []string
	// Options are what the browser shows a passkey for; empty: the user has none.
	Options string
	Sent    bool
}

// Hidden is the ticket as the form needs it.
func (c card) Hidden() string { return string(c.Ticket) }

func loginPage(r *web.Request) error {
	if r.Session != nil {
		return r.Redirect(r.Next(r.Root()), "")
	}
	return r.Render(http.StatusOK, loginOf(r), card{Form: web.NewForm(), Next: r.Next(r.Root())})
}

func login(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	next := r.Next(r.Root())
	by := r.Site.API.Auth.Login
	if r.InApp() {
		by = r.Site.API.Customers.Login
	}
	got, err := by(r.Ctx(), eupay.Credentials{Email: f.Get("email"), Password: f.Secret("password")})
	if err != nil {
		return again(r, loginOf(r), card{Form: f, Next: next}, err)
	}
	if got.MFARequired {
		return askCode(r, http.StatusOK, card{Form: web.NewForm(), Next: next, Ticket: got.Ticket, Methods: got.Methods})
	}
	return enter(r, got.Session, next)
}

// loginOf is the page of the login of the portal or of the app.
func loginOf(r *web.Request) string {
	if r.InApp() {
		return "signin/app_login"
	}
	return "signin/login"
}

// enter begins the session and goes on to where the browser wanted to be. A passkey of the app opens nothing of the portal, nor the reverse:
// that login ends at once.
func enter(r *web.Request, login eupay.Session, next string) error {
	if (login.Role == eupay.RoleCustomer) != r.InApp() {
		if err := r.Site.API.Auth.Logout(r.Ctx(), login.RefreshToken); err != nil {
			r.Site.Log.WarnContext(r.Ctx(), "login not ended at the API", "error", err)
		}
		f := web.NewForm()
		f.Problem = r.Text.T("signin.elsewhere")
		return r.Render(http.StatusUnprocessableEntity, loginOf(r), card{Form: f, Next: next})
	}
	r.LogOut() // of the session before it, which nobody wants to keep
	if err := r.LogIn(login); err != nil {
		return err
	}
	if next == r.Root() && r.Session.Role == eupay.RoleAdmin {
		next = "/portal/admin"
	}
	return r.Redirect(next, "")
}

// passkeyLogin logs in with a passkey alone.
func passkeyLogin(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	c := card{Form: f, Next: r.Next(r.Root())}
	shown, err := web.Credential(f)
	var got *eupay.Session
	if err == nil {
		got, err = r.Site.API.Passkeys.Login(r.Ctx(), shown)
	}
	if err != nil {
		return again(r, loginOf(r), c, err)
	}
	return enter(r, *got, c.Next)
}

// passkeyOptions is what a browser shows a passkey for, to log in with it alone.
func passkeyOptions(r *web.Request) error {
	options, err := r.Site.API.Passkeys.BeginLogin(r.Ctx())
	if err != nil {
		return err
	}
	return r.JSON(options.PublicKey)
}

func loginCode(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	c := card{Form: f, Next: r.Next(r.Root()), Ticket: f.Secret("ticket"), Methods: f.Values["method"]}
	got, err := secondFactor(r, c)
	if err != nil {
		if !r.Refused(f, err) {
			return err
		}
		return askCode(r, http.StatusUnprocessableEntity, c)
	}
	return enter(r, *got, c.Next)
}

// secondFactor shows the API the passkey or the code that the form holds.
func secondFactor(r *web.Request, c card) (*eupay.Session, error) {
	if c.Get("credential") == "" {
		return r.Site.API.Auth.VerifyLogin(r.Ctx(), c.Ticket, proof(c.Form, "code"))
	}
	shown, err := web.Credential(c.Form)
	if err != nil {
		return nil, err
	}
	return r.Site.API.Passkeys.VerifyLogin(r.Ctx(), c.Ticket, shown)
}

// askCode shows the page of the second factor, with what the browser shows a passkey for if there is one.
func askCode(r *web.Request, status int, c card) error {
	if slices.Contains(c.Methods, "passkey") {
		options, err := r.Site.API.Passkeys.BeginVerifyLogin(r.Ctx(), c.Ticket)
		if err != nil {
			return again(r, loginOf(r), card{Form: web.NewForm(), Next: c.Next}, err) // the ticket has ended
		}
		c.Options = string(options.PublicKey)
	}
	r.Uncompressed()
	return r.Render(status, "signin/code", c)
}

// proof reads what was typed as a code of an app, which has six digits, or else a recovery code.
func proof(f *web.Form, field string) eupay.Proof {
	typed := f.Get(field)
	if web.IsCode(typed) {
		return eupay.Proof{Code: eupay.Secret(typed)}
	}
	return eupay.Proof{RecoveryCode: eupay.Secret(typed)}
}

// again shows a form once more with what is wrong with it.
func again(r *web.Request, page string, c card, err error) error {
	if !r.Refused(c.Form, err) {
		return err
	}
	return r.Render(http.StatusUnprocessableEntity, page, c)
}

func registerPage(r *web.Request) error {
	if r.Session != nil {
		return r.Redirect(r.Root(), "")
	}
	return r.Render(http.StatusOK, "signin/register", card{Form: web.NewForm()})
}

func register(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	got, err := r.Site.API.Auth.Register(r.Ctx(), eupay.Registration{
		Name: f.Get("name"), Email: f.Get("email"), Password: f.Secret("password"),
	})
	if err != nil {
		return again(r, "signin/register", card{Form: f}, err)
	}
	return enter(r, *got, r.Root())
}

func logout(r *web.Request) error {
	r.LogOut()
	return r.Redirect("/portal/login", "logged_out")
}

func forgotPage(r *web.Request) error {
	return r.Render(http.StatusOK, "signin/forgot", card{Form: web.NewForm()})
}

// forgot says the same of every address, so that nobody learns whether it has an account.
func forgot(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	if err := r.Site.API.Auth.ForgotPassword(r.Ctx(), f.Get("email")); err != nil {
		return again(r, "signin/forgot", card{Form: f}, err)
	}
	return r.Render(http.StatusOK, "signin/forgot", card{Form: f, Sent: true})
}

func resetPage(r *web.Request) error {
	return r.Render(http.StatusOK, "signin/reset", card{Form: web.NewForm()})
}

func reset(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	if err := r.Site.API.Auth.ResetPassword(r.Ctx(), eupay.ResetParams{Token: eupay.Secret(f.Get("token")), Password: f.Secret("password")}); err != nil {
		return again(r, "signin/reset", card{Form: f}, err)
	}
	return r.Redirect(r.Root()+"/login", "password_reset")
}

func verifyPage(r *web.Request) error {
	return r.Render(http.StatusOK, "signin/verify", card{Form: web.NewForm()})
}

func verify(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	if err := r.API.Auth.VerifyEmail(r.Ctx(), eupay.Secret(f.Get("token"))); err != nil {
		return again(r, "signin/verify", card{Form: f}, err)
	}
	return r.Redirect(r.Root(), "email_verified")
}

func resend(r *web.Request) error {
	if err := r.API.Auth.ResendVerification(r.Ctx()); err != nil {
		return err
	}
	return r.Redirect(r.Root()+"/verify-email", "mail_sent")
}

// mode shows test or live data from now on.
func mode(r *web.Request) error {
	if err := r.Site.Sessions.SetMode(r.Ctx(), r.Session, r.FormValue("live") != ""); err != nil {
		return err
	}
	return r.Redirect(r.Next(r.Root()), "")
}

// preferences keeps the language and the theme of this browser.
func preferences(r *web.Request) error {
	r.Prefer(r.FormValue("lang"), r.FormValue("theme"))
	return r.Redirect(r.Next("/"), "")
}
