// Package keys serves the pages on which owners make, change, rotate and revoke API keys.
package keys

import (
	"embed"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

//go:embed *.html
var templates embed.FS

// most is how many keys are read: an account has at most 50 that are not revoked.
const most = 300

// scopes are what a key may do, in the order in which they are shown.
var scopes = []eupay.Scope{
	eupay.ScopePaymentsRead, eupay.ScopePaymentsWrite, eupay.ScopePaymentsConfirm, eupay.ScopeRefundsWrite,
	eupay.ScopeInvoicesRead, eupay.ScopeInvoicesWrite, eupay.ScopeWebhooksRead, eupay.ScopeWebhooksWrite,
}

// Register adds the pages to the site.
func Register(s *web.Site) error {
	s.For(web.Owners, "GET /portal/keys", list)
	s.For(web.Owners, "GET /portal/keys/new", newPage)
	s.Once(web.Owners, "POST /portal/keys/new", create)
	s.For(web.Owners, "POST /portal/keys/env", download)
	s.For(web.Owners, "GET /portal/keys/{id}", detail)
	s.For(web.Owners, "POST /portal/keys/{id}", update)
	s.Once(web.Owners, "POST /portal/keys/{id}/rotate", rotate)
	s.For(web.Owners, "POST /portal/keys/{id}/revoke", revoke)
	return s.Templates("keys", templates)
}

// row is a key as the pages show it.
type row struct {
	eupay.APIKey
	// State is active, expired or revoked.
	State string
	// Everything: it has all scopes.
	Everything bool
}

func rowOf(k eupay.APIKey, now time.Time) row {
	v := row{APIKey: k, State: "active", Everything: len(k.Scopes) == len(scopes)}
	switch {
	case !k.RevokedAt.IsZero():
		v.State = "revoked"
	case !k.ExpiresAt.IsZero() && !now.Before(k.ExpiresAt):
		v.State = "expired"
	}
	return v
}

func list(r *web.Request) error {
	var shown struct{ Active, Ended []row }
	n := 0
	for k, err := range r.API.APIKeys.All(r.Ctx(), eupay.ListParams{}) {
		if err != nil {
			return err
		}
		if v := rowOf(k, r.Site.Now()); v.State == "active" {
			shown.Active = append(shown.Active, v)
		} else {
			shown.Ended = append(shown.Ended, v)
		}
		if n++; n == most {
			break
		}
	}
	return r.Render(http.StatusOK, "keys/list", shown)
}

// find reads a key of the caller's account. The API has no address for a single one.
func find(r *web.Request) (row, error) {
	id, n := r.PathValue("id"), 0
	for k, err := range r.API.APIKeys.All(r.Ctx(), eupay.ListParams{}) {
		if err != nil {
			return row{}, err
		}
		if k.ID == id {
			return rowOf(k, r.Site.Now()), nil
		}
		if n++; n == most {
			break
		}
	}
	return row{}, web.NotFound
}

// box is a scope with its tick.
type box struct {
	Scope  eupay.Scope
	Ticked bool
}

func boxes(f *web.Form) []box {
	list := make([]box, len(scopes))
	for i, s := range scopes {
		list[i] = box{Scope: s, Ticked: slices.Contains(f.Values["scopes"], string(s))}
	}
	return list
}

func newPage(r *web.Request) error {
	f := web.NewForm("per_minute", "100")
	if r.Session.Livemode {
		f.Values.Set("mode", "live")
	}
	for _, s := range scopes {
		f.Values.Add("scopes", string(s))
	}
	return showNew(r, http.StatusOK, f)
}

func showNew(r *web.Request, status int, f *web.Form) error {
	return r.Render(status, "keys/new", struct {
		Form  *web.Form
		Boxes []box
	}{f, boxes(f)})
}

func create(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	typed := read(r, f)
	p := eupay.APIKeyParams{Name: typed.name, Livemode: f.Get("mode") == "live", Scopes: typed.scopes, AllowedIPs: typed.ips, PerMinute: typed.perMinute}
	if days, err := strconv.Atoi(f.Get("expires")); err == nil && days > 0 {
		p.ExpiresAt = r.Site.Now().AddDate(0, 0, min(days, 3650)).UTC().Truncate(time.Second)
	}
	if f.OK() {
		k, err := r.API.APIKeys.Create(r.Ctx(), p)
		if err == nil {
			return showSecret(r, k, 0)
		}
		if !refused(r, f, err) {
			return err
		}
	}
	return showNew(r, http.StatusUnprocessableEntity, f)
}

// fields are what a form of a key has in common with that of another.
type fields struct {
	name      string
	scopes    []eupay.Scope
	ips       []string
	perMinute int
}

func read(r *web.Request, f *web.Form) fields {
	v := fields{name: f.Get("name"), ips: strings.FieldsFunc(f.Get("allowed_ips"), func(c rune) bool { return strings.ContainsRune(" ,;\r\n\t", c) })}
	if v.ips == nil {
		v.ips = []string{}
	}
	for _, s := range f.Values["scopes"] {
		v.scopes = append(v.scopes, eupay.Scope(s))
	}
	if len(v.scopes) == 0 { // to the API none at all would mean every one
		f.Wrong("scopes", r.Text.T("keys.scopes_none"))
	}
	var err error
	if v.perMinute, err = strconv.Atoi(f.Get("per_minute")); err != nil || v.perMinute < 1 {
		f.Wrong("per_minute", r.Text.T("keys.per_minute_wrong"))
	}
	return v
}

// refused notes what the API refused; what is wrong with one of several values is said at their field.
func refused(r *web.Request, f *web.Form, err error) bool {
	if !r.Refused(f, err) {
		return false
	}
	for name, what := range f.Fields {
		if base, _, ok := strings.Cut(name, "["); ok {
			delete(f.Fields, name)
			f.Wrong(base, what)
		}
	}
	return true
}

// showSecret answers with the secret, this once.
func showSecret(r *web.Request, k *eupay.APIKey, overlap int) error {
	r.Uncompressed()
	return r.Render(http.StatusOK, "keys/secret", struct {
		eupay.APIKey
		Overlap     int
		Plain, File string
	}{*k, overlap, string(k.APISecret), envFile(r.Site.APIURL, k.APIKey, string(k.APISecret))})
}

func envFile(api, key, secret string) string {
	return fmt.Sprintf("EUPAY_URL=%s\nEUPAY_API_KEY=%s\nEUPAY_API_SECRET=%s\n", api, key, secret)
}

var credential = regexp.MustCompile(`^[ps]k_(test|live)_[A-Za-z0-9]{1,100}$`)

// download gives back the credentials of the form as a file: the portal has not kept them.
func download(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	key, secret := f.Get("api_key"), f.Get("api_secret")
	if !credential.MatchString(key) || !credential.MatchString(secret) {
		return web.NotFound
	}
	h := r.W.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="eupay.env"`)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	r.Uncompressed()
	return r.Send(http.StatusOK, []byte(envFile(r.Site.APIURL, key, secret)))
}

// view is what the page of one key shows.
type view struct {
	row
	Form, Rotate, Revoke *web.Form
	Boxes                []box
}

func detail(r *web.Request) error {
	k, err := find(r)
	if err != nil {
		return err
	}
	return show(r, http.StatusOK, view{row: k})
}

// show renders the page of a key; a form that is nil shows what holds now.
func show(r *web.Request, status int, v view) error {
	if v.Form == nil {
		v.Form = web.NewForm("name", v.Name, "allowed_ips", strings.Join(v.AllowedIPs, "\n"), "per_minute", strconv.Itoa(v.PerMinute))
		for _, s := range v.Scopes {
			v.Form.Values.Add("scopes", string(s))
		}
	}
	if v.Rotate == nil {
		v.Rotate = web.NewForm("overlap", "86400")
	}
	if v.Revoke == nil {
		v.Revoke = web.NewForm()
	}
	v.Boxes = boxes(v.Form)
	return r.Render(status, "keys/detail", v)
}

func update(r *web.Request) error {
	f, k, err := formOf(r)
	if err != nil {
		return err
	}
	typed := read(r, f)
	if f.OK() {
		_, err := r.API.APIKeys.Update(r.Ctx(), k.ID, eupay.APIKeyChange{Name: &typed.name, Scopes: &typed.scopes, AllowedIPs: &typed.ips, PerMinute: &typed.perMinute})
		if err == nil {
			return r.Redirect("/portal/keys/"+k.ID, "saved")
		}
		if !refused(r, f, err) {
			return err
		}
	}
	return show(r, http.StatusUnprocessableEntity, view{row: k, Form: f})
}

func rotate(r *web.Request) error {
	f, k, err := formOf(r)
	if err != nil {
		return err
	}
	overlap, err := strconv.Atoi(f.Get("overlap"))
	if err != nil {
		overlap = 0
	}
	made, err := r.API.APIKeys.Rotate(r.Ctx(), k.ID, eupay.RotationParams{OverlapSeconds: &overlap})
	if err == nil {
		return showSecret(r, made, overlap)
	}
	if !refused(r, f, err) {
		return err
	}
	return show(r, http.StatusUnprocessableEntity, view{row: k, Rotate: f})
}

func revoke(r *web.Request) error {
	f, k, err := formOf(r)
	if err != nil {
		return err
	}
	if f.Get("confirm") != strings.TrimSpace(k.Name) {
		f.Wrong("confirm", r.Text.T("keys.revoke_wrong"))
		return show(r, http.StatusUnprocessableEntity, view{row: k, Revoke: f})
	}
	err = r.API.APIKeys.Revoke(r.Ctx(), k.ID)
	if err == nil {
		return r.Redirect("/portal/keys", "key_revoked")
	}
	if !refused(r, f, err) {
		return err
	}
	return show(r, http.StatusUnprocessableEntity, view{row: k, Revoke: f})
}

func formOf(r *web.Request) (*web.Form, row, error) {
	f, err := r.Form()
	if err != nil {
		return nil, row{}, err
	}
	k, err := find(r)
	return f, k, err
}
