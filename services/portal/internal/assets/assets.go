// Package assets serves the files that the pages are made of: styles, scripts, the font and the icons. A file's name holds its hash, so a
// browser keeps it for ever and never shows an old one.
package assets

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"regexp"
	"strings"
	"sync"

	"github.com/andybalholm/brotli"
)

// Prefix is where the files are served.
const Prefix = "/assets/"

// keep is how long a browser keeps a file: its name changes with its content.
const keep = "public, max-age=31536000, immutable"

//go:embed static icons
var files embed.FS

// Assets are the files by the names under which they are served.
type Assets struct {
	served map[string]*file // by hashed name
	names  map[string]string
	icons  map[string]template.HTML
}

type file struct {
	kind          string
	plain         []byte
	brotli, gzip  func() []byte
	compressesNot bool
}

// Load reads the files. Styles may name other files with asset(name).
func Load() (*Assets, error) {
	a := &Assets{served: make(map[string]*file), names: make(map[string]string), icons: make(map[string]template.HTML)}
	var styles []string
	err := fs.WalkDir(files, "static", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if path.Ext(name) == ".css" {
			styles = append(styles, name) // they name the others
			return nil
		}
		return a.add(name, nil)
	})
	if err != nil {
		return nil, fmt.Errorf("read the assets: %w", err)
	}
	for _, name := range styles {
		if err := a.add(name, a.link); err != nil {
			return nil, fmt.Errorf("read the assets: %w", err)
		}
	}
	return a, a.loadIcons()
}

func (a *Assets) add(name string, change func([]byte) ([]byte, error)) error {
	raw, err := files.ReadFile(name)
	if err == nil && change != nil {
		raw, err = change(raw)
	}
	if err != nil {
		return err
	}
	short, ext := strings.TrimPrefix(name, "static/"), path.Ext(name)
	sum := sha256.Sum256(raw)
	hashed := strings.TrimSuffix(short, ext) + "." + hex.EncodeToString(sum[:6]) + ext
	a.names[short] = Prefix + hashed
	a.served[hashed] = newFile(raw, ext)
	return nil
}

var reference = regexp.MustCompile(`asset\(([a-z0-9.-]+)\)`)

// link replaces the names in a style sheet.
func (a *Assets) link(css []byte) ([]byte, error) {
	var missing error
	out := reference.ReplaceAllFunc(css, func(m []byte) []byte {
		name := string(reference.FindSubmatch(m)[1])
		url, ok := a.names[name]
		if !ok {
			missing = fmt.Errorf("no asset %s", name)
		}
		return []byte(`url("` + url + `")`)
	})
	return out, missing
}

func newFile(raw []byte, ext string) *file {
	f := &file{kind: mime.TypeByExtension(ext), plain: raw}
	switch ext {
	case ".woff2":
		f.kind, f.compressesNot = "font/woff2", true
	case ".webmanifest":
		f.kind = "application/manifest+json"
	case ".png":
		f.compressesNot = true
	}
	// Compressed once, when first asked for.
	f.brotli = sync.OnceValue(func() []byte {
		var b bytes.Buffer
		w := brotli.NewWriterLevel(&b, brotli.BestCompression)
		return compressed(&b, w, raw)
	})
	f.gzip = sync.OnceValue(func() []byte {
		var b bytes.Buffer
		w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
		if err != nil {
			return raw // cannot happen: the level is one of gzip's own
		}
		return compressed(&b, w, raw)
	})
	return f
}

// compressed writes raw through w into b. A buffer takes all that is written.
func compressed(b *bytes.Buffer, w interface {
	Write(p []byte) (int, error)
	Close() error
}, raw []byte,
) []byte {
	if _, err := w.Write(raw); err != nil || w.Close() != nil {
		return nil
	}
	return b.Bytes()
}

func (a *Assets) loadIcons() error {
	entries, err := files.ReadDir("icons")
	if err != nil {
		return fmt.Errorf("read the icons: %w", err)
	}
	for _, e := range entries {
		raw, err := files.ReadFile("icons/" + e.Name())
		if err != nil {
			return fmt.Errorf("read the icons: %w", err)
		}
		a.icons[strings.TrimSuffix(e.Name(), ".svg")] = icon(string(raw))
	}
	return nil
}

var drawing = regexp.MustCompile(`(?s)<svg[^>]*>(.*)</svg>`)

// icon is the drawing for a page: it takes its size and colour from the text around it, and says nothing to those who listen.
func icon(svg string) template.HTML {
	inner := strings.Join(strings.Fields(drawing.FindStringSubmatch(svg)[1]), " ")
	return template.HTML(`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">` + inner + `</svg>`) //nolint:gosec // our own file
}

// URL is where the file of that name is served. A name that does not exist is a fault of a template, which does not get through its tests.
func (a *Assets) URL(name string) (string, error) {
	url, ok := a.names[name]
	if !ok {
		return "", fmt.Errorf("no asset %s", name)
	}
	return url, nil
}

// Icon is the icon of that name.
func (a *Assets) Icon(name string) (template.HTML, error) {
	icon, ok := a.icons[name]
	if !ok {
		return "", fmt.Errorf("no icon %s", name)
	}
	return icon, nil
}

// Icons are the names of all icons.
func (a *Assets) Icons() []string {
	names := make([]string, 0, len(a.icons))
	for name := range a.icons {
		names = append(names, name)
	}
	return names
}

// ServeHTTP serves a file, in the smallest form that the browser takes.
func (a *Assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f, ok := a.served[strings.TrimPrefix(r.URL.Path, Prefix)]
	if !ok {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("Cache-Control", keep)
	h.Set("X-Content-Type-Options", "nosniff")
	body := f.plain
	if !f.compressesNot {
		h.Set("Vary", "Accept-Encoding")
		switch accept := r.Header.Get("Accept-Encoding"); {
		case strings.Contains(accept, "br"):
			h.Set("Content-Encoding", "br")
			body = f.brotli()
		case strings.Contains(accept, "gzip"):
			h.Set("Content-Encoding", "gzip")
			body = f.gzip()
		}
	}
	if _, err := w.Write(body); err != nil {
		return // the browser has gone
	}
}
