package e2e

import (
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestPortalShowsNothingOfAnotherMerchant opens every page of a thing, and sends every form about one, as the owner of another merchant.
func TestPortalShowsNothingOfAnotherMerchant(t *testing.T) {
	t.Parallel()
	theirs, mine := newShop(t), shared.mayInvoice(t)
	cookies := logsIn(t, "/portal/login", mine.Email, password)
	var pages []string
	tried := 0
	for _, route := range routesWithThings(t) {
		method, pattern, _ := strings.Cut(route, " ")
		for _, path := range theirs.filledIn(pattern) {
			tried++
			if method == http.MethodGet {
				pages = append(pages, path)
			}
			switch got := theirs.send(t, method, path, cookies); {
			case got == http.StatusNotFound:
			case method == http.MethodPost && got == http.StatusUnprocessableEntity: // refused for what it lacks, whosever thing it is about
			case route == removesBrowser && got == http.StatusSeeOther: // what is not there is as good as removed
			default:
				t.Errorf("%s %s of another merchant: %d", method, path, got)
			}
		}
	}
	for _, path := range pages {
		// A code that has ended is there, too: a conflict says so to its owner alone.
		if got := theirs.send(t, http.MethodGet, path, theirs.cookies["owner"]); got != http.StatusOK && got != http.StatusConflict {
			t.Errorf("%s: %d for its owner, after what another merchant tried", path, got)
		}
	}
	if tried < 35 {
		t.Errorf("only %d addresses were tried", tried)
	}
}

// removesBrowser is the form that ends the notifications in a browser.
const removesBrowser = "POST /portal/notifications/{id}/remove"

// routesWithThings are the portal's routes for merchants whose address names a thing.
func routesWithThings(t *testing.T) (routes []string) {
	t.Helper()
	table, err := os.ReadFile("../../services/portal/access.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(table)) {
		f := strings.Fields(line)
		if len(f) > 3 && strings.HasPrefix(f[1], "/portal/") && strings.Contains(f[1], "{") && !strings.HasPrefix(f[1], "/portal/admin/") && f[3] == "yes" {
			routes = append(routes, f[0]+" "+f[1])
		}
	}
	slices.Sort(routes)
	return routes
}

// filledIn are the addresses of a route about things of the shop: of the longest route that it begins with and that has some.
func (s *shop) filledIn(pattern string) (paths []string) {
	best := ""
	for route, filled := range s.paths {
		if strings.HasPrefix(pattern+"/", route+"/") && len(route) > len(best) && len(filled) > 0 {
			best = route
		}
	}
	for _, path := range s.paths[best] {
		if best != "" {
			paths = append(paths, path+strings.TrimPrefix(pattern, best))
		}
	}
	return paths
}

// send sends a request as a page does, with an empty form if it is a POST.
func (s *shop) send(t *testing.T, method, path string, cookies []*http.Cookie) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, pageURL(path), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, c := range cookies {
		req.AddCookie(c)
	}
	resp, err := shared.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}
