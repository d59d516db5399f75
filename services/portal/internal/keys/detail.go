package keys

import (
	"net/http"
	"strconv"
	"strings"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

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
