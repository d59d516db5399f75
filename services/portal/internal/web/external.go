package web

import "net/url"

// External is the address of a page elsewhere, such as a bank's; empty when it cannot be one.
func External(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	return u.String()
}
