package exports

import (
	"net/http"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

// numbers are the accounts in the order of the form, and where each is in the API. Their phrases are exports.account_<name>.
var numbers = []struct {
	Name string
	of   func(*eupay.ExportAccounts) *string
}{
	{"customers", func(a *eupay.ExportAccounts) *string { return &a.Customers }},
	{"goods", func(a *eupay.ExportAccounts) *string { return &a.Goods }},
	{"services", func(a *eupay.ExportAccounts) *string { return &a.Services }},
	{"goods_rebates", func(a *eupay.ExportAccounts) *string { return &a.GoodsRebates }},
	{"services_rebates", func(a *eupay.ExportAccounts) *string { return &a.ServicesRebates }},
	{"vat", func(a *eupay.ExportAccounts) *string { return &a.VAT }},
	{"advances", func(a *eupay.ExportAccounts) *string { return &a.Advances }},
	{"transit", func(a *eupay.ExportAccounts) *string { return &a.Transit }},
	{"bank", func(a *eupay.ExportAccounts) *string { return &a.Bank }},
	{"cash", func(a *eupay.ExportAccounts) *string { return &a.Cash }},
	{"suspense", func(a *eupay.ExportAccounts) *string { return &a.Suspense }},
}

// books is what the page of the accounts shows.
type books struct {
	Form  *web.Form
	Names []string
}

// accounts shows the accounts of the books in a form.
func accounts(r *web.Request) error {
	a, err := r.API.Exports.Accounts(r.Ctx())
	if err != nil {
		return err
	}
	f := web.NewForm("advances_from", a.AdvancesFrom)
	for _, n := range numbers {
		f.Values.Set(n.Name, *n.of(a))
	}
	return showAccounts(r, http.StatusOK, f)
}

func showAccounts(r *web.Request, status int, f *web.Form) error {
	v := books{Form: f}
	for _, n := range numbers {
		v.Names = append(v.Names, n.Name)
	}
	return r.Render(status, "exports/accounts", v)
}

func setAccounts(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	a := eupay.ExportAccounts{AdvancesFrom: f.Get("advances_from")}
	for _, n := range numbers {
		*n.of(&a) = f.Get(n.Name)
	}
	if _, err := r.API.Exports.SetAccounts(r.Ctx(), a); err != nil {
		if !r.Refused(f, err) {
			return err
		}
		for _, n := range numbers { // the names of these fields have other words elsewhere
			if f.Fields[n.Name] != "" {
				f.Fields[n.Name] = r.Text.T("exports.account_hint")
			}
		}
		return showAccounts(r, http.StatusUnprocessableEntity, f)
	}
	return r.Redirect(home+"/accounts", "accounts_saved")
}
