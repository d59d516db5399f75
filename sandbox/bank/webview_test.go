package bank

import (
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// browser is a payer: it keeps the page it is on and presses buttons by name.
type browser struct {
	r      *rig
	at     string
	html   string
	client *http.Client
	status int
	header http.Header
}

// visit opens nothing yet; page does.
func (r *rig) visit(id int64, changes ...change) *browser {
	r.t.Helper()
	token := r.call("POST", fmt.Sprintf("/2.0/payments/%d/scopedtoken", id), change{"scope": "payments:validate"}).path("token").(string)
	q := url.Values{"client_id": {"42"}, "redirect_uri": {"https://shop.example/return"}, "state": {"s-1"}, "code": {token}, "payment_id": {fmt.Sprint(id)}}
	for _, c := range changes {
		for name, v := range c {
			q.Del(name)
			if v != nil {
				q.Set(name, fmt.Sprint(v))
			}
		}
	}
	return &browser{r: r, at: r.url + "/2.0/auth/webview/payment?" + q.Encode(), client: &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

func (v *browser) open(address string) *http.Response {
	v.r.t.Helper()
	res, err := v.client.Get(address)
	v.r.must(err)
	v.take(res)
	return res
}

func (v *browser) take(res *http.Response) {
	v.r.t.Helper()
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	v.r.must(err)
	v.html, v.status, v.header = string(text), res.StatusCode, res.Header
}

// page opens the address and follows the bank's own redirects.
func (v *browser) page() string {
	v.r.t.Helper()
	v.open(v.at)
	v.follow()
	return v.html
}

func (v *browser) follow() {
	v.r.t.Helper()
	for v.status == http.StatusSeeOther && strings.HasPrefix(v.header.Get("Location"), v.r.url) {
		v.at = v.header.Get("Location")
		v.open(v.at)
	}
}

var hidden = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)

// press sends the form of the page with one of its buttons.
func (v *browser) press(name, value string, more ...string) string {
	v.r.t.Helper()
	form := url.Values{name: {value}}
	if strings.Contains(v.html, `name="account" value="main" checked`) {
		form.Set("account", "main")
	}
	for _, m := range hidden.FindAllStringSubmatch(v.html, -1) {
		form.Set(m[1], html.UnescapeString(m[2]))
	}
	for n := 0; n < len(more); n += 2 {
		form.Set(more[n], more[n+1])
	}
	res, err := v.client.PostForm(v.at, form)
	v.r.must(err)
	v.take(res)
	v.follow()
	return v.html
}

// returned is where the client gets its payer back.
func (v *browser) returned() *url.URL {
	v.r.t.Helper()
	u, err := url.Parse(v.header.Get("Location"))
	v.r.must(err)
	if v.status != http.StatusSeeOther || u.Host != "shop.example" {
		v.r.t.Fatalf("not returned: %d %s", v.status, v.html)
	}
	return u
}

// wantReturn compares the address of the return; an empty parameter in want is one that must not be there.
func (r *rig) wantReturn(v *browser, want *url.URL, id int64) {
	r.t.Helper()
	got := v.returned()
	q := got.Query()
	if got.Path != want.Path || q.Get("id_payment") != fmt.Sprint(id) {
		r.t.Errorf("returned to %s", got)
	}
	for name, values := range want.Query() {
		if q.Get(name) != values[0] || values[0] == "" && q.Has(name) {
			r.t.Errorf("returned with %s=%q, want %q", name, q.Get(name), values[0])
		}
	}
}

func TestPayerAuthorises(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.create(change{"label": "pdng/done - Tea & <b>cake</b>", "amount": "1234.50"}).id()
	v := r.visit(id)
	page := v.page()
	for _, want := range []string{
		`id="bank-nowhere"`, `id="bank-shrug"`, `id="bank-exa"`, `id="cancel"`, "1,234.50 EUR", "ACME Corp.",
		"FR76 3000 6000 0112 3456 7890 189", "Tea &amp; &lt;b&gt;cake&lt;/b&gt;",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the webview lacks %s", want)
		}
	}
	if strings.Contains(page, "bank-snail") {
		t.Error("a bank without instant payments is offered for one")
	}
	r.want(r.get(id), map[string]any{"state": "created"}) // looking changes nothing
	page = v.press("bank", "nowhere")
	for _, want := range []string{`id="authorise"`, `id="refuse"`, `id="leave"`, `id="account-main"`, "Bank of Nowhere", "1,234.50 EUR"} {
		if !strings.Contains(page, want) {
			t.Errorf("the bank's page lacks %s", want)
		}
	}
	r.want(r.get(id), map[string]any{"state": "validating", "action": "redirect", "connector_uuid": Nowhere, "validate_uri": v.at})
	v.press("answer", "authorise", "account", "joint")
	want, err := url.Parse("https://shop.example/return?state=s-1&payment_state=pending&error_code=&error=&bank_message=")
	r.must(err)
	r.wantReturn(v, want, id)
	r.want(r.get(id), map[string]any{"state": "pending", "payer.label": "Sandbox Payer", "payer.identification": "FR8699990000010000000204242", "action": nil, "validate_uri": nil})
	v.open(v.at) // the back button
	r.wantReturn(v, want, id)
}

func TestPayerSaysNo(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.create().id()
	v := r.visit(id)
	v.page()
	v.press("bank", "nowhere")
	v.press("answer", "refuse")
	want, err := url.Parse("https://shop.example/return?state=s-1&payment_state=rejected&error_code=CancelledByUser&bank_message=" + url.QueryEscape(refusal))
	r.must(err)
	r.wantReturn(v, want, id)
	r.want(r.get(id), map[string]any{"state": "rejected", "error_code": "CancelledByUser"})
	v.press("answer", "authorise", "account", "main") // a form of before: too late
	r.wantReturn(v, want, id)
	r.want(r.get(id), map[string]any{"state": "rejected"})
}

func TestPayerGivesUpInTheWebview(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.create().id()
	v := r.visit(id, change{"state": "w & 1"})
	v.page()
	v.press("cancel", "1")
	want, err := url.Parse("https://shop.example/return?error=cancelled&payment_state=&state=" + url.QueryEscape("w & 1"))
	r.must(err)
	r.wantReturn(v, want, id)
	r.want(r.get(id), map[string]any{"state": "rejected", "error_code": "CancelledByUser"})
}

func TestPayerLeavesAndComesBack(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.create().id()
	v := r.visit(id)
	start := v.at
	v.page()
	v.press("bank", "nowhere")
	if page := v.press("answer", "leave"); !strings.Contains(page, `id="left"`) || v.status != 200 {
		t.Errorf("%d %s", v.status, page)
	}
	r.want(r.get(id), map[string]any{"state": "validating"})
	v.at = start
	if page := v.page(); !strings.Contains(page, `id="authorise"`) {
		t.Errorf("the old link does not lead back to the bank: %s", page)
	}
	v.press("answer", "authorise")
	r.want(r.get(id), map[string]any{"state": "done"})
}

func TestInitiationErrorNeverReachesTheBank(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.create(change{"label": "bug - X"}).id()
	v := r.visit(id)
	v.page()
	v.press("bank", "exa")
	if q := v.returned().Query(); q.Get("error_code") != "bug" {
		t.Error(q)
	}
}

func TestPresetBankAndPayer(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.create(change{"/connector_uuid": Shrug, "/payer": account1()}).id()
	v := r.visit(id)
	if page := v.page(); strings.Count(page, `id="bank-`) != 1 {
		t.Errorf("more than the preset bank: %s", page)
	}
	if page := v.press("bank", "nowhere"); v.status != 400 {
		t.Errorf("another bank than the preset one: %d %s", v.status, page)
	}
	v.page()
	if page := v.press("bank", "shrug"); !strings.Contains(page, `id="debited"`) || strings.Contains(page, `name="account"`) {
		t.Errorf("the given account is not used: %s", page)
	}
}

func TestWebviewChecksItsLink(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *Config) { c.RedirectURIs = []string{"https://shop.example"} })
	id, other := r.create().id(), r.create().id()
	foreign := r.call("POST", fmt.Sprintf("/2.0/payments/%d/scopedtoken", other), change{"scope": "payments:validate"}).path("token")
	reader := r.call("POST", fmt.Sprintf("/2.0/payments/%d/scopedtoken", id), change{"scope": "payments:read-only"}).path("token")
	for name, c := range map[string]struct {
		change change
		status int
	}{
		"as documented":            {nil, 200},
		"no code":                  {change{"code": nil}, 401},
		"code of another payment":  {change{"code": foreign}, 401},
		"code that may only read":  {change{"code": reader}, 401},
		"service token":            {change{"code": r.token}, 401},
		"other client":             {change{"client_id": "43"}, 400},
		"no payment":               {change{"payment_id": nil}, 400},
		"other payment":            {change{"payment_id": other}, 401},
		"redirect left out":        {change{"redirect_uri": nil, "state": nil}, 200},
		"redirect elsewhere":       {change{"redirect_uri": "https://evil.example/"}, 400},
		"other registered address": {change{"redirect_uri": "https://shop.example/other"}, 200},
	} {
		v := r.visit(id, c.change)
		if v.page(); v.status != c.status {
			t.Errorf("%s: %d", name, v.status)
		}
	}
	v := r.visit(id)
	v.at = strings.Replace(v.at, "webview/payment", "webview/fr/payment", 1)
	if v.page(); v.status != 200 {
		t.Errorf("with a language: %d", v.status)
	}
	v.at = strings.Replace(v.at, "webview/fr/", "webview/xx/", 1)
	if v.page(); v.status != 404 {
		t.Errorf("with an unknown language: %d", v.status)
	}
}

func TestBankPageNeedsItsSession(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := pendingAt(r, "ask-twice", change{"label": "hang - X"})
	r.operate(id, cancelBody)
	right := r.get(id).path("validate_uri").(string)
	v := r.visit(id)
	for name, address := range map[string]string{
		"wrong session":         right[:len(right)-1] + "x",
		"session of the other":  strings.Replace(right, "/cancellations/", "/payments/", 1),
		"session of this bank":  strings.Replace(right, "/ask-twice/", "/nowhere/", 1),
		"unknown bank":          strings.Replace(right, "/ask-twice/", "/none/", 1),
		"session of another id": strings.Replace(right, fmt.Sprint(id), fmt.Sprint(id-1), 1),
	} {
		if v.open(address); v.status != 401 && v.status != 404 {
			t.Errorf("%s: %d", name, v.status)
		}
	}
	if v.open(right); v.status != 200 {
		t.Errorf("the right one: %d", v.status)
	}
}

func TestPagesAreSafe(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	v := r.visit(r.create().id())
	page := v.page()
	policy := v.header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "style-src 'sha256-", "frame-ancestors 'none'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("the policy lacks %s: %s", want, policy)
		}
	}
	if strings.Contains(page, "<script") || strings.Contains(page, "style=") || strings.Contains(page, "http://") {
		t.Errorf("scripts, inline styles or foreign assets: %s", page)
	}
	if v.header.Get("Cache-Control") != "no-store" || v.header.Get("Referrer-Policy") != "no-referrer" {
		t.Error(v.header)
	}
}
