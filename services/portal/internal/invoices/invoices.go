// Package invoices serves the pages on which merchants issue e-invoices, follow them, and enrol for them.
package invoices

import (
	"embed"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

//go:embed *.html
var templates embed.FS

const (
	home    = "/portal/invoices"
	perPage = 25
)

// statuses are those that the list can be narrowed to.
var statuses = []eupay.InvoiceStatus{eupay.InvoiceDraft, eupay.InvoicePending, eupay.InvoicePaid, eupay.InvoiceRefunded, eupay.InvoiceCancelled, eupay.InvoiceFailed}

// Register adds the pages to the site. The API lets owners and staff issue invoices, and accountants read them.
func Register(s *web.Site) error {
	s.For(web.Everyone, "GET /portal/invoices", list)
	s.For(web.Shop, "GET /portal/invoices/new", newPage)
	s.For(web.Shop, "POST /portal/invoices/new", create)
	s.For(web.Everyone, "GET /portal/invoices/reports", reports)
	s.For(web.Everyone, "GET /portal/invoices/sales", sales)
	s.For(web.Everyone, "GET /portal/invoices/enrolment", enrolment)
	s.For(web.Owners, "POST /portal/invoices/enrolment", enrol)
	s.For(web.Owners, "GET /portal/invoices/enrolment/identity", identity)
	s.For(web.Everyone, "GET /portal/invoices/settings", settingsPage)
	s.For(web.Owners, "POST /portal/invoices/settings", saveSettings)
	s.For(web.Everyone, "GET /portal/invoices/{id}", detail)
	s.For(web.Everyone, "GET /portal/invoices/{id}/pdf", pdf)
	s.For(web.Everyone, "GET /portal/invoices/{id}/trail", trail)
	s.For(web.Shop, "POST /portal/invoices/{id}/submit", submit)
	s.For(web.Shop, "POST /portal/invoices/{id}/paid", paid)
	s.For(web.Shop, "POST /portal/invoices/{id}/cancel", cancel)
	s.For(web.Shop, "POST /portal/invoices/{id}/credit", credit)
	return s.Templates("invoices", templates)
}

// days are the dates and numbers of the API, which are texts, for templates.
type days struct{}

// Day is a date as a time on that day; what is none is the zero time.
func (days) Day(text string) time.Time {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return time.Time{}
	}
	return t.Add(12 * time.Hour) // the same day in every zone of Europe
}

// Decimal writes a number of the API as a language does.
func (days) Decimal(lang string, n json.Number) string {
	if lang == "fr" {
		return strings.Replace(n.String(), ".", ",", 1)
	}
	return n.String()
}

// listing is what the page of the list shows.
type listing struct {
	days
	Invoices                    []eupay.Invoice
	Enrolment                   *eupay.Enrollment
	Statuses                    []eupay.InvoiceStatus
	Filter                      *web.Form
	Filtered, Unknown, MayIssue bool
	web.Paging
}

func list(r *web.Request) error {
	q := r.URL.Query()
	f := &web.Form{Values: q, Fields: map[string]string{}}
	out := listing{Statuses: statuses, Filter: f, MayIssue: mayIssue(r)}
	if number := f.Get("number"); number != "" {
		found, err := r.API.Invoices.Get(r.Ctx(), number)
		if err == nil {
			return r.Redirect(path(found.ID), "")
		}
		if !errors.Is(err, eupay.ErrNotFound) && !errors.Is(err, eupay.ErrID) {
			return err
		}
		out.Unknown = true
	}
	p := eupay.InvoiceListParams{
		ListParams: r.ListPage(perPage), Status: eupay.InvoiceStatus(f.Get("status")),
		From: midnight(f.Get("from"), 0), To: midnight(f.Get("to"), 1),
	}
	got, err := r.API.Invoices.List(r.Ctx(), p)
	if err != nil {
		return err
	}
	if out.Enrolment, err = r.API.EInvoicing.Enrollment(r.Ctx()); err != nil {
		return err
	}
	out.Invoices, out.Filtered = got.Data, f.Get("status")+f.Get("from")+f.Get("to") != ""
	out.Paging = web.PagingOf(got.Pagination)
	return r.Render(http.StatusOK, "invoices/list", out)
}

var paris = zone()

func zone() *time.Location {
	z, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		return time.UTC // cannot happen: the zones are in the program
	}
	return z
}

// midnight is the beginning of a day in France, or of one some days later. What is no day is the zero time.
func midnight(text string, later int) time.Time {
	t, err := time.ParseInLocation(time.DateOnly, text, paris)
	if err != nil {
		return time.Time{}
	}
	return t.AddDate(0, 0, later)
}

func path(id string) string { return home + "/" + url.PathEscape(id) }

func mayIssue(r *web.Request) bool {
	return r.Session.Role == eupay.RoleMerchant || r.Session.Role == eupay.RoleStaff
}

// pdf hands the document on that the API made.
func pdf(r *web.Request) error {
	f, err := r.API.Invoices.PDF(r.Ctx(), r.PathValue("id"))
	if err != nil {
		return err
	}
	name := f.Name
	if name == "" {
		name = r.PathValue("id") + ".pdf"
	}
	return r.PDF(f, strings.Map(plain, name), r.URL.Query().Get("download") != "")
}

// plain keeps what every file system takes in a name.
func plain(c rune) rune {
	if c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-' || c == '_' || c == '.' {
		return c
	}
	return '_'
}

// reporting is what the page of reports shows.
type reporting struct {
	days
	Reports []eupay.EReport
	web.Paging
}

func reports(r *web.Request) error {
	got, err := r.API.EInvoicing.Reports(r.Ctx(), r.ListPage(perPage))
	if err != nil && !errors.Is(err, eupay.ErrNotEnrolled) {
		return err
	}
	out := reporting{}
	if err == nil {
		out.Reports = got.Data
		out.Paging = web.PagingOf(got.Pagination)
	}
	return r.Render(http.StatusOK, "invoices/reports", out)
}
