// Package payments serves the pages on which merchants follow, make and refund payments.
package payments

import (
	"embed"
	"net/http"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

//go:embed *.html
var templates embed.FS

// Register adds the pages to the site. Who may do what is what the API says: all of a merchant's team read, the owners act.
func Register(s *web.Site) error {
	s.For(web.Everyone, "GET /portal/payments", list)
	s.For(web.Everyone, "GET /portal/payments/export", export)
	s.For(web.Owners, "GET /portal/payments/new", newPage)
	s.For(web.Owners, "POST /portal/payments/new", create)
	s.For(web.Everyone, "GET /portal/payments/{reference}", detail)
	s.For(web.Everyone, "GET /portal/payments/{reference}/qr.png", picture)
	s.For(web.Owners, "POST /portal/payments/{reference}/cancel", cancel)
	s.For(web.Owners, "POST /portal/payments/{reference}/refund", refund)
	s.For(web.Owners, "POST /portal/payments/{reference}/received", received)
	s.For(web.Owners, "POST /portal/payments/{reference}/not-received", notReceived)
	s.For(web.Owners, "POST /portal/payments/{reference}/late", late)
	return s.Templates("payments", templates)
}

// form is the page of a new payment.
type form struct {
	*web.Form
	// Banks are those that were searched for.
	Banks web.Banks
}

func newPage(r *web.Request) error {
	f := web.NewForm("key", web.NewKey(), "bank_search", r.URL.Query().Get("bank_search"))
	return showNew(r, http.StatusOK, f)
}

func showNew(r *web.Request, status int, f *web.Form) error {
	return r.Render(status, "payments/new", form{Form: f, Banks: r.Banks(f, func(p eupay.PayerBankListParams) (*eupay.Page[eupay.Bank], error) {
		return r.API.Banks.List(r.Ctx(), eupay.BankListParams{
			ListParams: p.ListParams, Search: p.Search, Amount: p.Amount, ExecutionType: eupay.ExecuteInstant, Incompatible: p.Incompatible,
		})
	})})
}

func create(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	amount := f.Amount(r, "amount")
	if f.OK() {
		var p *eupay.Payment
		p, err = r.API.Payments.Create(r.Ctx(), eupay.PaymentParams{
			Amount: amount, Description: f.Get("description"), Reference: f.Get("reference"), Bank: f.Get("bank"), IdempotencyKey: f.Get("key"),
		})
		if err == nil {
			return r.Redirect(pathOf(p.Reference), made(p))
		}
		if !r.Refused(f, err) {
			return err
		}
	}
	return showNew(r, http.StatusUnprocessableEntity, f)
}

// made is the notice for a new payment, or for one that was there already.
func made(p *eupay.Payment) string {
	if p.Replayed {
		return "payment_existed"
	}
	return "payment_created"
}
