// Package till serves the closings of the till and the journal of sales.
package till

import (
	"embed"
	"io"
	"mime"
	"net/http"
	"slices"
	"time"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/text"
	"european-pay.eu/eupay/services/portal/internal/web"
)

//go:embed *.html
var templates embed.FS

const (
	home    = "/portal/till"
	perPage = 20
)

// periods are what the list can be narrowed to. Their phrases are till.period_<name>.
var periods = []string{"day", "month", "year"}

// Register adds the pages to the site.
func Register(s *web.Site) error {
	s.For(web.Everyone, "GET "+home, list)
	s.For(web.Shop, "POST "+home, closeDay)
	s.For(web.Everyone, "GET "+home+"/{id}/closing.pdf", paper)
	s.For(web.Books, "GET "+home+"/journal", journal)
	s.For(web.Owners, "POST "+home+"/settings", setStart)
	return s.Templates("till", templates)
}

// view is what the page shows.
type view struct {
	web.Paging
	Form     *web.Form
	Closings []eupay.Closing
	Periods  []string
	Period   string
	Settings *eupay.TillSettings
	// Starts are when a day may start.
	Starts []map[string]any
	// MayClose, MayExport and MaySet are what the user's role allows.
	MayClose, MayExport, MaySet bool
}

// Day is the moment at which a day begins, for its words.
func (view) Day(day string) time.Time {
	begin, _, err := text.Day(day)
	if err != nil {
		return time.Time{}
	}
	return begin
}

// list shows the closings, and the month before for the journal.
func list(r *web.Request) error {
	now := r.Site.Now()
	begin := text.DaysBefore(now, now.In(text.DaysBefore(now, 0).Location()).Day()-1)
	last := text.DaysBefore(begin, 1)
	first := text.DaysBefore(last, last.Day()-1)
	return show(r, http.StatusOK, web.NewForm("from", first.Format(time.DateOnly), "to", last.Format(time.DateOnly)))
}

func show(r *web.Request, status int, f *web.Form) error {
	v := view{
		Form: f, Periods: periods, MayClose: slices.Contains(web.Shop, r.Session.Role) && r.Session.Role != eupay.RoleAccountant,
		MayExport: slices.Contains(web.Books, r.Session.Role),
	}
	v.MaySet = slices.Contains(web.Owners, r.Session.Role)
	if err := v.readStart(r); err != nil {
		return err
	}
	if period := r.URL.Query().Get("period"); slices.Contains(periods, period) {
		v.Period = period
	}
	got, err := r.API.Till.Closings(r.Ctx(), eupay.ClosingListParams{ListParams: r.ListPage(perPage), Period: v.Period})
	if err != nil {
		return err
	}
	v.Paging, v.Closings = web.PagingOf(got.Pagination), got.Data
	return r.Render(status, "till/list", v)
}

func closeDay(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	if _, err := r.API.Till.CloseDay(r.Ctx()); err != nil {
		if !r.Refused(f, err) {
			return err
		}
		return show(r, http.StatusUnprocessableEntity, f)
	}
	return r.Redirect(home, "till_closed")
}

// paper is a closing as the API prints it.
func paper(r *web.Request) error {
	file, err := r.API.Till.ClosingFile(r.Ctx(), r.PathValue("id"), "pdf", r.Text.Code)
	if err != nil {
		return err
	}
	h := r.W.Header()
	h.Set("Content-Type", "application/pdf")
	h.Set("Content-Disposition", `inline; filename="closing.pdf"`)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	r.Uncompressed()
	return r.Send(http.StatusOK, file.Data)
}

// journal hands the records of days on as they come.
func journal(r *web.Request) error {
	q := r.URL.Query()
	from, _, err := text.Day(q.Get("from"))
	if err != nil {
		return r.Redirect(home, "")
	}
	_, to, err := text.Day(q.Get("to"))
	if err != nil || !from.Before(to) {
		return r.Redirect(home, "")
	}
	got, err := r.API.Till.Journal(r.Ctx(), from, to, "jsonl")
	if err != nil {
		return err
	}
	defer got.Close()
	h := r.W.Header()
	h.Set("Content-Type", got.ContentType)
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": "journal_" + q.Get("from") + "_" + q.Get("to") + ".jsonl"}))
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	if _, err := io.Copy(r.W, got); err != nil {
		panic(http.ErrAbortHandler) // a file that ends early must not look whole
	}
	return nil
}
