package docs

import (
	"bytes"
	"fmt"
	"io/fs"
	"strings"
)

// writer writes one page.
type writer struct {
	m          *maker
	p          *Page
	ids        ids
	html, twin bytes.Buffer
	// under is the heading that was written last, with nothing after it yet but text.
	under string
}

func (w *writer) text(source string) error {
	if strings.TrimSpace(source) == "" {
		return nil
	}
	out, headings, err := w.m.md.render(source, w.ids)
	if err != nil {
		return err
	}
	w.html.WriteString(string(out))
	w.twin.WriteString(source)
	for _, h := range headings {
		if h.Level == 2 {
			w.p.Sections = append(w.p.Sections, Section{ID: h.ID, Title: h.Text})
			w.under = h.Text
		}
		if h.Level == 2 || h.Level == 3 {
			w.p.entries = append(w.p.entries, entry{Title: h.Text, Path: w.p.Path + "#" + h.ID, Where: w.p.Title, Text: short(after(source, h.Text)), Kind: "section"})
		}
	}
	return nil
}

// after is the text that follows a heading.
func after(source, title string) string {
	_, rest, _ := strings.Cut(source, "# "+title)
	rest, _, _ = strings.Cut(rest, "\n#")
	return rest
}

func (w *writer) block(name string, data any) error {
	if err := w.m.blocks.ExecuteTemplate(&w.html, name, data); err != nil {
		return fmt.Errorf("render block %s: %w", name, err)
	}
	return nil
}

func (w *writer) directive(name, argument string) error {
	if w.m.desc == nil && name != "sample" {
		w.twin.WriteString("\nThe reference comes from the API, which does not answer right now.\n")
		return w.block("missing", nil)
	}
	switch name {
	case "op":
		o := w.m.byID[argument]
		if o == nil {
			return fmt.Errorf("there is no operation %s", argument)
		}
		return w.operation(o, false)
	case "ops":
		for _, o := range w.m.all {
			if o.Tag == argument && !w.m.named[o.ID] {
				if err := w.operation(o, true); err != nil {
					return err
				}
			}
		}
		return nil
	case "errors":
		w.errors()
		return w.block("errors", w.m.errors)
	case "events":
		return w.events(argument)
	case "index":
		return w.index()
	default:
		return w.sample(argument)
	}
}

func (w *writer) operation(o *Operation, listed bool) error {
	if w.m.shown[o.ID] {
		return fmt.Errorf("operation %s is shown twice", o.ID)
	}
	w.m.shown[o.ID] = true
	o.Page = w.p.Path
	w.ids[o.ID] = true
	w.p.Operations = append(w.p.Operations, o)
	if listed {
		w.p.Sections = append(w.p.Sections, Section{ID: o.ID, Title: o.Summary, Method: o.Method})
	}
	w.p.entries = append(w.p.entries, entry{Title: o.Summary, Path: w.p.Path + "#" + o.ID, Where: o.Method + " " + o.Path, Text: short(o.Description), Kind: "operation"})
	w.twin.WriteString(o.markdown())
	return w.block("op", o)
}

func (w *writer) errors() {
	for _, e := range w.m.errors {
		w.p.entries = append(w.p.entries, entry{Title: e.Code, Path: w.p.Path + "#" + e.Code, Where: "Error " + e.HTTP, Text: short(e.Meaning), Kind: "error"})
		fmt.Fprintf(&w.twin, "\n### %s `%s`\n\n%s\n", e.HTTP, e.Code, strings.TrimSpace(e.Meaning+".\n\n"+e.Fix))
	}
}

// events shows those of a family.
func (w *writer) events(family string) error {
	var shown []Event
	for _, e := range w.m.events {
		if e.Family() != family {
			continue
		}
		shown = append(shown, e)
		w.p.entries = append(w.p.entries, entry{Title: e.Name, Path: w.p.Path + "#" + e.Name, Where: "Event", Text: short(e.Description), Kind: "event"})
		fmt.Fprintf(&w.twin, "\n### `%s`\n\n%s\n\n```json\n%s\n```\n", e.Name, e.Description, e.Example)
	}
	return w.block("events", shown)
}

// indexed is a page in the list of all operations.
type indexed struct {
	Title, Path string
	Operations  []*Operation
}

func (w *writer) index() error {
	var out []indexed
	for _, c := range outline {
		for _, l := range c.pages {
			one := indexed{Path: pathOf(l.slug), Title: titleOf(l.slug)}
			for _, o := range w.m.all {
				if o.Page == one.Path {
					one.Operations = append(one.Operations, o)
				}
			}
			if len(one.Operations) == 0 {
				continue
			}
			out = append(out, one)
			fmt.Fprintf(&w.twin, "\n### %s\n\n", one.Title)
			for _, o := range one.Operations {
				fmt.Fprintf(&w.twin, "- `%s %s`: [%s](%s.md)\n", o.Method, o.Path, o.Summary, one.Path)
			}
		}
	}
	return w.block("index", out)
}

// titleOf is the title of a page that may not be rendered yet.
func titleOf(slug string) string {
	raw, err := fs.ReadFile(contentFiles, "content/"+slug+".md")
	if err != nil {
		return slug
	}
	title, _, _ := strings.Cut(strings.TrimPrefix(string(raw), "# "), "\n")
	return title
}

func (w *writer) sample(name string) error {
	list := writtenSamples(name)
	if len(list) == 0 {
		return fmt.Errorf("there is no example %s", name)
	}
	for _, s := range list {
		fmt.Fprintf(&w.twin, "\n%s:\n\n```%s\n%s\n```\n", s.Label, fence(s.Lang), s.Text)
	}
	return w.block("tabs", map[string]any{"ID": w.p.Slug + "-" + name, "Title": strings.ReplaceAll(name, "-", " "), "Samples": list})
}

// fence is what Markdown calls a language.
func fence(lang string) string {
	return strings.NewReplacer("curl", "sh", "node", "js").Replace(lang)
}
