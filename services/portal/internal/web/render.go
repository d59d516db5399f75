package web

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/andybalholm/brotli"

	"european-pay.eu/eupay/services/portal/internal/session"
)

// worthCompressing is the size from which an answer is compressed.
const worthCompressing = 1024

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
	// Here is where the page can be had again: of a page that was got, the path and the query; of a form's answer, the page of the form.
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
	v.Here = r.Site.above(r.URL.Path)
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
	page, err := r.Site.pages.get(r.Text.Code, name)
	if err != nil {
		return err
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
	var writers *sync.Pool
	accept := r.Header.Get("Accept-Encoding")
	switch {
	case r.plain || len(body) < worthCompressing:
	case strings.Contains(accept, "br"):
		h.Set("Content-Encoding", "br")
		writers = &brotliWriters
	case strings.Contains(accept, "gzip"):
		h.Set("Content-Encoding", "gzip")
		writers = &gzipWriters
	}
	r.W.WriteHeader(status)
	if r.Method == http.MethodHead {
		return nil
	}
	// An error here means that the browser has gone: nobody reads another answer.
	if writers == nil {
		_, _ = r.W.Write(body)
		return nil
	}
	out, ok := writers.Get().(compressor)
	if !ok {
		return errors.New("a pool of compressors holds something else")
	}
	defer writers.Put(out)
	out.Reset(r.W)
	_, _ = out.Write(body)
	_ = out.Close()
	out.Reset(io.Discard) // it must not hold the answer
	return nil
}

// compressor is what the writers of brotli and gzip have in common.
type compressor interface {
	io.WriteCloser
	Reset(w io.Writer)
}

// A compressor's tables are larger than any page: they are used again.
var (
	brotliWriters = sync.Pool{New: func() any { return brotli.NewWriterLevel(io.Discard, 4) }}
	gzipWriters   = sync.Pool{New: func() any { return gzip.NewWriter(io.Discard) }}
)
