package web

import (
	"strings"

	eupay "european-pay.eu/eupay/sdk/go"
)

// SaleInvoice is what the component sale_invoice asks for.
func (r *Request) SaleInvoice(f *Form) eupay.OrderInvoiceParams {
	p := eupay.OrderInvoiceParams{
		CustomerName: f.Get("customer_name"), CustomerEmail: f.Get("customer_email"), CustomerSIREN: together(f.Get("customer_siren")),
		CustomerVATNumber: together(f.Get("customer_vat_number")),
	}
	a := eupay.Address{Street: f.Get("customer_address.street"), PostCode: f.Get("customer_address.post_code"), City: f.Get("customer_address.city")}
	if a != (eupay.Address{}) {
		a.Country = "FR"
		p.CustomerAddress = &a
	}
	return p
}

// together is a number without the blanks that people write in it.
func together(text string) string { return strings.Join(strings.Fields(text), "") }

// AfterInvoice leads to an invoice, or back for those who do not see invoices.
func (r *Request) AfterInvoice(id, back string) error {
	to := back
	if r.Session.Role == eupay.RoleMerchant {
		to = "/portal/invoices/" + id
	}
	return r.Redirect(to, "invoice_created")
}
