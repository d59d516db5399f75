// Package docs serves the start page and the documentation for developers: guides, and the reference that is made of the API's own
// description.
package docs

import (
	"context"
	"crypto/sha256"
	"embed"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/web"
)

//go:embed *.html
var templates embed.FS

// basePath of the API.
const basePath = "/api/v1"

// How old the description may be before it is asked for again, and how long to wait after the API did not answer.
const (
	fresh = 5 * time.Minute
	again = 3 * time.Second
	// patience is how long a reader waits for the API.
	patience = 2 * time.Second
)

// room keeps the documentation.
type room struct {
	site *web.Site
	read func(context.Context) ([]byte, error)
	now  func() time.Time

	mu    sync.Mutex
	book  *book
	sum   [sha256.Size]byte // of the description that the book was made of
	until time.Time         // the book is good until then
	kept  *web.Kept
}

// Register adds the pages to the site.
func Register(s *web.Site) error {
	d := &room{site: s, now: s.Now, kept: web.NewKept(), read: func(ctx context.Context) ([]byte, error) {
		f, err := s.API.Reference.OpenAPI(ctx)
		if err != nil {
			return nil, fmt.Errorf("read the description of the API: %w", err)
		}
		return f.Data, nil
	}}
	// Without the API: what is wrong with our own texts is known at start, not at the first reader.
	first, err := newBook(nil, s.APIURL+basePath, s.Assets.Icon)
	if err != nil {
		return err
	}
	d.book = first
	s.Open("GET /{$}", d.start)
	s.Open("GET /docs", d.page)
	s.Open("GET /docs.md", d.file)
	s.Open("GET /llms.txt", d.file)
	s.Open("GET /docs/search", d.search)
	s.Open("GET /docs/{page}", d.page)
	return s.Templates("docs", templates)
}

// current is the documentation, made again when the description of the API has changed.
func (d *room) current(ctx context.Context) *book {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.now()
	if now.Before(d.until) {
		return d.book
	}
	d.until = now.Add(again)
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	raw, err := d.read(ctx)
	if err != nil {
		d.site.Log.WarnContext(ctx, "description of the API not read", "error", err)
		return d.book
	}
	d.until = now.Add(fresh)
	sum := sha256.Sum256(raw)
	if sum == d.sum {
		return d.book
	}
	made, err := d.make(raw)
	if err != nil {
		d.site.Log.ErrorContext(ctx, "documentation not made", "error", err)
		return d.book
	}
	d.book, d.sum, d.kept = made, sum, web.NewKept()
	return d.book
}

func (d *room) make(raw []byte) (*book, error) {
	desc, err := readDescription(raw)
	if err != nil {
		return nil, err
	}
	return newBook(desc, d.site.APIURL+basePath, d.site.Assets.Icon)
}

// environments are where the tester may send requests, besides the deployment that shows the page.
var environments = []string{eupay.ProductionURL, eupay.DevelopmentURL}

// view is what the templates show.
type view struct {
	*Page
	Chapters     []ChapterView
	Environments []environment
	Query        string
	Hits         []entry
}

type environment struct{ Key, URL string }

func (d *room) view(b *book, p *Page) view {
	v := view{Page: p, Chapters: b.chapters, Environments: []environment{{"here", d.here()}}}
	for i, key := range []string{"production", "development"} {
		if environments[i] != d.site.APIURL {
			v.Environments = append(v.Environments, environment{key, environments[i] + basePath})
		}
	}
	return v
}

// here is where the API of this deployment is, for a script of these pages.
func (d *room) here() string {
	if d.site.APIURL == d.site.PublicURL {
		return basePath
	}
	return d.site.APIURL + basePath
}

func (d *room) page(r *web.Request) error {
	slug := r.PathValue("page")
	if strings.Contains(slug, ".") {
		return d.file(r)
	}
	if slug == "" {
		slug = "index"
	} else if slug == "index" {
		return web.NotFound
	}
	b := d.current(r.Ctx())
	p := b.bySlug[slug]
	if p == nil {
		return web.NotFound
	}
	r.AllowConnect(environments...)
	if d.site.APIURL != d.site.PublicURL {
		r.AllowConnect(d.site.APIURL)
	}
	return r.RenderKept(d.keeper(), slug, "docs/page", d.view(b, p))
}

func (d *room) keeper() *web.Kept {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.kept
}

// search is for readers without a script.
func (d *room) search(r *web.Request) error {
	b := d.current(r.Ctx())
	v := d.view(b, &Page{Slug: "search", Path: "/docs/search"})
	v.Query = r.FormValue("q")
	v.Hits = find(b.entries, v.Query)
	return r.Render(http.StatusOK, "docs/search", v)
}

// file sends something that is no page.
func (d *room) file(r *web.Request) error {
	f, ok := d.current(r.Ctx()).files[r.URL.Path]
	if !ok {
		return web.NotFound
	}
	h := r.W.Header()
	h.Set("Content-Type", f.kind)
	h.Set("X-Content-Type-Options", "nosniff")
	if f.name != "" {
		h.Set("Content-Disposition", `attachment; filename="`+f.name+`"`)
	}
	return r.SendKept(d.keeper(), r.URL.Path, f.body)
}

func (d *room) start(r *web.Request) error {
	return r.RenderKept(d.keeper(), "", "docs/start", nil)
}
