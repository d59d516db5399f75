// Package settings serves the page on which owners keep the merchant's profile.
package settings

import (
	"embed"
	"io"
	"net/http"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

//go:embed *.html
var templates embed.FS

const (
	home = "/portal/settings"
	// maxLogo is what the API takes.
	maxLogo = 512 << 10
)

// Register adds the pages to the site.
func Register(s *web.Site) error {
	s.For(web.Owners, "GET /portal/settings", page)
	s.For(web.Owners, "POST /portal/settings/profile", saveProfile)
	s.For(web.Owners, "POST /portal/settings/account", saveAccount)
	s.For(web.Owners, "POST /portal/settings/account/stop", stopAccount)
	s.For(web.Owners, "POST /portal/settings/payments", savePayments)
	s.For(web.Owners, "POST /portal/settings/logo", saveLogo)
	s.For(web.Owners, "POST /portal/settings/logo/remove", removeLogo)
	s.For(web.Everyone, "GET /portal/settings/logo", logo)
	return s.Templates("settings", templates)
}

// view is what the page shows: the merchant and the forms of its parts.
type view struct {
	*eupay.Merchant
	Profile, Account, Payments, Logo *web.Form
}

func page(r *web.Request) error { return show(r, http.StatusOK, view{}) }

func show(r *web.Request, status int, v view) error {
	m, err := r.API.Merchant.Get(r.Ctx())
	if err != nil {
		return err
	}
	v.Merchant = m
	if v.Profile == nil {
		v.Profile = web.NewForm("name", m.Name, "legal_name", m.LegalName, "legal_status", m.LegalStatus, "siren", m.SIREN, "address", m.Address)
	}
	if v.Account == nil {
		v.Account = web.NewForm("iban", m.IBAN, "bic", m.BIC, "account_name", m.AccountName)
	}
	if v.Payments == nil {
		v.Payments = web.NewForm("wait_for_settlement", ticked(m.WaitForSettlement), "loyalty_eligible", ticked(m.LoyaltyEligible), "epc_enabled", ticked(m.EPCEnabled))
		if m.RefundStepUpAbove != nil {
			v.Payments.SetAmount(r, "refund_step_up_above", *m.RefundStepUpAbove)
		}
	}
	if v.Logo == nil {
		v.Logo = web.NewForm()
	}
	return r.Render(status, "settings/settings", v)
}

// ticked is the value of a box.
func ticked(is bool) string {
	if is {
		return "1"
	}
	return ""
}

// change sends a change to the API; what is refused is shown in the form that put makes part of the page.
func change(r *web.Request, f *web.Form, c eupay.MerchantChange, put func(*view)) error {
	if f.OK() {
		_, err := r.API.Merchant.Update(r.Ctx(), c)
		if err == nil {
			return r.Redirect(home, "saved")
		}
		if !r.Refused(f, err) {
			return err
		}
	}
	var v view
	put(&v)
	return show(r, http.StatusUnprocessableEntity, v)
}

func saveProfile(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	return change(r, f, eupay.MerchantChange{
		Name: new(f.Get("name")), LegalName: new(f.Get("legal_name")), LegalStatus: new(f.Get("legal_status")), SIREN: new(f.Get("siren")), Address: new(f.Get("address")),
	}, func(v *view) { v.Profile = f })
}

func saveAccount(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	return change(r, f, eupay.MerchantChange{IBAN: new(f.Get("iban")), BIC: new(f.Get("bic")), AccountName: new(f.Get("account_name"))}, func(v *view) { v.Account = f })
}

func stopAccount(r *web.Request) error {
	if _, err := r.API.Merchant.StopIBANChange(r.Ctx()); err != nil {
		return err
	}
	return r.Redirect(home, "iban_stopped")
}

func savePayments(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	bound := &eupay.Bound{None: f.Get("refund_step_up_above") == "", Amount: f.Amount(r, "refund_step_up_above")}
	return change(r, f, eupay.MerchantChange{
		WaitForSettlement: new(f.Is("wait_for_settlement")), LoyaltyEligible: new(f.Is("loyalty_eligible")), EPCEnabled: new(f.Is("epc_enabled")), RefundStepUpAbove: bound,
	}, func(v *view) { v.Payments = f })
}

func saveLogo(r *web.Request) error {
	f := web.NewForm()
	file, _, err := r.FormFile("logo")
	if err != nil {
		f.Problem = r.Text.T("settings.logo_none")
		return show(r, http.StatusUnprocessableEntity, view{Logo: f})
	}
	defer file.Close()
	raw, err := io.ReadAll(io.LimitReader(file, maxLogo+1))
	if err != nil {
		return err
	}
	// The type is what the file is, not what its name says.
	err = r.API.Merchant.SetLogo(r.Ctx(), eupay.File{ContentType: http.DetectContentType(raw), Data: raw})
	if err != nil {
		if !r.Refused(f, err) {
			return err
		}
		return show(r, http.StatusUnprocessableEntity, view{Logo: f})
	}
	return r.Redirect(home, "saved")
}

func removeLogo(r *web.Request) error {
	if err := r.API.Merchant.RemoveLogo(r.Ctx()); err != nil {
		return err
	}
	return r.Redirect(home, "saved")
}

// logo is the picture itself; without one it is not found.
func logo(r *web.Request) error {
	file, err := r.API.Merchant.Logo(r.Ctx())
	if err != nil {
		return err
	}
	return r.SendPicture(file)
}
