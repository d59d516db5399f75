package bill

import (
	"net/http"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

// billing is the page that issues the invoice of a payment.
type billing struct {
	*web.Form
	Bill    *eupay.Bill
	Payment eupay.BillPayment
	Back    string
}

func invoicePage(r *web.Request) error { return showInvoice(r, http.StatusOK, web.NewForm()) }

func showInvoice(r *web.Request, status int, f *web.Form) error {
	b, err := r.API.Bills.Get(r.Ctx(), r.PathValue("id"))
	if err != nil {
		return err
	}
	for _, p := range b.Payments {
		if p.ID == r.PathValue("payment") {
			return r.Render(status, "bill/invoice", billing{Form: f, Bill: b, Payment: p, Back: home + "/" + b.ID})
		}
	}
	return web.NotFound
}

func issueInvoice(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	inv, err := r.API.Bills.Invoice(r.Ctx(), r.PathValue("id"), r.PathValue("payment"), r.SaleInvoice(f))
	if err != nil {
		if web.Missing(err) || !r.Refused(f, err) {
			return err
		}
		return showInvoice(r, http.StatusUnprocessableEntity, f)
	}
	return r.AfterInvoice(inv.ID, home+"/"+r.PathValue("id"))
}
