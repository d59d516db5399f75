// Package home serves the first page of the portal: how business goes, and what needs somebody.
package home

import (
	"embed"
	"net/http"
	"time"

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
	s.For(web.Everyone, "GET /portal/needs", needs)
	return s.Templates("home", templates)
}

// view is what the page shows.
type view struct {
	Merchant *eupay.Merchant
	Period   period
	Periods  []period
	Now      *eupay.PaymentSummary
	Before   *eupay.PaymentSummary
	Chart    chart
	Banks    []bank
	Payments []eupay.Payment
	// Start are the first steps of a merchant without a payment; nil: it has some.
	Start *start
	Owner bool
}

// Took is how long a payment takes that is paid; 0: nothing was paid.
func (v view) Took() time.Duration { return took(v.Now).median }

// Slowest is how long all but the slowest take.
func (v view) Slowest() time.Duration { return took(v.Now).p95 }

type times struct{ median, p95 time.Duration }

func took(s *eupay.PaymentSummary) times {
	if s.SecondsToComplete == nil {
		return times{}
	}
	seconds := func(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }
	return times{seconds(s.SecondsToComplete.Median), seconds(s.SecondsToComplete.P95)}
}

func page(r *web.Request) error {
	v := view{Period: periodOf(r), Periods: periods, Owner: r.Session.Role == eupay.RoleMerchant}
	var list *eupay.Page[eupay.Payment]
	now, before := v.Period.params(r.Site.Now())
	err := web.Together(
		web.Into(&v.Merchant, func() (*eupay.Merchant, error) { return r.API.Merchant.Get(r.Ctx()) }),
		web.Into(&v.Now, func() (*eupay.PaymentSummary, error) { return r.API.Payments.Summary(r.Ctx(), now) }),
		web.Into(&v.Before, func() (*eupay.PaymentSummary, error) { return r.API.Payments.Summary(r.Ctx(), before) }),
		web.Into(&list, func() (*eupay.Page[eupay.Payment], error) {
			return r.API.Payments.List(r.Ctx(), eupay.PaymentListParams{ListParams: eupay.ListParams{Limit: latest}, Uncounted: true})
		}),
	)
	if err != nil {
		return err
	}
	v.Payments, v.Chart, v.Banks = list.Data, chartOf(v.Now.Intervals), banksOf(v.Now.ByBank)
	if len(v.Payments) == 0 {
		v.Start = startOf(r, v.Merchant)
	}
	return r.Render(http.StatusOK, "home/home", v)
}
