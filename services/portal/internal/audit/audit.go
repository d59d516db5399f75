// Package audit serves the record of who did what.
package audit

import (
	"embed"
	"net/http"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

//go:embed *.html
var templates embed.FS

const perPage = 50

// Register adds the pages to the site.
func Register(s *web.Site) error {
	s.For(web.Owners, "GET /portal/audit", page)
	s.For(web.Owners, "POST /portal/audit/export", export)
	return s.Templates("audit", templates)
}

func page(r *web.Request) error {
	got, err := r.API.Merchant.Audit(r.Ctx(), eupay.AuditParams{Limit: perPage, StartingAfter: r.URL.Query().Get("after")})
	if err != nil {
		return err
	}
	v := struct {
		Entries []eupay.AuditEntry
		// Last is the entry after which older ones follow; empty: there are none.
		Last string
	}{Entries: got.Data}
	if got.HasMore && len(got.Data) > 0 {
		v.Last = got.Data[len(got.Data)-1].ID
	}
	return r.Render(http.StatusOK, "audit/audit", v)
}

// export gives the whole record as a file. It is a form, because it may take a fresh proof.
func export(r *web.Request) error {
	format := eupay.AuditCSV
	if r.FormValue("format") == string(eupay.AuditNDJSON) {
		format = eupay.AuditNDJSON
	}
	file, err := r.API.Merchant.ExportAudit(r.Ctx(), format)
	if err != nil {
		return err
	}
	return r.Download(file, "eupay-audit."+string(format))
}
