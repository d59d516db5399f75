package web

import (
	"mime"
	"net/http"
	"strconv"

	eupay "european-pay.eu/eupay/sdk/go"
)

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
