package invoices

import (
	"errors"
	"net/http"
	"time"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

// selling is what the page of sales without an invoice shows.
type selling struct {
	days
	Days []eupay.SalesDay
	// Unreported is nil if every payment is in a report.
	Unreported *eupay.UnreportedSales
	web.Paging
}

// sales shows what tills have reported, and what no report has.
func sales(r *web.Request) error {
	got, err := r.API.EInvoicing.Sales(r.Ctx(), eupay.SalesListParams{ListParams: r.ListPage(perPage)})
	if errors.Is(err, eupay.ErrNotEnrolled) {
		return r.Redirect(home+"/enrolment", "")
	}
	if err != nil {
		return err
	}
	e, err := r.API.EInvoicing.Enrollment(r.Ctx())
	if err != nil {
		return err
	}
	return r.Render(http.StatusOK, "invoices/sales", selling{Days: got.Data, Unreported: e.Unreported, Paging: web.PagingOf(got.Pagination)})
}

// trailed is what the page of a document's trail shows.
type trailed struct {
	*eupay.InvoiceTrail
	Steps []trailStep
}

// trailStep is a step with the path of the page that proves it; empty: there is none.
type trailStep struct {
	eupay.TrailStep
	Path string
}

// Cents of the step; 0 if it has none.
func (s trailStep) Cents() eupay.Amount {
	if s.Amount == nil {
		return 0
	}
	return *s.Amount
}

// Moment of the step.
func (s trailStep) Moment() time.Time { return s.At }

// trail shows how a document came about.
func trail(r *web.Request) error {
	got, err := r.API.Invoices.Trail(r.Ctx(), r.PathValue("id"))
	if err != nil {
		return err
	}
	out := trailed{InvoiceTrail: got}
	for _, s := range got.Steps {
		step := trailStep{TrailStep: s}
		if s.Kind == "corrected" {
			step.Path = path(s.Reference)
		}
		out.Steps = append(out.Steps, step)
	}
	return r.Render(http.StatusOK, "invoices/trail", out)
}
