package web

import (
	"net/url"
	"slices"
	"strings"
)

// policy is the Content-Security-Policy of one answer: the page's own files and nothing else, no inline script or style, no frame around
// it.
type policy struct{ images, forms, connect []string }

func newPolicy(s *Site) policy { return policy{images: slices.Clone(s.Images)} }

// AllowForms lets the page's forms end at another origin, such as a bank's: browsers hold the redirect that answers a form against the
// policy too.
func (r *Request) AllowForms(origins ...string) { r.policy.forms = append(r.policy.forms, origins...) }

// AllowConnect lets the page's scripts talk to another origin, such as the API's.
func (r *Request) AllowConnect(origins ...string) {
	r.policy.connect = append(r.policy.connect, origins...)
}

// AllowImages lets the page show pictures of another origin, such as the API's.
func (r *Request) AllowImages(origins ...string) {
	r.policy.images = append(r.policy.images, origins...)
}

// Picture is the address of a picture if a page may show it, or empty: what merchants give may lead anywhere, and pages ask no stranger.
func (r *Request) Picture(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	origin := u.Scheme + "://" + u.Host
	if origin == r.Site.PublicURL || slices.Contains(r.policy.images, origin) {
		return address
	}
	return ""
}

func (p policy) String() string {
	with := func(name, base string, more []string) string {
		return strings.Join(append([]string{name, base}, more...), " ")
	}
	return strings.Join([]string{
		"default-src 'self'", "script-src 'self'", "style-src 'self'", "font-src 'self'", with("img-src", "'self' data: blob:", p.images),
		with("connect-src", "'self'", p.connect), with("form-action", "'self'", p.forms),
		"media-src 'self' blob:", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'",
	}, "; ")
}

// secure sets the headers that every answer has.
func (r *Request) secure() {
	h := r.W.Header()
	h.Set("Content-Security-Policy", r.policy.String())
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(self), microphone=(), geolocation=(), payment=()")
	if r.Site.secure() {
		h.Set("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
	}
	if r.Session != nil {
		h.Set("Cache-Control", "no-store")
	}
}
