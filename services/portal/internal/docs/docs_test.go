package docs

import (
	"encoding/json"
	"html/template"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestEveryOperationCanBeTried(t *testing.T) {
	t.Parallel()
	b := theBook(t)
	all := allOperations(t)
	if len(all) < 150 {
		t.Fatalf("only %d operations found", len(all))
	}
	for _, o := range all {
		shown := 0
		for _, p := range b.pages {
			shown += strings.Count(string(p.Body), `data-try="`+o.ID+`"`)
		}
		if shown != 1 {
			t.Errorf("%s: shown with Try it %d times", o.ID, shown)
		}
	}
}

// TestTheTesterIsFilledIn: what the tester sends at first is a request that could succeed.
func TestTheTesterIsFilledIn(t *testing.T) {
	t.Parallel()
	for _, o := range allOperations(t) {
		raw, err := o.Try()
		if err != nil {
			t.Fatal(err)
		}
		var got tried
		if err := json.Unmarshal([]byte(raw), &got); err != nil {
			t.Fatal(err)
		}
		for _, p := range got.Params {
			if p.In == "path" && (p.Example == "" || !strings.Contains(o.Path, "{"+p.Name+"}")) {
				t.Errorf("%s: %s has no example", o.ID, p.Name)
			}
		}
		if o.Body != nil && o.Body.Type == "application/json" && !json.Valid([]byte(got.Body)) {
			t.Errorf("%s: the body is not JSON: %s", o.ID, got.Body)
		}
		if strings.Contains(o.URLPath(), "{") {
			t.Errorf("%s: %s", o.ID, o.URLPath())
		}
	}
}

// documented are the headings of the API's documentation, in its order, with the page where each is.
var documented = [][2]string{
	{"index", "Payment Gateway API"},
	{"authentication", "Authentication"},
	{"authentication", "Required headers"},
	{"environments", "Environments"},
	{"errors", "Errors & Codes"},
	{"errors", "Error format"},
	{"rate-limiting", "Rate Limiting"},
	{"payments", "Create Payment"},
	{"payments", "Payment Statuses"},
	{"payments", "Get Payment"},
	{"payments", "List Payments"},
	{"payments", "Refund Payment"},
	{"payments", "Verify Status (Public)"},
	{"qr-payments", "QR Code Payments"},
	{"qr-payments", "QR Integration Guide"},
	{"webhooks", "Webhook Setup"},
	{"webhooks", "Webhook Event Types"},
	{"webhooks", "Retry Schedule"},
	{"webhooks", "Signature Verification"},
	{"security", "Security Guide"},
	{"testing", "Testing & QA"},
	{"rewards", "Customer Rewards API"},
	{"subscriptions", "Subscriptions API"},
	{"einvoicing", "E-Invoicing API"},
	{"einvoicing", "Integration Flow"},
	{"einvoicing", "Check SEQINO Enrollment"},
	{"einvoicing", "Create Invoice"},
	{"einvoicing", "List & Get Invoices"},
	{"einvoicing", "Download FacturX PDF"},
	{"einvoicing", "Submit / Retry SEQINO"},
	{"einvoicing", "Mark Invoice Paid"},
	{"einvoicing", "Cancel Invoice"},
	{"einvoicing", "Issue Credit Note"},
	{"catalog", "Product Data Model"},
	{"catalog", "Catalog Endpoints"},
	{"catalog", "Product Image Upload (S3)"},
	{"qr-signing", "QR Signing Algorithm"},
	{"table-ordering", "Table QR Ordering"},
	{"merchant-qr", "Merchant Payment QR"},
	{"scan-to-pay", "QR Scan → Pay Flow"},
	{"scan-to-pay", "Gateway QR Type"},
	{"end-to-end", "End-to-End Integration"},
	{"end-to-end", "Integration Diagram"},
}

func TestEverySectionHasItsHeading(t *testing.T) {
	t.Parallel()
	b := theBook(t)
	at, place := -1, 0
	for _, want := range documented {
		p := b.bySlug[want[0]]
		if p == nil {
			t.Fatalf("no page %s", want[0])
		}
		if now := slices.Index(b.pages, p); now < at {
			t.Errorf("%s comes too early", want[1])
		} else if now > at {
			at, place = now, 0
		}
		found := strings.Index(string(p.Body)[place:], ">"+template.HTMLEscapeString(want[1]))
		if found < 0 {
			t.Errorf("%s: no heading %q after the ones before it", want[0], want[1])
			continue
		}
		place += found
	}
}

var (
	linked = regexp.MustCompile(`href="([^"]*)"`)
	marked = regexp.MustCompile(` id="([^"]*)"`)
)

func TestLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	b := theBook(t)
	anchors := map[string]bool{}
	for _, p := range b.pages {
		seen := map[string]bool{}
		for _, m := range marked.FindAllStringSubmatch(string(p.Body), -1) {
			if seen[m[1]] {
				t.Errorf("%s: the id %s is there twice", p.Slug, m[1])
			}
			seen[m[1]] = true
			anchors[p.Path+"#"+m[1]] = true
		}
		anchors[p.Path] = true
	}
	for path := range b.files {
		anchors[path] = true
	}
	for _, path := range []string{"/portal/register", "/docs/search"} {
		anchors[path] = true
	}
	for _, p := range b.pages {
		for _, m := range linked.FindAllStringSubmatch(string(p.Body), -1) {
			to := strings.ReplaceAll(m[1], "&amp;", "&")
			if strings.HasPrefix(to, "#") {
				to = p.Path + to
			}
			if strings.HasPrefix(to, "/") && !anchors[to] {
				t.Errorf("%s: %s leads nowhere", p.Slug, to)
			}
		}
	}
	for _, e := range b.entries {
		if !anchors[e.Path] {
			t.Errorf("the search finds %s, which is nowhere", e.Path)
		}
	}
}

func TestEveryPageHasAMarkdownTwin(t *testing.T) {
	t.Parallel()
	b := theBook(t)
	llms := string(b.files["/llms.txt"].body)
	for _, p := range b.pages {
		f := b.files[p.Path+".md"]
		if !strings.HasPrefix(string(f.body), "# "+p.Title) || strings.Contains(string(f.body), "{{") {
			t.Errorf("%s: %.80q", p.Slug, f.body)
		}
		if strings.Contains(string(p.Body), "{{") {
			t.Errorf("%s: a mark is left on the page", p.Slug)
		}
		if !strings.Contains(llms, "("+p.Path+".md)") {
			t.Errorf("llms.txt does not name %s", p.Path)
		}
		for _, o := range p.Operations {
			if !strings.Contains(string(f.body), "`"+o.Method+" "+o.Path+"`") {
				t.Errorf("%s.md: no %s", p.Path, o.ID)
			}
		}
	}
}

func TestThePostmanCollection(t *testing.T) {
	t.Parallel()
	var c struct {
		Info struct{ Name, Schema string }
		Item []struct {
			Name string
			Item []struct {
				Name    string
				Request struct {
					Method string
					URL    struct {
						Raw  string
						Host []string
						Path []string
					}
					Header []struct{ Key, Value string }
					Body   struct{ Mode, Raw string }
				}
			}
		}
		Variable []struct{ Key, Value string }
	}
	if err := json.Unmarshal(theBook(t).files["/docs/eupay.postman_collection.json"].body, &c); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, folder := range c.Item {
		for _, item := range folder.Item {
			n++
			r := item.Request
			if r.Method == "" || !slices.Equal(r.URL.Host, []string{"{{base_url}}"}) || strings.Join(r.URL.Path, "/") != strings.TrimPrefix(r.URL.Raw, "{{base_url}}/") {
				t.Errorf("%s: %+v", item.Name, r)
			}
			if r.Body.Mode == "raw" && !json.Valid([]byte(r.Body.Raw)) {
				t.Errorf("%s: %s", item.Name, r.Body.Raw)
			}
		}
	}
	if want := len(allOperations(t)); n != want || c.Info.Schema != "https://schema.getpostman.com/json/collection/v2.1.0/collection.json" || len(c.Variable) != 4 {
		t.Errorf("%d requests of %d, %+v %+v", n, want, c.Info, c.Variable)
	}
}

func TestWhatIsWrittenBelongsToAnOperation(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, o := range allOperations(t) {
		known[o.ID], known[strings.ToLower(o.ID)] = true, true
	}
	for id, body := range bodies {
		if !known[id] || !json.Valid([]byte(body)) {
			t.Errorf("bodies: %s %s", id, body)
		}
	}
	guides := map[string]bool{"doc": true, "client": true}
	texts, err := fs.Glob(contentFiles, "content/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range texts {
		raw, err := fs.ReadFile(contentFiles, name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`\{\{sample ([a-z-]+)\}\}`).FindAllSubmatch(raw, -1) {
			guides[string(m[1])] = true
		}
	}
	names, err := fs.Glob(exampleFiles, "examples/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		base := strings.TrimSuffix(filepath.Base(name), filepath.Ext(name))
		if !known[base] && !guides[base] {
			t.Errorf("nothing shows %s", name)
		}
	}
	raw, err := apiDescription()
	if err != nil {
		t.Fatal(err)
	}
	desc, err := readDescription(raw)
	if err != nil {
		t.Fatal(err)
	}
	codes := map[string]bool{}
	for _, e := range desc.errorCodes() {
		codes[e.Code] = true
		if e.Fix == "" {
			t.Errorf("%s: what to do is missing", e.Code)
		}
	}
	for code := range fixes {
		if !codes[code] {
			t.Errorf("%s is no code", code)
		}
	}
}

func TestSearchRanksTitlesFirst(t *testing.T) {
	t.Parallel()
	b := theBook(t)
	for query, want := range map[string]string{
		"refund payment": "/docs/payments#refund-payment", "NOT_ENROLLED": "/docs/errors#NOT_ENROLLED", "payment.completed": "/docs/events#payment.completed",
		"rate limiting": "/docs/rate-limiting", "create a table": "/docs/table-ordering#create-a-table",
	} {
		hits := find(b.entries, query)
		if len(hits) == 0 || hits[0].Path != want {
			t.Errorf("%s: %+v", query, hits[:min(len(hits), 3)])
		}
	}
	if hits := find(b.entries, "  "); hits != nil {
		t.Errorf("nothing finds %v", hits)
	}
	if hits := find(b.entries, "zebra giraffe"); hits != nil {
		t.Errorf("%v", hits)
	}
}

func TestHighlightEscapes(t *testing.T) {
	t.Parallel()
	for _, lang := range slices.Sorted(maps.Keys(grammars)) {
		if got := string(highlight(lang, `<script>"<b>&"</script> 'x' 12 // <i>`)); strings.Contains(got, "<script") || strings.Contains(got, "<b>") || strings.Contains(got, "<i>") {
			t.Errorf("%s: %s", lang, got)
		}
	}
}
