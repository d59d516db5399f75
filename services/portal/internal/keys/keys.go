// Package keys serves the pages on which owners make, change, rotate and revoke API keys.
package keys

import (
	"embed"
	"net/http"
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
	eupay.ScopeLinksRead, eupay.ScopeLinksWrite, eupay.ScopeSubscriptionsRead, eupay.ScopeSubscriptionsWrite,
	eupay.ScopeRewardsRead, eupay.ScopeRewardsWrite, eupay.ScopeSettlementRead, eupay.ScopeExportsRead,
	eupay.ScopeOrdersRead, eupay.ScopeOrdersWrite,
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
