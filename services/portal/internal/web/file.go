package web

import (
	"mime"
	"net/http"
	"strings"

	eupay "european-pay.eu/eupay/sdk/go"
)

// Picture answers with a picture of the API. Anything else than a picture is not shown: the browser would run what it holds.
func (r *Request) Picture(f *eupay.File) error {
	if !strings.HasPrefix(f.ContentType, "image/") {
		return NotFound
	}
	return r.file(f, "private, max-age=60", "")
}

// Download answers with a file that the browser saves under that name.
func (r *Request) Download(f *eupay.File, name string) error {
	return r.file(f, "no-store", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
}

func (r *Request) file(f *eupay.File, cache, disposition string) error {
	r.secure()
	h := r.W.Header()
	h.Set("Content-Type", f.ContentType)
	h.Set("Cache-Control", cache)
	// A picture may be an SVG, which is a document of its own: nothing in it may run.
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox")
	if disposition != "" {
		h.Set("Content-Disposition", disposition)
	}
	r.plain = true
	return r.Send(http.StatusOK, f.Data)
}
