package e2e

import (
	_ "embed"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// axe finds what makes pages hard to use for people with disabilities. It is a file of the npm package axe-core, version 4.14.1.
//
//go:embed testdata/axe/axe.min.js
var axe string

// misfits returns what is wider than the window, and text that stands one letter above the other, in sentences.
const misfits = `(() => {
	const width = document.documentElement.clientWidth, all = [...document.querySelectorAll("body *")];
	const named = (list) => list.slice(0, 4).map((e) => e.tagName + "." + e.className).join(", ");
	const says = (e) => [...e.childNodes].some((n) => n.nodeType === Node.TEXT_NODE && n.data.trim().length > 5);
	const wide = all.filter((e) => e.getBoundingClientRect().right > width + 1);
	const squeezed = all.filter((e) => { const r = e.getBoundingClientRect(); return r.width > 2 && r.width < 24 && r.height > 60 && says(e); });
	const faults = [];
	if (document.documentElement.scrollWidth > width) faults.push("wider than the window: " + named(wide));
	if (squeezed.length) faults.push("squeezed: " + named(squeezed));
	return faults;
})()`

// shorten leaves two of the reference's operations and events: they are made by one template, and there are so many of them that axe
// would take most of the time.
const shorten = `(document.querySelectorAll(".op ~ .op ~ .op, .event ~ .event ~ .event").forEach((e) => e.remove()), true)`

// audit runs axe over the page and returns what it finds, in sentences.
const audit = `(async () => {
	const limit = new Promise((_, no) => setTimeout(() => no(new Error("axe does not end")), 30000));
	const rules = {"landmark-unique": {enabled: location.pathname !== "/portal/_components"}}; // which shows everything twice
	// With the theme of the narrow window come colours and nothing else that axe has not seen in the wide one.
	const which = window.onlyColours ? {runOnly: ["color-contrast"]} : {rules};
	const found = await Promise.race([axe.run(document, {preload: false, resultTypes: ["violations"], ...which}), limit]);
	const reason = (n) => [...n.any, ...n.all, ...n.none].map((c) => c.message).join("; ");
	return found.violations.map((v) => v.id + ": " + v.nodes.slice(0, 4).map((n) => n.target.join(" ") + " (" + reason(n) + ")").join(", "));
})()`

// notPages are the routes that answer with something else than a page for people.
var notPages = []string{
	"/app/manifest.webmanifest", "/app/sw.js", "/docs.md", "/llms.txt", "/portal/exports/{id}/file", "/portal/invoices/{id}/pdf", "/portal/live", "/portal/payments/export",
	"/portal/received/{id}/pdf", "/portal/received/{id}/xml", "/portal/orders/{id}/ticket.pdf", "/portal/till/{id}/closing.pdf", "/portal/till/journal",
	"/portal/stock/export", "/portal/kitchen/stream", "/portal/bills/{id}/ticket", "/portal/bills/{id}/ticket.pdf", "/order/bill/{token}/ticket", "/order/bill/{token}/ticket.pdf",
	"/portal/links/{id}/qr.png",
	"/portal/payments/{reference}/qr.png", "/portal/sw.js", "/portal/settings/logo", "/portal/tables/cards.pdf", "/portal/tables/{id}/card.pdf", "/portal/tables/{id}/qr.svg",
	// parts of pages, which scripts ask for
	"/app/payments/{transaction}/state", "/portal/needs", "/portal/webhooks/live/rows",
	// leads elsewhere
	"/app/scan", "/portal/invoices/enrolment/identity",
}

// further are pages of a route that look different with a query.
var further = map[string][]string{
	"/docs/search":                {"/docs/search?q=payment", "/docs/search?q=zzzz"},
	"/portal/login":               {"/portal/login?next=/portal/keys"},
	"/portal/payments":            {"/portal/payments?status=failed"},
	"/portal/webhooks/deliveries": {"/portal/webhooks/deliveries?status=exhausted"},
	"/portal/admin":               {"/portal/admin?search=nobody-is-called-so"},
}

// visit is a page and who looks at it.
type visit struct{ who, path string }

// visits are all pages, from the portal's own table of routes, for each kind of person who may open them.
func (s *shop) visits(t *testing.T) []visit {
	t.Helper()
	table, err := os.ReadFile("../../services/portal/access.txt")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(table)), "\n")
	columns := append([]string{"", ""}, strings.Fields(lines[0])...)
	s.paths["/docs/{page}"] = guides(t)
	var list []visit
	for _, line := range lines[1:] {
		cells := strings.Fields(line)
		route := strings.TrimSuffix(cells[1], "{$}")
		if cells[0] != "GET" || slices.Contains(notPages, route) {
			continue
		}
		paths := s.filled(t, route)
		for i, may := range cells {
			if _, looks := s.cookies[columns[i]]; looks && (may == "yes" || may == "open" && columns[i] == "nobody") {
				for _, path := range paths {
					list = append(list, visit{columns[i], path})
				}
			}
		}
	}
	return list
}

// filled are the paths of a route's pages.
func (s *shop) filled(t *testing.T, route string) []string {
	t.Helper()
	paths := slices.Concat(s.paths[route], further[route])
	switch {
	case len(s.paths[route]) > 0:
		return paths
	case strings.Contains(route, "{"):
		t.Errorf("%s: newShop does not say with what to fill in its address", route)
		return nil
	default:
		return append(paths, route)
	}
}

// guides are the pages of the documentation, which its first page links to.
func guides(t *testing.T) []string {
	t.Helper()
	resp, err := shared.client.Get(pageURL("/docs"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]bool)
	for _, link := range regexp.MustCompile(`href="(/docs/[a-z-]+)[#"]`).FindAllStringSubmatch(string(page), -1) {
		found[link[1]] = true
	}
	delete(found, "/docs/search")
	return slices.Sorted(maps.Keys(found))
}

// look is how somebody sees a page.
type look struct {
	width, height int64
	theme         string
}

var looks = []look{{1280, 900, "light"}, {390, 844, "dark"}}

func (b *tab) looksWith(l look) {
	b.t.Helper()
	act(b, "hold a window", chromedp.EmulateViewport(l.width, l.height))
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: l.theme}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}})
}

// loggedIn gives the tab the cookies of the shop's person.
func (b *tab) loggedIn(s *shop, who string) {
	b.t.Helper()
	for _, c := range s.cookies[who] {
		call(b, network.SetCookie, network.SetCookieParams{Name: c.Name, Value: c.Value, URL: pageURL("/")})
	}
}

// TestPortalEveryPageIsInOrder opens every page as everybody who may, wide and light or narrow and dark (see looksOf). axe finds nothing, nothing is
// wider than the window, and no page writes an error, breaks its policy or asks another host for something.
func TestPortalEveryPageIsInOrder(t *testing.T) {
	s := newShop(t)
	byPerson := make(map[string][]visit)
	for _, v := range s.visits(t) {
		byPerson[v.who] = append(byPerson[v.who], v)
	}
	for who, list := range byPerson {
		for part := range slices.Chunk(list, pagesOfATab) {
			t.Run(who+part[0].path, func(t *testing.T) {
				t.Parallel()
				s.checks(t, part)
			})
		}
	}
}

// pagesOfATab is how many pages one tab opens.
const pagesOfATab = 8

// checks opens the pages one after the other in one tab.
func (s *shop) checks(t *testing.T, list []visit) {
	t.Helper()
	b := openTab(t)
	found := b.watched()
	b.loggedIn(s, list[0].who)
	call(b, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: axe}) // half a megabyte, sent once
	for i, v := range list {
		seen := looksOf(i)
		b.looksWith(seen[0])
		b.opensAs(v)
		for _, l := range seen {
			b.examine(v, l, misfits, found)
		}
		act(b, "shorten the page", chromedp.Evaluate[bool](shorten))
		for n, l := range seen {
			b.examine(v, l, fmt.Sprintf("window.onlyColours = %t;", n > 0)+audit, found)
		}
	}
}

// looksOf are those in which the i-th page of a tab is examined: all of them with EUPAY_E2E_LOOKS=all (make test-pages), or else one, in
// turn, which takes half of the time.
func looksOf(i int) []look {
	if os.Getenv("EUPAY_E2E_LOOKS") == "all" {
		return looks
	}
	return looks[i%len(looks):][:1]
}

// examine reports what a script finds wrong with the page, and what the browser has until then.
func (b *tab) examine(v visit, l look, script string, found *faults) {
	b.t.Helper()
	b.looksWith(l)
	wrong, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]string](script, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Errorf("%s as %s, %s: not examined: %v", v.path, v.who, l.theme, err)
	}
	for _, fault := range append(wrong, found.take()...) {
		b.t.Errorf("%s as %s, %s: %s", v.path, v.who, l.theme, fault)
	}
}

// arrival is what a browser got for an address.
type arrival struct {
	Path   string
	Status int
}

// opensAs opens the page, and not another in its place. Who is logged in opens only what there is.
func (b *tab) opensAs(v visit) {
	b.t.Helper()
	b.goTo(pageURL(v.path))
	at := act(b, "read the address", chromedp.Evaluate[arrival](`({path: location.pathname, status: performance.getEntriesByType("navigation")[0].responseStatus})`))
	if path, _, _ := strings.Cut(v.path, "?"); at.Path != path || at.Status >= 500 || at.Status >= 400 && v.who != "nobody" {
		b.t.Errorf("%s as %s: leads to %s, with %d", v.path, v.who, at.Path, at.Status)
	}
}
