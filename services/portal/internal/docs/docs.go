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
	"sync/atomic"
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

	shown atomic.Pointer[edition]
	mu    sync.Mutex // of who reads the description anew
	until time.Time  // until then it is not asked for
}

// edition is the documentation that is shown, until the description of the API changes.
type edition struct {
	*book
	// sum is that of the description that it was made of; the zero sum: the API has not answered yet.
	sum  [sha256.Size]byte
	kept *web.Kept
}

// Register adds the pages to the site.
func Register(s *web.Site) error {
	d := &room{site: s, now: s.Now, read: func(ctx context.Context) ([]byte, error) {
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
	d.shown.Store(&edition{book: first, kept: web.NewKept()})
	s.Open("GET /{$}", d.start)
	s.Open("GET /docs", d.page)
	s.Open("GET /docs.md", d.file)
	s.Open("GET /llms.txt", d.file)
	s.Open("GET /docs/search", d.search)
	s.Open("GET /docs/{page}", d.page)
	return s.Templates("docs", templates)
}

// current is the documentation, made again when the description of the API has changed. While one reader waits for the API the others get
// what there is; only before the first answer do they wait, too.
func (d *room) current(ctx context.Context) *edition {
	if d.shown.Load().sum == [sha256.Size]byte{} {
		d.mu.Lock()
	} else if !d.mu.TryLock() {
		return d.shown.Load()
	}
	defer d.mu.Unlock()
	if now := d.now(); !now.Before(d.until) {
		d.until = now.Add(again)
		if err := d.refresh(ctx); err != nil {
			d.site.Log.WarnContext(ctx, "documentation not made anew", "error", err)
		} else {
			d.until = now.Add(fresh)
		}
	}
	return d.shown.Load()
}

func (d *room) refresh(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	raw, err := d.read(ctx)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(raw)
	if sum == d.shown.Load().sum {
		return nil
	}
	made, err := d.make(raw)
	if err != nil {
		return err
	}
	d.shown.Store(&edition{book: made, sum: sum, kept: web.NewKept()})
	return nil
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
	switch slug {
	case "":
		slug = "index"
	case "index":
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
	return r.RenderKept(b.kept, slug, "docs/page", d.view(b.book, p))
}

// search is for readers without a script.
func (d *room) search(r *web.Request) error {
	b := d.current(r.Ctx())
	v := d.view(b.book, &Page{Slug: "search", Path: "/docs/search"})
	v.Query = r.FormValue("q")
	v.Hits = find(b.entries, v.Query)
	return r.Render(http.StatusOK, "docs/search", v)
}

// file sends something that is no page.
func (d *room) file(r *web.Request) error {
	b := d.current(r.Ctx())
	f, ok := b.files[r.URL.Path]
	if !ok {
		return web.NotFound
	}
	h := r.W.Header()
	h.Set("Content-Type", f.kind)
	h.Set("X-Content-Type-Options", "nosniff")
	if f.name != "" {
		h.Set("Content-Disposition", `attachment; filename="`+f.name+`"`)
	}
	return r.SendKept(b.kept, r.URL.Path, f.body)
}

func (d *room) start(r *web.Request) error {
	return r.RenderKept(d.shown.Load().kept, "", "docs/start", nil)
}
