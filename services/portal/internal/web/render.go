package web

import (
	"bytes"
	"compress/gzip"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/andybalholm/brotli"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/session"
	"european-pay.eu/eupay/services/portal/internal/text"
)

//go:embed *.html layout/*.html
var templates embed.FS

// worthCompressing is the size from which an answer is compressed.
const worthCompressing = 1024

// pages are the templates by language and name. They are read once, at start.
type pages struct {
	site   *Site
	layout map[string]*template.Template
	pages  map[string]map[string]*template.Template
	faults []error
}

func newPages(s *Site) *pages {
	p := &pages{site: s, layout: make(map[string]*template.Template), pages: make(map[string]map[string]*template.Template)}
	for code, language := range s.texts {
		t, err := template.New("").Funcs(s.funcs(language)).ParseFS(templates, "layout/*.html")
		if err != nil {
			p.faults = append(p.faults, err)
			continue
		}
		p.layout[code], p.pages[code] = t, make(map[string]*template.Template)
	}
	return p
}

func (p *pages) add(room string, files fs.FS) error {
	names, err := fs.Glob(files, "*.html")
	if err != nil {
		return fmt.Errorf("list templates of %s: %w", room, err)
	}
	for code, layout := range p.layout {
		for _, name := range names {
			t, err := layout.Clone()
			if err == nil {
				t, err = t.ParseFS(files, name)
			}
			if err != nil {
				return fmt.Errorf("read template %s/%s: %w", room, name, err)
			}
			p.pages[code][room+"/"+strings.TrimSuffix(path.Base(name), ".html")] = t
		}
	}
	return nil
}

func (p *pages) check() error { return errors.Join(p.faults...) }

// View is what a template sees.
type View struct {
	// Data is the page's own.
	Data any
	// Lang and Theme are the reader's.
	Lang, Theme string
	// User is who is logged in; nil: nobody.
	User *session.Session
	// Live: the page shows real money.
	Live bool
	// Path is that of the request; Notice a phrase about what was just done.
	Path, Notice string
	// Here is where the page can be had again: the path and, of a page that was got, its query.
	Here string
	// Public is where browsers reach the pages, API where they reach the API, without /api/v1.
	Public, API string
	// Mailbox is where the sandbox shows mails; empty: there is none.
	Mailbox string

	query url.Values
	nav   []navGroup
}

// With is the request's path with another value in its query, for pages and filters. An empty value removes it.
func (v View) With(name string, value any) string {
	query := url.Values{}
	for key, values := range v.query {
		if key != name && key != "notice" {
			query[key] = values
		}
	}
	if text := fmt.Sprint(value); text != "" {
		query.Set(name, text)
	}
	if len(query) == 0 {
		return v.Path
	}
	return v.Path + "?" + query.Encode()
}

// Query is a value of the request's query.
func (v View) Query(name string) string { return v.query.Get(name) }

// Nav are the links that the user's role may open, in groups.
func (v View) Nav() []navGroup { return v.nav }

// InApp reports whether the page is one of the customer's app.
func (v View) InApp() bool { return inApp(v.Path) }

// Root is the first part of the path of the portal or the app, of which the page is one.
func (v View) Root() string { return root(v.Path) }

// Tabs are the rooms of the customer's app.
func (v View) Tabs() []navLink { return tabs(v.Path) }

// Start is where the reader begins.
func (v View) Start() string {
	switch {
	case v.InApp():
		return "/app"
	case v.User != nil:
		return "/portal"
	default:
		return "/"
	}
}

func (r *Request) view(data any) View {
	v := View{
		Data: data, Lang: r.Text.Code, Theme: r.Theme, User: r.Session, Path: r.URL.Path, Public: r.Site.PublicURL, API: r.Site.APIURL, Mailbox: r.Site.Mailbox,
		query: r.URL.Query(),
	}
	v.Here = r.URL.Path
	if r.Method == http.MethodGet {
		v.Here = r.URL.RequestURI()
	}
	if key := "notice." + v.query.Get("notice"); r.Text.Has(key) {
		v.Notice = r.Text.T(key)
	}
	if r.Session != nil {
		v.Live = r.Session.Livemode
		v.nav = navigation(r.Session.Role, r.URL.Path)
	}
	return v
}

// Render answers with a page. The name is that of its package and its file: payments/list.
func (r *Request) Render(status int, name string, data any) error {
	return r.render(status, name, "layout", data)
}

// RenderPart answers with one template of a page, for scripts that replace a part of it.
func (r *Request) RenderPart(name, part string, data any) error {
	return r.render(http.StatusOK, name, part, data)
}

// Uncompressed is for a page that shows a secret beside something that the caller chose: the size of a compressed answer would tell of it.
func (r *Request) Uncompressed() { r.plain = true }

func (r *Request) render(status int, name, part string, data any) error {
	page, ok := r.Site.pages.pages[r.Text.Code][name]
	if !ok {
		return fmt.Errorf("no template %s", name)
	}
	var b bytes.Buffer
	if err := page.ExecuteTemplate(&b, part, r.view(data)); err != nil {
		return fmt.Errorf("render %s: %w", name, err)
	}
	r.secure()
	r.W.Header().Set("Content-Type", "text/html; charset=utf-8")
	return r.Send(status, b.Bytes())
}

// Send answers with a body, compressed as the browser takes it. Its Content-Type is set before.
func (r *Request) Send(status int, body []byte) error {
	h := r.W.Header()
	h.Add("Vary", "Accept-Encoding, Accept-Language, Cookie")
	var out io.WriteCloser
	accept := r.Header.Get("Accept-Encoding")
	switch {
	case r.plain || len(body) < worthCompressing:
	case strings.Contains(accept, "br"):
		h.Set("Content-Encoding", "br")
		out = brotli.NewWriterLevel(r.W, 4)
	case strings.Contains(accept, "gzip"):
		h.Set("Content-Encoding", "gzip")
		out = gzip.NewWriter(r.W)
	}
	r.W.WriteHeader(status)
	if r.Method == http.MethodHead {
		return nil
	}
	// An error here means that the browser has gone: nobody reads another answer.
	if out == nil {
		_, _ = r.W.Write(body)
		return nil
	}
	_, _ = out.Write(body)
	_ = out.Close()
	return nil
}

// funcs are what templates can call, in one language.
func (s *Site) funcs(l *text.Language) template.FuncMap {
	return template.FuncMap{
		"t": l.T, "n": l.N, "or_phrase": l.Or, "amount": l.Amount, "number": l.Number, "percent": l.Percent, "rate": l.Rate,
		"date": l.Date, "datetime": l.DateTime, "clock": l.Clock, "hour": l.Hour, "span": l.Span,
		"icon": s.Assets.Icon, "asset": s.Assets.URL, "dict": dict, "list": func(items ...any) []any { return items },
		"tone": tone, "euros": func(a eupay.Amount) string { return a.String() }, "join": strings.Join, "initial": initial, "once": NewKey,
	}
}

// dict makes a map of names and values, the arguments of a component.
func dict(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, errors.New("dict takes names and values")
	}
	m := make(map[string]any, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			return nil, errors.New("dict takes names and values")
		}
		m[name] = pairs[i+1]
	}
	return m, nil
}

// initial is the first letter of a name, for the round picture of somebody who has none.
func initial(name string) string {
	for _, r := range strings.ToUpper(name) {
		return string(r)
	}
	return "?"
}
