package mailbox

import (
	"embed"
	"errors"
	"net/http"

	"european-pay.eu/eupay/sandbox/internal/control"
	"european-pay.eu/eupay/sandbox/internal/page"
)

//go:embed pages
var pageFiles embed.FS

var pages = page.Must(pageFiles, "")

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
	c.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		pages.Render(w, m.log, http.StatusOK, "list", m.Mails(r.URL.Query().Get("to")))
	})
	c.HandleFunc("GET /{id}", func(w http.ResponseWriter, r *http.Request) {
		one, ok := m.Mail(control.PathID(r))
		if !ok {
			pages.Render(w, m.log, http.StatusNotFound, "gone", nil)
			return
		}
		pages.Render(w, m.log, http.StatusOK, "mail", one)
	})
	return c
}
