package web

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"strings"
	"sync"
	"time"

	"european-pay.eu/eupay/services/portal/internal/text"
)

//go:embed *.html layout/*.html
var templates embed.FS

// pages are the templates by language and name. Each is read when it is first shown: all of them, each with its own copy of the layout,
// are 40 MB.
type pages struct {
	layout map[string]*template.Template
	pages  map[string]map[string]func() (*template.Template, error)
	faults []error
}

func newPages(s *Site) *pages {
	p := &pages{layout: make(map[string]*template.Template), pages: make(map[string]map[string]func() (*template.Template, error))}
	for code, language := range s.texts {
		t, err := template.New("").Funcs(s.funcs(language)).ParseFS(templates, "layout/*.html")
		if err != nil {
			p.faults = append(p.faults, err)
			continue
		}
		p.layout[code], p.pages[code] = t, make(map[string]func() (*template.Template, error))
	}
	return p
}

func (p *pages) add(room string, files fs.FS) error {
	names, err := fs.Glob(files, "*.html")
	if err != nil {
		return fmt.Errorf("list templates of %s: %w", room, err)
	}
	for code, layout := range p.layout {
		for _, file := range names {
			name := room + "/" + strings.TrimSuffix(path.Base(file), ".html")
			p.pages[code][name] = sync.OnceValues(func() (*template.Template, error) {
				t, err := layout.Clone()
				if err == nil {
					t, err = t.ParseFS(files, file)
				}
				if err != nil {
					return nil, fmt.Errorf("read template %s: %w", name, err)
				}
				return t, nil
			})
		}
	}
	return nil
}

// get returns a page's template.
func (p *pages) get(language, name string) (*template.Template, error) {
	read, ok := p.pages[language][name]
	if !ok {
		return nil, fmt.Errorf("no template %s", name)
	}
	return read()
}

func (p *pages) check() error { return errors.Join(p.faults...) }

// ReadTemplates reads every template, for tests: a site that serves reads each when it is first shown.
func (s *Site) ReadTemplates() error {
	var faults []error
	for language, names := range s.pages.pages {
		for name := range names {
			_, err := s.pages.get(language, name)
			faults = append(faults, err)
		}
	}
	return errors.Join(faults...)
}

// funcs are what templates can call, in one language.
func (s *Site) funcs(l *text.Language) template.FuncMap {
	return template.FuncMap{
		"t": l.T, "n": l.N, "or_phrase": l.Or, "amount": l.Amount, "number": l.Number, "percent": l.Percent, "rate": l.Rate,
		"date": l.Date, "datetime": l.DateTime, "clock": l.Clock, "hour": l.Hour, "span": l.Span, "lasted": func(ms json.Number) string { return l.Span(milliseconds(ms)) },
		"icon": s.Assets.Icon, "asset": s.Assets.URL, "dict": dict, "list": func(items ...any) []any { return items },
		"tone": tone, "decimal": l.Decimal, "join": strings.Join, "initial": initial, "once": NewKey,
	}
}

// milliseconds is a duration of the API, which has fractions of them; what is no number is none.
func milliseconds(n json.Number) time.Duration {
	ms, err := n.Float64()
	if err != nil {
		return 0
	}
	return time.Duration(ms * float64(time.Millisecond))
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
