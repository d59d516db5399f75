package web

import (
	"mime"
	"net/http"
	"strconv"
	"strings"

	eupay "european-pay.eu/eupay/sdk/go"
)

// SendPicture answers with a picture of the API. Anything else than a picture is not shown: the browser would run what it holds.
func (r *Request) SendPicture(f *eupay.File) error {
	if !strings.HasPrefix(f.ContentType, "image/") {
		return NotFound
	}
	return r.file(f, "private, max-age=60", "")
}

// Download answers with a file that the browser saves under that name.
func (r *Request) Download(f *eupay.File, name string) error {
	return r.file(f, "no-store", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
}

// Paper answers with a page that the API made to be printed. It can run and load nothing.
func (r *Request) Paper(f *eupay.File) error {
	page := eupay.File{ContentType: "text/html; charset=utf-8", Data: f.Data}
	return r.file(&page, "no-store", "")
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

// filePolicy is that of a document which the browser shows by itself: it can run and load nothing. The viewers of browsers are plugins to
// the policy, so those are not forbidden.
const filePolicy = "script-src 'none'; connect-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"

// PDF answers with a PDF that the API made, to be shown or, with download, to be kept. Whatever the file says it is, it is sent as a PDF.
func (r *Request) PDF(f *eupay.File, name string, download bool) error {
	r.secure()
	h := r.W.Header()
	disposition := "inline"
	if download {
		disposition = "attachment"
	}
	h.Set("Content-Security-Policy", filePolicy)
	h.Set("Content-Type", "application/pdf")
	h.Set("Content-Disposition", mime.FormatMediaType(disposition, map[string]string{"filename": name}))
	h.Set("Content-Length", strconv.Itoa(len(f.Data)))
	r.W.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return nil
	}
	_, _ = r.W.Write(f.Data) // an error means that the browser has gone
	return nil
}
