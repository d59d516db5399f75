package mailbox

import (
	"embed"
	"errors"
	"io"
	"net/http"
	"strings"

	"european-pay.eu/eupay/sandbox/internal/control"
	"european-pay.eu/eupay/sandbox/internal/page"
)

//go:embed pages
var pageFiles embed.FS

var pages = page.Must(pageFiles, "; frame-src 'self'")

var errUnknownMail = errors.New("unknown mail")

// Management serves the mails, as pages and as JSON. It has no authentication: do not expose its port.
func (m *Mailbox) Management() http.Handler {
	c := &control.Mux{StatusOf: func(error) int { return http.StatusNotFound }}
	c.Health()
	c.On("GET /mails", func(r *http.Request) (any, error) {
		return map[string]any{"mails": m.Mails(r.URL.Query().Get("to"))}, nil
	})
	c.On("GET /mails/{id}", func(r *http.Request) (any, error) {
		one, ok := m.Mail(control.PathID(r))
		if !ok {
			return nil, errUnknownMail
		}
		return one, nil
	})
	c.On("DELETE /mails", func(*http.Request) (any, error) { m.Reset(); return control.Done, nil })
	c.Handle("GET /{$}", http.RedirectHandler(Path, http.StatusFound))
	c.HandleFunc("GET "+Path+"/{$}", m.listPage)
	c.HandleFunc("GET "+Path, m.listPage)
	c.HandleFunc("GET "+Path+"/{id}", m.mailPage("text"))
	c.HandleFunc("GET "+Path+"/{id}/html", m.mailPage("html"))
	c.HandleFunc("GET "+Path+"/{id}/headers", m.mailPage("headers"))
	c.HandleFunc("GET "+Path+"/{id}/content", m.content)
	return c
}

// Path is where the pages are, also at a gateway before the mailbox.
const Path = "/sandbox/mail"

func (m *Mailbox) listPage(w http.ResponseWriter, r *http.Request) {
	to := r.URL.Query().Get("to")
	pages.Render(w, m.log, http.StatusOK, "list", struct {
		To    string
		Mails []Mail
	}{to, m.Mails(to)})
}

// mailPage shows one side of a mail.
func (m *Mailbox) mailPage(side string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		one, ok := m.Mail(control.PathID(r))
		if !ok {
			pages.Render(w, m.log, http.StatusNotFound, "gone", nil)
			return
		}
		pages.Render(w, m.log, http.StatusOK, "mail", struct {
			Mail
			Side string
		}{one, side})
	}
}

// contentPolicy keeps what a mail contains from everything: it may have styles, and links that open elsewhere.
const contentPolicy = "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; base-uri 'self'; frame-ancestors 'self'"

// content answers with the HTML of a mail as it was sent, for the frame in its page. Its links leave the frame.
func (m *Mailbox) content(w http.ResponseWriter, r *http.Request) {
	one, ok := m.Mail(control.PathID(r))
	if !ok || one.HTML == "" {
		pages.Render(w, m.log, http.StatusNotFound, "gone", nil)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", contentPolicy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	if _, err := io.WriteString(w, strings.Replace(one.HTML, "<head>", `<head><base target="_blank">`, 1)); err != nil {
		m.log.Debug("caller left before the mail", "error", err)
	}
}
