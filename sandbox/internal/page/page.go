// Package page renders the pages of a sandbox server with a strict content security policy.
package page

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
)

// Pages are the templates of one server.
type Pages struct {
	templates *template.Template
	policy    string
}

// Must parses pages/*.html, in which {{style}} is pages/style.css, and panics if it cannot. The content security policy permits
// that style, by its hash, and nothing else; more is appended to it, such as "; form-action 'self'".
func Must(files fs.FS, more string) *Pages {
	style, err := fs.ReadFile(files, "pages/style.css")
	if err != nil {
		panic(fmt.Errorf("read style: %w", err))
	}
	own := func() template.CSS { return template.CSS(style) } //nolint:gosec // our own file, not input
	hash := sha256.Sum256(style)
	return &Pages{
		templates: template.Must(template.New("").Funcs(template.FuncMap{"style": own}).ParseFS(files, "pages/*.html")),
		policy: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) +
			"'; img-src data:; base-uri 'none'; frame-ancestors 'none'" + more,
	}
}

// Render answers with a page.
func (p *Pages) Render(w http.ResponseWriter, log *slog.Logger, status int, name string, data any) {
	var text bytes.Buffer
	if err := p.templates.ExecuteTemplate(&text, name, data); err != nil {
		log.Error("page not rendered", "page", name, "error", err)
		http.Error(w, "Something went wrong.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", p.policy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if _, err := text.WriteTo(w); err != nil {
		log.Debug("caller left before its page", "error", err)
	}
}
