package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/andybalholm/brotli"
)

// Kept are answers that are the same for everybody with the same language, theme and state of being logged in: each is rendered and
// compressed once.
type Kept struct {
	mu      sync.Mutex
	answers map[string]*keptAnswer
}

type keptAnswer struct {
	tag                 string
	plain, brotli, gzip []byte
}

// NewKept keeps nothing yet.
func NewKept() *Kept { return &Kept{answers: make(map[string]*keptAnswer)} }

// RenderKept is Render with 200 for a page that shows nothing of the reader's own but what Kept names. id tells the pages of one template
// apart.
func (r *Request) RenderKept(k *Kept, id, name string, data any) error {
	v := r.view(data)
	if v.Notice != "" {
		return r.Render(http.StatusOK, name, data)
	}
	key := strings.Join([]string{name, id, r.Text.Code, r.Theme, fmt.Sprint(r.Session != nil)}, "|")
	a, err := k.get(key, func() ([]byte, error) {
		page, err := r.Site.pages.get(r.Text.Code, name)
		if err != nil {
			return nil, err
		}
		var b bytes.Buffer
		if err := page.ExecuteTemplate(&b, "layout", v); err != nil {
			return nil, fmt.Errorf("render %s: %w", name, err)
		}
		return b.Bytes(), nil
	})
	if err != nil {
		return err
	}
	r.secure()
	r.W.Header().Set("Content-Type", "text/html; charset=utf-8")
	r.W.Header().Add("Vary", "Accept-Language, Cookie")
	r.sendKept(a)
	return nil
}

// SendKept sends a body that is the same for everybody. Its Content-Type is set before.
func (r *Request) SendKept(k *Kept, id string, body []byte) error {
	a, err := k.get(id, func() ([]byte, error) { return body, nil })
	if err != nil {
		return err
	}
	r.sendKept(a)
	return nil
}

func (k *Kept) get(key string, make func() ([]byte, error)) (*keptAnswer, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if a, ok := k.answers[key]; ok {
		return a, nil
	}
	body, err := make()
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(body)
	a := &keptAnswer{tag: `"` + hex.EncodeToString(sum[:9]) + `"`, plain: body}
	if len(body) >= worthCompressing {
		a.brotli, a.gzip = squeeze(body)
	}
	k.answers[key] = a
	return a, nil
}

// level of brotli for what is kept: the best one takes seconds for a large page.
const level = 6

func squeeze(body []byte) (br, gz []byte) {
	var b, g bytes.Buffer
	bw, gw := brotli.NewWriterLevel(&b, level), gzip.NewWriter(&g)
	// A buffer takes all that is written.
	_, _ = bw.Write(body)
	_ = bw.Close()
	_, _ = gw.Write(body)
	_ = gw.Close()
	return b.Bytes(), g.Bytes()
}

// sendKept answers, or says that the browser has it already.
func (r *Request) sendKept(a *keptAnswer) {
	h := r.W.Header()
	h.Add("Vary", "Accept-Encoding")
	h.Set("Etag", a.tag)
	h.Set("Cache-Control", "private, no-cache") // kept, and asked about each time
	if r.Header.Get("If-None-Match") == a.tag {
		r.W.WriteHeader(http.StatusNotModified)
		return
	}
	body, accept := a.plain, r.Header.Get("Accept-Encoding")
	switch {
	case a.brotli == nil:
	case strings.Contains(accept, "br"):
		h.Set("Content-Encoding", "br")
		body = a.brotli
	case strings.Contains(accept, "gzip"):
		h.Set("Content-Encoding", "gzip")
		body = a.gzip
	}
	if r.Method != http.MethodHead {
		_, _ = r.W.Write(body) // an error means that the browser has gone
	}
}
