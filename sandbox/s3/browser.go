package s3

import (
	"net/http"
	"slices"
)

// allowBrowsers lets pages of every origin read the answer, because images are uploaded from the portal's origin. Requests are
// protected by their signature, not their origin: they have no cookies.
func allowBrowsers(h http.Header) {
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Expose-Headers", "ETag")
}

// preflight answers a CORS preflight request (WHATWG Fetch, section 3.3).
func preflight(w http.ResponseWriter, r *http.Request) error {
	method := r.Header.Get("Access-Control-Request-Method")
	if r.Header.Get("Origin") == "" || !slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete}, method) {
		return errOrigin
	}
	w.Header().Set("Access-Control-Allow-Methods", method)
	if headers := r.Header.Get("Access-Control-Request-Headers"); headers != "" {
		w.Header().Set("Access-Control-Allow-Headers", headers)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
