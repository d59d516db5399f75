// Package home serves the first page of the portal.
package home

import (
	"embed"
	"net/http"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

//go:embed *.html
var templates embed.FS

// latest is how many payments the page shows.
const latest = 8

// Register adds the pages to the site.
func Register(s *web.Site) error {
	s.For(web.Everyone, "GET /portal", page)
	return s.Templates("home", templates)
}

func page(r *web.Request) error {
	merchant, err := r.API.Merchant.Get(r.Ctx())
	if err != nil {
		return err
	}
	payments, err := r.API.Payments.List(r.Ctx(), eupay.PaymentListParams{ListParams: eupay.ListParams{Limit: latest}})
	if err != nil {
		return err
	}
	return r.Render(http.StatusOK, "home/home", struct {
		Merchant *eupay.Merchant
		Payments []eupay.Payment
	}{merchant, payments.Data})
}
