package invoices

import (
	"errors"
	"net/http"
	"strings"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

// lookUp fills in what the directory knows of the SIREN, and shows the form again. What was typed stays.
func lookUp(r *web.Request, f *web.Form, lines int) error {
	f.Values.Set("customer_type", "business")
	d := newDraft(f, lines)
	b, err := r.API.Invoices.Business(r.Ctx(), compact(f.Get("customer_siren")))
	switch {
	case errors.Is(err, eupay.ErrNotFound), errors.Is(err, eupay.ErrID), errors.Is(err, eupay.ErrValidation):
		f.Wrong("customer_siren", r.Text.T("invoices.siren_unknown"))
	case err != nil:
		if !r.Refused(f, err) {
			return err
		}
	case !b.Reachable:
		f.Wrong("customer_siren", r.Text.T("invoices.siren_unreachable"))
		fillIn(f, b)
	default:
		d.Choice = fillIn(f, b)
	}
	return r.Render(http.StatusOK, "invoices/new", d)
}

// fillIn fills the empty fields of the customer, and returns the addresses to choose from if there are several.
func fillIn(f *web.Form, b *eupay.Business) (choice []string) {
	at := eupay.Address{}
	for _, l := range b.Lines {
		if l.Addressable {
			choice = append(choice, l.ElectronicAddress)
		}
		if l.Address != nil && (at == eupay.Address{} || l.ElectronicAddress == b.ElectronicAddress) {
			at = *l.Address
		}
	}
	values := map[string]string{"customer_name": b.Name}
	if f.Get("customer_address.street")+f.Get("customer_address.post_code")+f.Get("customer_address.city") == "" {
		values["customer_address.street"], values["customer_address.more"] = at.Street, at.More
		values["customer_address.post_code"], values["customer_address.city"] = at.PostCode, at.City
	}
	if b.ElectronicAddress != strings.ReplaceAll(f.Get("customer_siren"), " ", "") {
		values["customer_electronic_address"] = b.ElectronicAddress
	}
	for name, value := range values {
		if f.Get(name) == "" {
			f.Values.Set(name, value)
		}
	}
	if len(choice) < 2 {
		return nil
	}
	return choice
}
