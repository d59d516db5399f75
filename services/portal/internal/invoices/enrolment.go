package invoices

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

// The stages of an enrolment, in their order: who you are, the request to the platform, the proof of who you are, and ready.
const (
	stageProfile = iota + 1
	stageEnrol
	stageIdentity
	stageReady
)

// path of an enrolment, with what can be done at the stage.
type guide struct {
	Stage     int
	Enrolment *eupay.Enrollment
	Form      *web.Form
	// Owner may do it; the others see where it stands.
	Owner bool
}

func enrolment(r *web.Request) error {
	e, err := r.API.EInvoicing.Enrollment(r.Ctx())
	if err != nil {
		return err
	}
	f := web.NewForm()
	if !e.Enrolled {
		if f, err = prefilled(r); err != nil {
			return err
		}
	}
	g := guide{Stage: stage(e, f), Enrolment: e, Form: f, Owner: r.Session.Role == eupay.RoleMerchant}
	if r.Fragment() {
		return r.RenderPart("invoices/enrolment", "guide", g)
	}
	return r.Render(http.StatusOK, "invoices/enrolment", g)
}

func stage(e *eupay.Enrollment, f *web.Form) int {
	switch {
	case e.Ready:
		return stageReady
	case e.Enrolled:
		return stageIdentity
	case f.Get("legal_name") == "" || f.Get("siret") == "":
		return stageProfile
	default:
		return stageEnrol
	}
}

// prefilled is the form of an enrolment with what is known already: from the settings, else from the merchant's profile.
func prefilled(r *web.Request) (*web.Form, error) {
	f := web.NewForm("address.country", "FR", "activity", "services", "vat_regime", "monthly", "term_days", "30")
	s, err := r.API.EInvoicing.Settings(r.Ctx())
	if err != nil && !errors.Is(err, eupay.ErrNotEnrolled) && !errors.Is(err, eupay.ErrNotFound) {
		return nil, err
	}
	if err == nil {
		fill(f, s)
	}
	if f.Get("legal_name") != "" {
		return f, nil
	}
	m, err := r.API.Merchant.Get(r.Ctx())
	if err != nil {
		return nil, err
	}
	for name, value := range map[string]string{"legal_name": m.LegalName, "email": m.Email, "legal_form": m.LegalStatus, "iban": m.IBAN, "bic": m.BIC} {
		if f.Get(name) == "" {
			f.Values.Set(name, value)
		}
	}
	return f, nil
}

// fill puts the settings into a form. Empty ones leave what is there.
func fill(f *web.Form, s *eupay.EInvoiceSettings) {
	for name, value := range map[string]string{
		"legal_name": s.LegalName, "trading_name": s.TradingName, "legal_form": s.LegalForm, "siret": s.SIRET, "vat_number": s.VATNumber,
		"address.street": s.Address.Street, "address.more": s.Address.More, "address.post_code": s.Address.PostCode,
		"address.city": s.Address.City, "address.country": s.Address.Country,
		"email": s.Email, "phone": s.Phone, "electronic_address": s.ElectronicAddress, "activity": s.Activity, "vat_regime": s.VATRegime, "iban": s.IBAN, "bic": s.BIC,
		"penalties": s.Penalties, "recovery": s.Recovery, "discount": s.Discount, "footer": s.Footer,
		"sales_vat_rate": s.SalesVATRate, "sales_type": s.SalesType, "term_days": strconv.Itoa(s.TermDays),
	} {
		if value != "" {
			f.Values.Set(name, value)
		}
	}
	if s.VATOnDebits {
		f.Values.Set("vat_on_debits", "1")
	}
	if s.SalesByTill {
		f.Values.Set("sales_by_till", "1")
	}
}

// change reads a form of settings: what the form has becomes the value, also when it is empty.
func change(f *web.Form) eupay.EInvoiceSettingsChange {
	var c eupay.EInvoiceSettingsChange
	for name, into := range map[string]**string{
		"legal_name": &c.LegalName, "trading_name": &c.TradingName, "legal_form": &c.LegalForm, "email": &c.Email, "phone": &c.Phone,
		"electronic_address": &c.ElectronicAddress, "activity": &c.Activity, "vat_regime": &c.VATRegime,
		"penalties": &c.Penalties, "recovery": &c.Recovery, "discount": &c.Discount, "footer": &c.Footer, "sales_vat_rate": &c.SalesVATRate, "sales_type": &c.SalesType,
	} {
		if f.Values.Has(name) {
			*into = eupay.Ptr(f.Get(name))
		}
	}
	for name, into := range map[string]**string{"siret": &c.SIRET, "vat_number": &c.VATNumber, "iban": &c.IBAN, "bic": &c.BIC} {
		if f.Values.Has(name) {
			*into = eupay.Ptr(compact(f.Get(name)))
		}
	}
	if f.Values.Has("address.street") {
		c.Address = &eupay.Address{
			Street: f.Get("address.street"), More: f.Get("address.more"), PostCode: f.Get("address.post_code"), City: f.Get("address.city"), Country: f.Get("address.country"),
		}
	}
	if n, err := strconv.Atoi(f.Get("term_days")); err == nil {
		c.TermDays = &n
	}
	if f.Values.Has("has_vat_on_debits") {
		c.VATOnDebits = eupay.Ptr(f.Is("vat_on_debits"))
	}
	if f.Values.Has("has_sales_by_till") {
		c.SalesByTill = eupay.Ptr(f.Is("sales_by_till"))
	}
	return c
}

func enrol(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	if _, err := r.API.EInvoicing.Enroll(r.Ctx(), change(f)); err != nil {
		if !r.Refused(f, err) {
			return err
		}
		return r.Render(http.StatusUnprocessableEntity, "invoices/enrolment", guide{Stage: stageEnrol, Enrolment: &eupay.Enrollment{}, Form: f, Owner: true})
	}
	return r.Redirect(home+"/enrolment", "enrolled")
}

// identity leads to the platform's page where the merchant proves who it is. A link is asked for each time: it expires.
func identity(r *web.Request) error {
	link, err := r.API.EInvoicing.OnboardingLink(r.Ctx())
	if err != nil {
		return err
	}
	u, err := url.Parse(link.URL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return errors.New("the platform's onboarding link is no web address")
	}
	http.Redirect(r.W, r.Request, link.URL, http.StatusSeeOther)
	return nil
}

// settings are what the page of settings shows.
type settings struct {
	*web.Form
	Owner bool
}

func settingsPage(r *web.Request) error {
	s, err := r.API.EInvoicing.Settings(r.Ctx())
	if errors.Is(err, eupay.ErrNotEnrolled) {
		return r.Redirect(home+"/enrolment", "")
	}
	if err != nil {
		return err
	}
	f := web.NewForm()
	fill(f, s)
	return r.Render(http.StatusOK, "invoices/settings", settings{f, r.Session.Role == eupay.RoleMerchant})
}

func saveSettings(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	if _, err := strconv.Atoi(f.Get("term_days")); err != nil {
		f.Wrong("term_days", r.Text.T("invoices.term_wrong"))
	}
	if f.OK() {
		if _, err = r.API.EInvoicing.UpdateSettings(r.Ctx(), change(f)); err == nil {
			return r.Redirect(home+"/settings", "einvoice_saved")
		}
		if !r.Refused(f, err) {
			return err
		}
	}
	return r.Render(http.StatusUnprocessableEntity, "invoices/settings", settings{f, true})
}
