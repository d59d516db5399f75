// Package payments serves the pages on which merchants follow, make and refund payments.
package payments

import (
	"embed"
	"net/http"
	"strconv"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

//go:embed *.html
var templates embed.FS

const perPage = 25

// statuses are those that the list can be narrowed to.
var statuses = []eupay.PaymentStatus{eupay.PaymentPending, eupay.PaymentPendingSCA, eupay.PaymentCompleted, eupay.PaymentRefunded, eupay.PaymentFailed, eupay.PaymentCancelled}

// Register adds the pages to the site.
func Register(s *web.Site) error {
	s.For(web.Everyone, "GET /portal/payments", list)
	s.For(web.Shop, "GET /portal/payments/new", newPage)
	s.For(web.Shop, "POST /portal/payments/new", create)
	s.For(web.Everyone, "GET /portal/payments/{reference}", detail)
	s.For(web.Shop, "POST /portal/payments/{reference}/cancel", cancel)
	s.For(web.Owners, "POST /portal/payments/{reference}/refund", refund)
	return s.Templates("payments", templates)
}

// listing is what the page of the list shows.
type listing struct {
	Payments                                 []eupay.Payment
	Statuses                                 []eupay.PaymentStatus
	Filter                                   *web.Form
	Filtered                                 bool
	Page, Pages, Total, Previous, NextNumber int
}

func list(r *web.Request) error {
	q := r.URL.Query()
	f := &web.Form{Values: q, Fields: map[string]string{}}
	p := eupay.PaymentListParams{
		ListParams: eupay.ListParams{Page: page(q.Get("page")), Limit: perPage},
		Status:     eupay.PaymentStatus(f.Get("status")), Search: f.Get("search"),
	}
	got, err := r.API.Payments.List(r.Ctx(), p)
	if err != nil {
		return err
	}
	out := listing{Payments: got.Data, Statuses: statuses, Filter: f, Filtered: f.Get("status") != "" || f.Get("search") != ""}
	if n := got.Pagination; n != nil {
		out.Page, out.Pages, out.Total, out.Previous, out.NextNumber = n.Page, n.Pages, n.Total, n.Page-1, n.Page+1
	}
	return r.Render(http.StatusOK, "payments/list", out)
}

// page is the number of a page; what is none is the first.
func page(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 1
	}
	return n
}

// view is what the page of one payment shows.
type view struct {
	*eupay.Payment
	History []eupay.PaymentChange
	Refunds []eupay.Payment
	// Left is what can still be given back.
	Left eupay.Amount
	Form *web.Form
	// MayRefund: the user's role may.
	MayRefund bool
}

func detail(r *web.Request) error { return show(r, http.StatusOK, web.NewForm("key", web.NewKey())) }

func show(r *web.Request, status int, f *web.Form) error {
	reference := r.PathValue("reference")
	p, err := r.API.Payments.Get(r.Ctx(), reference)
	if err != nil {
		return err
	}
	history, err := r.API.Payments.History(r.Ctx(), reference)
	if err != nil {
		return err
	}
	v := view{Payment: p, History: history, Form: f, MayRefund: r.Session.Role == eupay.RoleMerchant}
	if p.OriginalReference == "" {
		if v.Refunds, err = r.API.Refunds.List(r.Ctx(), reference); err != nil {
			return err
		}
	}
	if p.Status == eupay.PaymentCompleted || p.Status == eupay.PaymentRefunded {
		v.Left = p.Amount - p.AmountRefunded
	}
	return r.Render(status, "payments/detail", v)
}

func newPage(r *web.Request) error {
	return r.Render(http.StatusOK, "payments/new", web.NewForm("key", web.NewKey()))
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
			Amount: amount, Description: f.Get("description"), Reference: f.Get("reference"), IdempotencyKey: f.Get("key"),
		})
		if err == nil {
			return r.Redirect("/portal/payments/"+p.Reference, "payment_created")
		}
		if !r.Refused(f, err) {
			return err
		}
	}
	return r.Render(http.StatusUnprocessableEntity, "payments/new", f)
}

func cancel(r *web.Request) error {
	reference := r.PathValue("reference")
	if _, err := r.API.Payments.Cancel(r.Ctx(), reference); err != nil {
		return err
	}
	return r.Redirect("/portal/payments/"+reference, "cancel_asked")
}

func refund(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	reference := r.PathValue("reference")
	amount := f.Amount(r, "amount")
	if f.OK() {
		var back *eupay.Payment
		back, err = r.API.Refunds.Create(r.Ctx(), reference, eupay.RefundParams{Amount: amount, IdempotencyKey: f.Get("key")})
		if err == nil {
			return r.Redirect("/portal/payments/"+back.Reference, "refund_made")
		}
		if !r.Refused(f, err) {
			return err
		}
	}
	return show(r, http.StatusUnprocessableEntity, f)
}
