// Package exports serves the files for accountants.
package exports

import (
	"embed"
	"io"
	"mime"
	"net/http"
	"time"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/text"
	"european-pay.eu/eupay/services/portal/internal/web"
)

//go:embed *.html
var templates embed.FS

const (
	home    = "/portal/exports"
	perPage = 20
)

// documents is the choice of invoices as a ZIP of the documents themselves.
const documents eupay.ExportKind = "documents"

// kinds are in the order of the form. Their phrases are exports.kind_<kind>.
var kinds = []eupay.ExportKind{
	eupay.ExportFEC, eupay.ExportSales, eupay.ExportReceipts, eupay.ExportInvoices, documents, eupay.ExportPayments, eupay.ExportRefunds, eupay.ExportStatement,
}

// layouts are the formats of a table. Their phrases are exports.layout_<name>.
var layouts = []struct {
	name      string
	format    eupay.ExportFormat
	separator eupay.ExportSeparator
}{
	{"xlsx", eupay.FormatXLSX, ""}, {"semicolon", eupay.FormatCSV, eupay.SeparatorSemicolon}, {"comma", eupay.FormatCSV, eupay.SeparatorComma},
}

// Register adds the pages to the site.
func Register(s *web.Site) error {
	s.For(web.Books, "GET "+home, list)
	s.For(web.Books, "POST "+home, create)
	s.For(web.Books, "GET "+home+"/{id}/file", file)
	s.For(web.Owners, "GET "+home+"/accounts", accounts)
	s.For(web.Owners, "POST "+home+"/accounts", setAccounts)
	return s.Templates("exports", templates)
}

// view is what the page shows.
type view struct {
	web.Paging
	Form    *web.Form
	Exports []eupay.Export
	Kinds   []string
	Layouts []string
	// Making: a file is not ready yet.
	Making bool
	// MaySet: the user may set the accounts of the books.
	MaySet bool
}

// Day is the moment at which a day begins, for its words.
func (view) Day(day string) time.Time {
	begin, _, err := text.Day(day)
	if err != nil {
		return time.Time{}
	}
	return begin
}

// list shows the exports, and a form that asks for the month before.
func list(r *web.Request) error {
	now := r.Site.Now()
	begin := text.DaysBefore(now, now.In(text.DaysBefore(now, 0).Location()).Day()-1)
	last := text.DaysBefore(begin, 1)
	first := text.DaysBefore(last, last.Day()-1)
	return show(r, http.StatusOK, web.NewForm("key", web.NewKey(), "kind", string(eupay.ExportFEC), "layout", layouts[0].name,
		"from", first.Format(time.DateOnly), "to", last.Format(time.DateOnly)))
}

func show(r *web.Request, status int, f *web.Form) error {
	got, err := r.API.Exports.List(r.Ctx(), eupay.ExportListParams{ListParams: r.ListPage(perPage)})
	if err != nil {
		return err
	}
	v := view{Paging: web.PagingOf(got.Pagination), Form: f, Exports: got.Data, MaySet: r.Session.Role == eupay.RoleMerchant}
	for _, k := range kinds {
		v.Kinds = append(v.Kinds, string(k))
	}
	for _, l := range layouts {
		v.Layouts = append(v.Layouts, l.name)
	}
	for _, x := range got.Data {
		v.Making = v.Making || x.Status == eupay.ExportPending
	}
	return r.Render(status, "exports/list", v)
}

func create(r *web.Request) error {
	f, err := r.Form()
	if err != nil {
		return err
	}
	p := eupay.ExportParams{Kind: eupay.ExportKind(f.Get("kind")), From: f.Get("from"), To: f.Get("to"), IdempotencyKey: f.Get("key")}
	switch p.Kind {
	case documents:
		p.Kind, p.Format = eupay.ExportInvoices, eupay.FormatZIP
	case eupay.ExportFEC, eupay.ExportStatement:
	default:
		for _, l := range layouts {
			if l.name == f.Get("layout") {
				p.Format, p.Separator = l.format, l.separator
			}
		}
	}
	if _, err := r.API.Exports.Create(r.Ctx(), p); err != nil {
		if !r.Refused(f, err) {
			return err
		}
		return show(r, http.StatusUnprocessableEntity, f)
	}
	return r.Redirect(home, "export_created")
}

// file hands the file of the API on as it comes.
func file(r *web.Request) error {
	x, err := r.API.Exports.Get(r.Ctx(), r.PathValue("id"))
	if err != nil {
		return err
	}
	got, err := r.API.Exports.File(r.Ctx(), x.ID)
	if err != nil {
		return err
	}
	defer got.Close()
	h := r.W.Header()
	h.Set("Content-Type", got.ContentType)
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": x.FileName}))
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	if _, err := io.Copy(r.W, got); err != nil {
		panic(http.ErrAbortHandler) // a file that ends early must not look whole
	}
	return nil
}
