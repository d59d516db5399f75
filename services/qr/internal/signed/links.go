package signed

import (
	"errors"
	"net/url"
	"strings"
)

const (
	// path follows the site; in the deep link it is the host.
	path = "/pay"
	// query needs no escaping: base64url has only unreserved characters.
	query = "?data="
	// deepLink opens the app directly, without a universal link.
	deepLink = "eupay://pay" + query
	// maxScanned limits the scanned text: the data, and room for the site around it.
	maxScanned = maxData + 1<<10
)

// Links builds and parses the links in codes.
type Links struct {
	base  string
	sites map[string]bool
}

// NewLinks returns links to the site base. Links to an old site are still accepted. Each site is an http(s) URL without a query;
// its www and bare host are equivalent.
func NewLinks(base string, old ...string) (*Links, error) {
	l := &Links{base: strings.TrimSuffix(base, "/"), sites: map[string]bool{}}
	for _, text := range append([]string{base}, old...) {
		u, err := url.Parse(text)
		if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
			return nil, errors.New("a site must be an http(s) URL without a query")
		}
		u.Path = strings.TrimSuffix(u.Path, "/") + path
		l.sites[siteOf(u)] = true
	}
	return l, nil
}

// HTTPS returns the universal link: it opens the app, or a browser without the app.
func (l *Links) HTTPS(data string) string { return l.base + path + query + data }

// Deep returns the link that only the app opens.
func (l *Links) Deep(data string) string { return deepLink + data }

// Data returns the data in a scanned text: a link to one of the sites, a deep link, or the data alone. It returns ErrForeign for
// anything else.
func (l *Links) Data(scanned string) (string, error) {
	scanned = strings.TrimSpace(scanned)
	if scanned == "" || len(scanned) > maxScanned {
		return "", ErrForeign
	}
	if !strings.ContainsAny(scanned, ":/?") {
		return scanned, nil
	}
	u, err := url.Parse(scanned)
	if err != nil || u.User != nil || !l.sites[siteOf(u)] && !isDeep(u) {
		return "", ErrForeign
	}
	values, err := url.ParseQuery(u.RawQuery)
	if err != nil || len(values["data"]) != 1 {
		return "", ErrForeign
	}
	return values["data"][0], nil
}

// siteOf returns the common part of links to one site.
func siteOf(u *url.URL) string {
	host := strings.TrimPrefix(strings.ToLower(u.Host), "www.")
	return u.Scheme + "://" + host + strings.TrimSuffix(u.Path, "/")
}

func isDeep(u *url.URL) bool {
	return u.Scheme == "eupay" && u.Host == "pay" && strings.Trim(u.Path, "/") == ""
}
