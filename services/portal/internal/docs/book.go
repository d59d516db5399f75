package docs

import (
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"github.com/yuin/goldmark/parser"
)

//go:embed content blocks/blocks.html
var contentFiles embed.FS

// baseMark stands in texts and examples for the URL of the API.
const baseMark = "{{base}}"

// chapter is a group of pages.
type chapter struct {
	title string
	pages []leaf
}

// leaf is a page: its file in content, and the tags whose operations it describes.
type leaf struct {
	slug string
	tags []string
}

// outline is the order of the pages: that of the API's documentation, then what it leaves to the reference.
var outline = []chapter{
	{"Start", []leaf{{slug: "index"}, {slug: "authentication"}, {slug: "environments"}, {slug: "errors"}, {slug: "rate-limiting"}, {slug: "requests"}}},
	{"Payments", []leaf{
		{slug: "payments", tags: []string{"Payments"}},
		{slug: "payment-links", tags: []string{"Payment links"}},
		{slug: "qr-payments"},
		{slug: "settlement", tags: []string{"Settlement"}},
	}},
	{"Webhooks", []leaf{{slug: "webhooks", tags: []string{"Webhook endpoints", "Events", "Webhook listener"}}, {slug: "events"}}},
	{"Going live", []leaf{{slug: "security"}, {slug: "testing"}}},
	{"Rewards and subscriptions", []leaf{{slug: "rewards", tags: []string{"Rewards", "Customers"}}, {slug: "subscriptions", tags: []string{"Subscriptions"}}}},
	{"E-invoicing", []leaf{{slug: "einvoicing", tags: []string{"E-invoicing"}}}},
	{"Accounting", []leaf{{slug: "exports", tags: []string{"Exports"}}}},
	{"In the shop", []leaf{
		{slug: "catalog", tags: []string{"Catalog"}},
		{slug: "stock", tags: []string{"Stock"}},
		{slug: "qr-signing"},
		{slug: "table-ordering", tags: []string{"Tables and orders", "Bills of tables"}},
		{slug: "kitchen", tags: []string{"Kitchen"}},
		{slug: "till", tags: []string{"Till"}},
		{slug: "merchant-qr", tags: []string{"QR codes"}},
		{slug: "scan-to-pay", tags: []string{"Scanning", "Customer accounts"}},
		{slug: "end-to-end"},
	}},
	{"Accounts", []leaf{
		{slug: "login", tags: []string{"Login"}},
		{slug: "merchant", tags: []string{"Merchant"}},
		{slug: "push", tags: []string{"Push notifications"}},
		{slug: "admin", tags: []string{"Admin"}},
		{slug: "provider", tags: []string{"Provider"}},
	}},
	{"Reference", []leaf{{slug: "reference", tags: []string{"Reference"}}, {slug: "sdk"}, {slug: "changelog"}}},
}

// Page is one page of the documentation.
type Page struct {
	Slug, Path, Title, Summary, Chapter string
	// Sections are what the list of contents shows of the page.
	Sections []Section
	Body     template.HTML
	// Markdown is the same page for tools.
	Markdown   string
	Operations []*Operation
	Prev, Next *Page

	entries []entry
}

// Section is a heading or an operation of a page.
type Section struct {
	ID, Title string
	// Method is that of an operation; empty: it is a heading.
	Method string
}

// ChapterView is a chapter in the list of contents.
type ChapterView struct {
	Title string
	Pages []*Page
}

// book is the whole documentation, rendered.
type book struct {
	pages    []*Page
	bySlug   map[string]*Page
	chapters []ChapterView
	files    map[string]file
	entries  []entry
}

// maker makes a book.
type maker struct {
	md     *markdown
	blocks *template.Template
	base   string
	desc   *description // nil: the API did not answer

	errors []ErrorCode
	events []Event
	byID   map[string]*Operation
	all    []*Operation
	shown  map[string]bool
	// named are the operations that a page shows by their name: lists leave them out.
	named map[string]bool
	book  *book
}

// newBook renders everything. desc may be nil: then the pages say that the reference is missing.
func newBook(desc *description, base string, icon func(string) (template.HTML, error)) (*book, error) {
	m := &maker{
		md: newMarkdown(icon), base: base, desc: desc, byID: map[string]*Operation{},
		shown: map[string]bool{}, named: map[string]bool{}, book: &book{bySlug: map[string]*Page{}},
	}
	var err error
	m.blocks, err = template.New("").Funcs(template.FuncMap{
		"md": m.md.inline, "icon": icon, "lower": strings.ToLower, "dict": dict,
		"param": func(s string) bool { return strings.HasPrefix(s, "{") },
		"code": func(lang, text string) (template.HTML, error) {
			out, err := m.md.codeBlock(lang, text)
			return highlighted(out), err
		},
	}).ParseFS(contentFiles, "blocks/blocks.html")
	if err != nil {
		return nil, fmt.Errorf("read the blocks of the documentation: %w", err)
	}
	if desc != nil {
		m.errors, m.events = desc.errorCodes(), desc.events()
		m.all = desc.operations(m.errors)
		for _, o := range m.all {
			m.byID[o.ID] = o
			o.Page = pageOf(o.Tag)
		}
	}
	return m.book, m.make()
}

func dict(pairs ...any) map[string]any {
	out := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		out[pairs[i].(string)] = pairs[i+1]
	}
	return out
}

// pageOf is where the operations of a tag are. A tag that is new is on the page of the reference.
func pageOf(tag string) string {
	for _, c := range outline {
		for _, l := range c.pages {
			if slices.Contains(l.tags, tag) {
				return pathOf(l.slug)
			}
		}
	}
	return pathOf("reference")
}

func pathOf(slug string) string {
	if slug == "index" {
		return "/docs"
	}
	return "/docs/" + slug
}

func (m *maker) make() error {
	b := m.book
	if err := m.findNamed(); err != nil {
		return err
	}
	for _, c := range outline {
		view := ChapterView{Title: c.title}
		for _, l := range c.pages {
			p, err := m.page(l, c.title)
			if err != nil {
				return fmt.Errorf("make page %s: %w", l.slug, err)
			}
			b.pages, b.bySlug[l.slug] = append(b.pages, p), p
			view.Pages = append(view.Pages, p)
		}
		b.chapters = append(b.chapters, view)
	}
	for i, p := range b.pages {
		if i > 0 {
			p.Prev = b.pages[i-1]
		}
		if i+1 < len(b.pages) {
			p.Next = b.pages[i+1]
		}
		p.Body = template.HTML(strings.ReplaceAll(string(p.Body), baseMark, m.base)) //nolint:gosec // the same page
		p.Markdown = strings.ReplaceAll(p.Markdown, baseMark, m.base)
		b.entries = append(b.entries, p.entries...)
	}
	return m.makeFiles()
}

var naming = regexp.MustCompile(`(?m)^\{\{op ([A-Za-z]+)\}\}$`)

// findNamed notes which operations stand on which page by their name.
func (m *maker) findNamed() error {
	for _, c := range outline {
		for _, l := range c.pages {
			raw, err := fs.ReadFile(contentFiles, "content/"+l.slug+".md")
			if err != nil {
				return fmt.Errorf("read content: %w", err)
			}
			for _, match := range naming.FindAllSubmatch(raw, -1) {
				name := string(match[1])
				m.named[name] = true
				if o := m.byID[name]; o != nil {
					o.Page = pathOf(l.slug)
				}
			}
		}
	}
	return nil
}

var directive = regexp.MustCompile(`(?m)^\{\{(op|ops|errors|events|sample|index)(?: ([^}\n]+))?\}\}$`)

// page renders a file of content. Its first line is the title, its first paragraph the summary.
func (m *maker) page(l leaf, chapter string) (*Page, error) {
	raw, err := fs.ReadFile(contentFiles, "content/"+l.slug+".md")
	if err != nil {
		return nil, fmt.Errorf("read content: %w", err)
	}
	source := string(raw)
	if l.slug == "reference" {
		source += m.leftOver()
	}
	p := &Page{Slug: l.slug, Path: pathOf(l.slug), Chapter: chapter}
	title, rest, _ := strings.Cut(strings.TrimPrefix(source, "# "), "\n")
	p.Title = title
	p.Summary, _, _ = strings.Cut(strings.TrimSpace(rest), "\n\n")
	p.Summary = strings.ReplaceAll(p.Summary, "\n", " ")
	w := &writer{m: m, p: p, ids: ids{}}
	p.entries = append(p.entries, entry{Title: title, Path: p.Path, Where: chapter, Text: short(p.Summary), Kind: "page"})
	last := 0
	for _, at := range directive.FindAllStringSubmatchIndex(source, -1) {
		if err := w.text(source[last:at[0]]); err != nil {
			return nil, err
		}
		argument := ""
		if at[4] >= 0 {
			argument = source[at[4]:at[5]]
		}
		if err := w.directive(source[at[2]:at[3]], argument); err != nil {
			return nil, err
		}
		last = at[1]
	}
	if err := w.text(source[last:]); err != nil {
		return nil, err
	}
	p.Body, p.Markdown = highlighted(w.html.String()), strings.TrimSpace(w.twin.String())+"\n"
	return p, nil
}

// leftOver describes the tags that no page has.
func (m *maker) leftOver() string {
	var tags []string
	for _, o := range m.all {
		if !m.placed(o.Tag) && !slices.Contains(tags, o.Tag) {
			tags = append(tags, o.Tag)
		}
	}
	out := ""
	for _, t := range tags {
		out += "\n\n## " + t + "\n\n{{ops " + t + "}}\n"
	}
	return out
}

func (m *maker) placed(tag string) bool {
	for _, c := range outline {
		for _, l := range c.pages {
			if slices.Contains(l.tags, tag) {
				return true
			}
		}
	}
	return false
}

var _ parser.IDs = ids{}
