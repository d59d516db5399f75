// Package links serves the pages on which merchants make payment links, hand them to payers and end them.
package links

import (
	"embed"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/text"
	"european-pay.eu/eupay/services/portal/internal/web"
)

//go:embed *.html
var templates embed.FS

const (
	perPage = 25
	// perLink is how many payments the page of a link shows.
	perLink = 25
)

// statuses are those that the list can be narrowed to.
var statuses = []eupay.PaymentLinkStatus{eupay.PaymentLinkActive, eupay.PaymentLinkPaid, eupay.PaymentLinkExpired, eupay.PaymentLinkRevoked}

// Register adds the pages to the site. Who may do what is what the API says: all of a merchant's team read, the owners act.
func Register(s *web.Site) error {
	s.For(web.Everyone, "GET /portal/links", list)
	s.For(web.Owners, "GET /portal/links/new", newPage)
	s.For(web.Owners, "POST /portal/links/new", create)
	s.For(web.Everyone, "GET /portal/links/{id}", detail)
	s.For(web.Everyone, "GET /portal/links/{id}/qr.png", picture)
	s.For(web.Owners, "POST /portal/links/{id}", change)
	s.For(web.Owners, "POST /portal/links/{id}/revoke", revoke)
	return s.Templates("links", templates)
}

// owner reports whether somebody may make and end links.
func owner(r *web.Request) bool { return slices.Contains(web.Owners, r.Session.Role) }

// listing is what the page of the list shows.
type listing struct {
	Links           []eupay.PaymentLink
	Statuses        []eupay.PaymentLinkStatus
	Filter          *web.Form
	Filtered, Owner bool
	web.Paging
}

func list(r *web.Request) error {
	f := &web.Form{Values: r.URL.Query(), Fields: map[string]string{}}
	got, err := r.API.PaymentLinks.List(r.Ctx(), eupay.PaymentLinkListParams{
		ListParams: r.ListPage(perPage), Status: eupay.PaymentLinkStatus(f.Get("status")), Search: f.Get("search"), MadeBy: f.Get("made_by"),
	})
	if errors.Is(err, eupay.ErrValidation) { // nothing can match what is no filter
		got, err = &eupay.Page[eupay.PaymentLink]{}, nil
	}
	if err != nil {
		return err
	}
	return r.Render(http.StatusOK, "links/list", listing{
		Links: got.Data, Statuses: statuses, Filter: f, Filtered: f.Is("status") || f.Is("search") || f.Is("made_by"), Owner: owner(r), Paging: web.PagingOf(got.Pagination),
	})
}

func newPage(r *web.Request) error {
	f := web.NewForm("key", web.NewKey())
	f.Values.Set("kind", "fixed")
	return r.Render(http.StatusOK, "links/new", f)
}

func create(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	p := asked(r, f)
	if f.OK() {
		var made *eupay.PaymentLink
		if made, err = r.API.PaymentLinks.Create(r.Ctx(), p); err == nil {
			return r.Redirect("/portal/links/"+url.PathEscape(made.ID), "link_created")
		}
		if !r.Refused(f, err) {
			return err
		}
	}
	return r.Render(http.StatusUnprocessableEntity, "links/new", f)
}

// asked is the link that a form asks for. What is wrong with it is noted there.
func asked(r *web.Request, f *web.Form) eupay.PaymentLinkParams {
	p := eupay.PaymentLinkParams{
		Description: f.Get("description"), Reference: f.Get("reference"), SuccessURL: f.Get("success_url"), Reusable: f.Is("reusable"), IdempotencyKey: f.Get("key"),
	}
	if f.Get("kind") == "open" {
		p.MinimumAmount, p.MaximumAmount = f.Amount(r, "minimum_amount"), f.Amount(r, "maximum_amount")
	} else if p.Amount = f.Amount(r, "amount"); p.Amount == 0 {
		f.Wrong("amount", r.Text.T("common.amount_wrong")) // without one the payer would choose
	}
	if n := f.Get("max_uses"); n != "" && p.Reusable {
		var err error
		if p.MaxUses, err = strconv.Atoi(n); err != nil || p.MaxUses < 1 {
			f.Wrong("max_uses", r.Text.T("links.uses_wrong"))
		}
	}
	p.ExpiresAt = lastMoment(r, f)
	return p
}

// lastMoment reads the day after which a link has ended; zero: none.
func lastMoment(r *web.Request, f *web.Form) time.Time {
	day := f.Get("expires_on")
	if day == "" {
		return time.Time{}
	}
	_, end, err := text.Day(day)
	if err != nil {
		f.Wrong("expires_on", r.Text.T("links.day_wrong"))
	}
	return end
}

// view is what the page of a link shows.
type view struct {
	*eupay.PaymentLink
	Payments []eupay.Payment
	// Total is how many payments there are.
	Total int
	Form  *web.Form
	// Mail writes an email with the address of the link.
	Mail  string
	Owner bool
}

func detail(r *web.Request) error {
	return show(r, http.StatusOK, web.NewForm("", ""))
}

func show(r *web.Request, status int, f *web.Form) error {
	l, err := r.API.PaymentLinks.Get(r.Ctx(), r.PathValue("id"))
	if err != nil {
		return err
	}
	paid, err := r.API.PaymentLinks.Payments(r.Ctx(), l.ID, eupay.ListParams{Limit: perLink})
	if err != nil {
		return err
	}
	v := view{PaymentLink: l, Payments: paid.Data, Form: f, Owner: owner(r), Mail: mail(l)}
	if paid.Pagination != nil {
		v.Total = paid.Pagination.Total
	}
	return r.Render(status, "links/detail", v)
}

// mail is a link that opens the merchant's own mail program.
func mail(l *eupay.PaymentLink) string {
	escaped := func(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }
	return "mailto:?subject=" + escaped(l.Description) + "&body=" + escaped(l.URL)
}

func picture(r *web.Request) error {
	file, err := r.API.PaymentLinks.QRImage(r.Ctx(), r.PathValue("id"), eupay.QRImageParams{Size: 416})
	if err != nil {
		return err
	}
	return r.SendPicture(file)
}

// change sets when a link expires.
func change(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	at := lastMoment(r, f)
	if f.OK() {
		l, err := r.API.PaymentLinks.Expire(r.Ctx(), r.PathValue("id"), at)
		if err == nil {
			return r.Redirect("/portal/links/"+url.PathEscape(l.ID), "link_changed")
		}
		if !shownOn(r, f, err) {
			return err
		}
	}
	return show(r, http.StatusUnprocessableEntity, f)
}

func revoke(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	l, err := r.API.PaymentLinks.Revoke(r.Ctx(), r.PathValue("id"))
	if err == nil {
		return r.Redirect("/portal/links/"+url.PathEscape(l.ID), "link_revoked")
	}
	if !shownOn(r, f, err) {
		return err
	}
	return show(r, http.StatusUnprocessableEntity, f)
}

// shownOn reports whether the page of the link says what was refused.
func shownOn(r *web.Request, f *web.Form, err error) bool {
	return !errors.Is(err, eupay.ErrNotFound) && !errors.Is(err, eupay.ErrID) && r.Refused(f, err)
}
