package paying

import (
	"net/url"
	"strings"
	"unicode/utf8"

	"european-pay.eu/eupay/internal/refuse"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// MaxReference is the longest reference of a merchant, in characters.
const MaxReference = 64

// Limits of what a merchant says about a payment. That of the description is the API reference's.
const (
	maxDescription = 500
	maxURL         = 2048
)

// CheckDescription refuses a description that is empty, too long or more than a line.
func CheckDescription(bad *refuse.Problems, d string) {
	switch {
	case strings.TrimSpace(d) == "":
		bad.Add("description", "is required")
	case utf8.RuneCountInString(d) > maxDescription:
		bad.Add("description", "must have at most %d characters", maxDescription)
	case strings.ContainsFunc(d, web.Unprintable):
		bad.Add("description", "must not contain control characters or line breaks")
	}
}

// CheckReference refuses a merchant's reference that is empty, too long or has space at its ends.
func CheckReference(bad *refuse.Problems, s string) {
	switch n := utf8.RuneCountInString(s); {
	case n < 1 || n > MaxReference || strings.TrimSpace(s) != s:
		bad.Add("reference", "must have 1 to %d characters and no space at its ends", MaxReference)
	case strings.ContainsFunc(s, web.Unprintable):
		bad.Add("reference", "must not contain control characters or line breaks")
	}
}

// CheckURL refuses everything that browsers might interpret differently, because the payer's browser will be redirected there.
func CheckURL(bad *refuse.Problems, field, link string, live bool) {
	if link == "" {
		return
	}
	if len(link) > maxURL {
		bad.Add(field, "must have at most %d characters", maxURL)
		return
	}
	u, err := url.Parse(link)
	ascii := !strings.ContainsFunc(link, func(r rune) bool { return r <= ' ' || r > '~' || r == '\\' })
	switch {
	case err != nil || !ascii || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" || u.Opaque != "":
		bad.Add(field, "must be an absolute http or https URL")
	case u.User != nil:
		bad.Add(field, "must not contain a user name or password")
	case live && u.Scheme != "https":
		bad.Add(field, "must use https in live mode")
	}
}
