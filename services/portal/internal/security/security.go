// Package security serves the pages on which users look after their own login: password, second factor, passkeys and sessions.
package security

import (
	"embed"
	"encoding/json"
	"net/http"
	"strings"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

//go:embed *.html
var templates embed.FS

// home is the first page of this room, in the portal or in the app.
func home(r *web.Request) string { return r.Root() + "/security" }

// Register adds the pages to the site.
func Register(s *web.Site) error {
	for pattern, h := range map[string]web.Handler{
		"GET /security":                       overview,
		"POST /security/password":             changePassword,
		"POST /security/app":                  beginApp,
		"POST /security/app/remove":           removeApp,
		"POST /security/passkeys/new":         newPasskey,
		"POST /security/passkeys/{id}":        renamePasskey,
		"POST /security/passkeys/{id}/remove": removePasskey,
		"POST /security/sessions/others":      endOthers,
		"POST /security/sessions/{id}/end":    endSession,
	} {
		method, path, _ := strings.Cut(pattern, " ")
		s.For(web.Anyone, method+" /portal"+path, h)
		s.For(web.Customers, method+" /app"+path, h)
	}
	// These show recovery codes, which are shown this once.
	for path, h := range map[string]web.Handler{"/security/recovery-codes": newCodes, "/security/app/confirm": confirmApp, "/security/passkeys": addPasskey} {
		s.Once(web.Anyone, "POST /portal"+path, h)
		s.Once(web.Customers, "POST /app"+path, h)
	}
	return s.Templates("security", templates)
}

// page is what the overview shows. The forms are those of its parts.
type page struct {
	Factor   *eupay.FactorState
	Passkeys []eupay.Passkey
	Sessions []eupay.LoginSession
	Password *web.Form
	App      *web.Form
	Codes    *web.Form
}

func overview(r *web.Request) error { return show(r, http.StatusOK, page{}) }

// show renders the overview; forms that are not given are empty.
func show(r *web.Request, status int, p page) error {
	var err error
	if p.Factor, err = r.API.Factor.Get(r.Ctx()); err != nil {
		return err
	}
	if p.Passkeys, err = r.API.Passkeys.List(r.Ctx()); err != nil {
		return err
	}
	if p.Sessions, err = r.API.Auth.Sessions(r.Ctx()); err != nil {
		return err
	}
	for _, f := range []**web.Form{&p.Password, &p.App, &p.Codes} {
		if *f == nil {
			*f = web.NewForm()
		}
	}
	return r.Render(status, "security/overview", p)
}

func changePassword(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	err = r.API.Auth.ChangePassword(r.Ctx(), eupay.PasswordParams{CurrentPassword: f.Secret("current_password"), NewPassword: f.Secret("new_password")})
	if err != nil {
		if !r.Refused(f, err) {
			return err
		}
		return show(r, http.StatusUnprocessableEntity, page{Password: f})
	}
	return r.Redirect(home(r), "password_changed")
}

// app is an authenticator app that is being set up.
type app struct {
	*web.Form
	Secret, Link string
	// Code is the link for the app's camera.
	Code web.QR
}

func beginApp(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	made, err := r.API.Factor.Begin(r.Ctx(), f.Secret("password"))
	if err != nil {
		if !r.Refused(f, err) {
			return err
		}
		return show(r, http.StatusUnprocessableEntity, page{App: f})
	}
	return showApp(r, http.StatusOK, web.NewForm(), string(made.Secret), string(made.OTPAuthURL))
}

func showApp(r *web.Request, status int, f *web.Form, secret, link string) error {
	code, err := web.NewQR(link)
	if err != nil {
		return err
	}
	r.Uncompressed()
	return r.Render(status, "security/app", app{Form: f, Secret: secret, Link: link, Code: code})
}

func confirmApp(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	codes, err := r.API.Factor.Confirm(r.Ctx(), eupay.Secret(f.Get("code")))
	if err != nil {
		if !r.Refused(f, err) {
			return err
		}
		return showApp(r, http.StatusUnprocessableEntity, f, f.Get("app_secret"), f.Get("app_link"))
	}
	return showCodes(r, codes.Codes)
}

// showCodes shows recovery codes, this once.
func showCodes(r *web.Request, codes []eupay.Secret) error {
	plain := make([]string, len(codes))
	for i, c := range codes {
		plain[i] = string(c)
	}
	r.Uncompressed()
	return r.Render(http.StatusOK, "security/codes", plain)
}

// proof reads a code of an app, which has six digits, or else a recovery code.
func proof(f *web.Form) eupay.Proof {
	typed := f.Get("code")
	if web.IsCode(typed) {
		return eupay.Proof{Code: eupay.Secret(typed)}
	}
	return eupay.Proof{RecoveryCode: eupay.Secret(typed)}
}

func removeApp(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	if err := r.API.Factor.Disable(r.Ctx(), proof(f)); err != nil {
		if !r.Refused(f, err) {
			return err
		}
		return show(r, http.StatusUnprocessableEntity, page{Codes: f})
	}
	return r.Redirect(home(r), "app_removed")
}

func newCodes(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	codes, err := r.API.Factor.NewRecoveryCodes(r.Ctx(), proof(f))
	if err != nil {
		if !r.Refused(f, err) {
			return err
		}
		return show(r, http.StatusUnprocessableEntity, page{Codes: f})
	}
	return showCodes(r, codes.Codes)
}

// making is a passkey that the browser is to make.
type making struct {
	*web.Form
	Options string
}

func newPasskey(r *web.Request) error { return showMaking(r, http.StatusOK, web.NewForm()) }

func showMaking(r *web.Request, status int, f *web.Form) error {
	options, err := r.API.Passkeys.Begin(r.Ctx())
	if err != nil {
		return err
	}
	return r.Render(status, "security/passkey", making{Form: f, Options: string(options.PublicKey)})
}

func addPasskey(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	var made eupay.BrowserCredential
	if err := json.Unmarshal([]byte(f.Get("credential")), &made); err != nil {
		f.Problem = r.Text.T("security.passkey_unmade")
		return showMaking(r, http.StatusUnprocessableEntity, f)
	}
	added, err := r.API.Passkeys.Add(r.Ctx(), f.Get("name"), made)
	if err != nil {
		if !r.Refused(f, err) {
			return err
		}
		return showMaking(r, http.StatusUnprocessableEntity, f)
	}
	if len(added.RecoveryCodes) > 0 {
		return showCodes(r, added.RecoveryCodes)
	}
	return r.Redirect(home(r), "passkey_added")
}

func renamePasskey(r *web.Request) error {
	if _, err := r.API.Passkeys.Rename(r.Ctx(), r.PathValue("id"), r.FormValue("name")); err != nil {
		return err
	}
	return r.Redirect(home(r), "saved")
}

func removePasskey(r *web.Request) error {
	if err := r.API.Passkeys.Remove(r.Ctx(), r.PathValue("id")); err != nil {
		return err
	}
	return r.Redirect(home(r), "passkey_removed")
}

func endSession(r *web.Request) error {
	if err := r.API.Auth.EndSession(r.Ctx(), r.PathValue("id")); err != nil {
		return err
	}
	return r.Redirect(home(r), "session_ended")
}

func endOthers(r *web.Request) error {
	if err := r.API.Auth.EndOtherSessions(r.Ctx()); err != nil {
		return err
	}
	return r.Redirect(home(r), "sessions_ended")
}
