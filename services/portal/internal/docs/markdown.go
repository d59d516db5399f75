package docs

import (
	"bytes"
	"fmt"
	"html"
	"html/template"
	"regexp"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// markdown renders our own texts and the descriptions of the API. Raw HTML in them is left out.
type markdown struct {
	engine goldmark.Markdown
	icon   func(string) (template.HTML, error)
}

func newMarkdown(icon func(string) (template.HTML, error)) *markdown {
	m := &markdown{icon: icon}
	m.engine = goldmark.New(
		goldmark.WithExtensions(extension.Table, extension.Strikethrough),
		goldmark.WithParserOptions(parser.WithAutoHeadingID(), parser.WithAttribute()),
		goldmark.WithRendererOptions(renderer.WithNodeRenderers(util.Prioritized(&nodes{m}, 100))),
	)
	return m
}

func newBuffer() *bytes.Buffer { return new(bytes.Buffer) }

// heading of a page.
type heading struct {
	Level    int
	ID, Text string
}

// render renders a piece of a page. ids are those that the page has already; the piece's are added.
func (m *markdown) render(source string, ids parser.IDs) (template.HTML, []heading, error) {
	src := []byte(source)
	doc := m.engine.Parser().Parse(text.NewReader(src), parser.WithContext(parser.NewContext(parser.WithIDs(ids))))
	var out bytes.Buffer
	if err := m.engine.Renderer().Render(&out, src, doc); err != nil {
		return "", nil, fmt.Errorf("render Markdown: %w", err)
	}
	var headings []heading
	err := ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if h, ok := n.(*ast.Heading); ok && entering {
			headings = append(headings, heading{h.Level, idOf(h), plainText(h, src)})
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		return "", nil, fmt.Errorf("read headings: %w", err)
	}
	return highlighted(out.String()), headings, nil
}

// inline renders a description of a field or an operation. Its headings get no ids.
func (m *markdown) inline(source string) (template.HTML, error) {
	out, _, err := m.render(source, nameless{})
	return out, err
}

func idOf(h *ast.Heading) string {
	if v, ok := h.AttributeString("id"); ok {
		if raw, ok := v.([]byte); ok {
			return string(raw)
		}
	}
	return ""
}

// plainText is what a node says without its marks.
func plainText(n ast.Node, src []byte) string {
	var b strings.Builder
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if t, ok := c.(*ast.Text); ok {
			b.Write(t.Segment.Value(src))
			continue
		}
		b.WriteString(plainText(c, src))
	}
	return b.String()
}

// ids are those of a page's headings: words parted by dashes, each once.
type ids map[string]bool

// Generate implements parser.IDs.
func (i ids) Generate(value []byte, _ ast.NodeKind) []byte {
	slug := strings.Trim(notWord.ReplaceAllString(strings.ToLower(string(value)), "-"), "-")
	for n, base := 2, slug; i[slug] || slug == ""; n++ {
		slug = fmt.Sprintf("%s-%d", base, n)
	}
	i[slug] = true
	return []byte(slug)
}

// Put implements parser.IDs.
func (i ids) Put(value []byte) { i[string(value)] = true }

var notWord = regexp.MustCompile(`[^a-z0-9]+`)

type nameless struct{}

// Generate implements parser.IDs.
func (nameless) Generate([]byte, ast.NodeKind) []byte { return nil }

// Put implements parser.IDs.
func (nameless) Put([]byte) {}

// nodes renders what looks different here: headings with a link to themselves, code with colours and a button to copy it, tables that
// scroll, and quotations as notes.
type nodes struct{ m *markdown }

// RegisterFuncs implements renderer.NodeRenderer.
func (n *nodes) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(ast.KindHeading, n.heading)
	r.Register(ast.KindFencedCodeBlock, n.code)
	r.Register(ast.KindBlockquote, n.note)
}

func (n *nodes) heading(w util.BufWriter, src []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	h := node.(*ast.Heading)
	id := html.EscapeString(idOf(h))
	if entering {
		if id == "" {
			fmt.Fprintf(w, "<h%d>", h.Level)
		} else {
			fmt.Fprintf(w, `<h%d id="%s">`, h.Level, id)
		}
		return ast.WalkContinue, nil
	}
	if id != "" && h.Level > 1 {
		fmt.Fprintf(w, ` <a class="anchor" href="#%s" aria-label="Link to %s">#</a>`, id, html.EscapeString(plainText(h, src)))
	}
	fmt.Fprintf(w, "</h%d>\n", h.Level)
	return ast.WalkContinue, nil
}

func (n *nodes) code(w util.BufWriter, src []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	block := node.(*ast.FencedCodeBlock)
	var b strings.Builder
	for i := range block.Lines().Len() {
		line := block.Lines().At(i)
		b.Write(line.Value(src))
	}
	block2, err := n.m.codeBlock(string(block.Language(src)), strings.TrimRight(b.String(), "\n"))
	if err != nil {
		return ast.WalkStop, err
	}
	_, err = w.WriteString(block2)
	return ast.WalkSkipChildren, err //nolint:wrapcheck // the renderer's own
}

// codeBlock is code with a button that copies it.
func (m *markdown) codeBlock(lang, code string) (string, error) {
	icon, err := m.icon("copy")
	if err != nil {
		return "", err
	}
	return `<div class="code"><pre tabindex="0"><code>` + string(highlight(lang, code)) + `</code></pre><button type="button" class="icon-button needs-js" data-copy="` +
		html.EscapeString(code) + `" aria-label="Copy">` + string(icon) + "</button></div>\n", nil
}

// tonesOfNotes are the kinds of notes, written as on GitHub: > [!WARNING].
var tonesOfNotes = map[string]struct{ tone, icon string }{
	"NOTE": {"info", "info"}, "TIP": {"good", "circle-check"}, "WARNING": {"warn", "triangle-alert"}, "CAUTION": {"bad", "ban"},
}

var noteKind = regexp.MustCompile(`^\[!([A-Z]+)\]`)

func (n *nodes) note(w util.BufWriter, src []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		_, err := w.WriteString("</div></div>\n")
		return ast.WalkContinue, err //nolint:wrapcheck // the renderer's own
	}
	look := tonesOfNotes["NOTE"]
	if p := node.FirstChild(); p != nil && p.Lines().Len() > 0 {
		first := p.Lines().At(0)
		if m := noteKind.FindSubmatch(first.Value(src)); m != nil {
			if known, ok := tonesOfNotes[string(m[1])]; ok {
				look = known
			}
			dropFirstLine(p, len(m[0]), src)
		}
	}
	icon, err := n.m.icon(look.icon)
	if err != nil {
		return ast.WalkStop, err
	}
	fmt.Fprintf(w, `<div class="alert %s" role="note">%s<div>`, look.tone, icon)
	return ast.WalkContinue, nil
}

// dropFirstLine takes the mark off a note: the texts that are made of its first bytes.
func dropFirstLine(p ast.Node, length int, src []byte) {
	for left := length; left > 0; {
		t, ok := p.FirstChild().(*ast.Text)
		if !ok {
			return
		}
		size := len(t.Segment.Value(src))
		if size > left {
			t.Segment = t.Segment.WithStart(t.Segment.Start + left)
			return
		}
		left -= size
		p.RemoveChild(p, t)
	}
}
