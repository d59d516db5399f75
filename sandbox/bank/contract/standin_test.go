package contract

import (
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"european-pay.eu/eupay/sandbox/bank"
	"european-pay.eu/eupay/sandbox/internal/rigtest"
)

// standIn is what a suite can do at the stand-in and not at the real provider.
type standIn struct {
	clock    *rigtest.Clock
	manage   string // the address of the management
	listener *listener
}

const hookSecret = "hook-s3cret"

// serve opens the stand-in as the provider's sandbox is said to be: capped at 10 EUR, with the phases of the test connector
// and with identities required. It is reached over HTTP alone.
func serve(t *testing.T, adjust ...func(*bank.Config)) *provider {
	t.Helper()
	s := &standIn{clock: rigtest.NewClock(time.Date(2026, 7, 1, 10, 0, 0, 0, time.UTC)), listener: listen(t)}
	cfg := bank.Config{
		ClientID: "4242", ClientSecret: "s3cret", RedirectURIs: []string{"https://shop.example/"}, MaxAmount: 1000, RequireIdentities: true,
		InstantPhase: 15 * time.Second, ClassicPhase: 15 * time.Minute, Now: s.clock.Now,
		WebhookURL: s.listener.url, WebhookSecret: hookSecret, WebhookRetry: time.Millisecond,
	}
	b, address := rigtest.Serve(t, func(baseURL string) (*bank.Bank, error) {
		cfg.BaseURL = baseURL
		for _, f := range adjust {
			f(&cfg)
		}
		return bank.New(cfg)
	})
	management := httptest.NewServer(b.Management())
	t.Cleanup(management.Close)
	rigtest.Run(t, b.Run)
	s.manage = management.URL
	return &provider{
		T: t, baseURL: address, clientID: cfg.ClientID, clientSecret: cfg.ClientSecret, redirect: "https://shop.example/return", standIn: s,
	}
}

// control uses the management, which must answer with this status.
func (p *provider) control(status int, method, path string, body any) answer {
	p.Helper()
	res, err := p.send(p.Context(), method, p.standIn.manage+path, "", body)
	if err != nil {
		p.Fatal(err)
	}
	defer res.Body.Close()
	a := p.read(res)
	if a.status != status {
		p.Fatalf("%s %s: %d, want %d: %s", method, path, a.status, status, a.text)
	}
	return a
}

// pass lets time go by. A token that had to be new before is too old after.
func (p *provider) pass(d time.Duration) {
	p.standIn.clock.Add(d)
	p.admin = ""
}

// page is what a payer's browser shows; where is empty unless it was sent on.
type page struct {
	status      int
	html, where string
}

var noFollow = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// browse opens an address, or sends a form to it.
func (p *provider) browse(address string, form url.Values) page {
	p.Helper()
	method, body := http.MethodGet, ""
	if form != nil {
		method, body = http.MethodPost, form.Encode()
	}
	req, err := http.NewRequestWithContext(p.Context(), method, address, strings.NewReader(body))
	if err != nil {
		p.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := noFollow.Do(req)
	if err != nil {
		p.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		p.Fatal(err)
	}
	return page{status: res.StatusCode, html: string(text), where: res.Header.Get("Location")}
}

var hidden = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)

// press sends the form of a page with one of its buttons, and what else was entered.
func (p *provider) press(at string, on page, pairs ...string) page {
	p.Helper()
	form := url.Values{}
	for _, m := range hidden.FindAllStringSubmatch(on.html, -1) {
		form.Set(m[1], html.UnescapeString(m[2]))
	}
	for n := 0; n < len(pairs); n += 2 {
		form.Set(pairs[n], pairs[n+1])
	}
	return p.browse(at, form)
}

// webview is the address that the payer is sent to.
func (p *provider) webview(id string) string {
	p.Helper()
	q := url.Values{
		"client_id": {p.clientID}, "redirect_uri": {p.redirect}, "state": {"contract"}, "payment_id": {id}, "code": {p.scoped(id).string("token")},
	}
	return p.baseURL + "/2.0/auth/webview/payment?" + q.Encode()
}

// choose is a payer who picks a bank in the webview; the result is the address there.
func (p *provider) choose(id, slug string) string {
	p.Helper()
	at := p.webview(id)
	to := p.press(at, p.browse(at, nil), "bank", slug)
	if to.status != http.StatusSeeOther {
		p.Fatalf("the webview does not go on to %s: %d %s", slug, to.status, to.html)
	}
	return to.where
}

// decide is a payer who answers at their bank; the result is where the client gets them back.
func (p *provider) decide(atBank, answer string) url.Values {
	p.Helper()
	back := p.press(atBank, p.browse(atBank, nil), "answer", answer, "account", "main")
	u, err := url.Parse(back.where)
	if err != nil || back.status != http.StatusSeeOther || !strings.HasPrefix(back.where, p.redirect) {
		p.Fatalf("the payer does not come back: %d %q %v %s", back.status, back.where, err, back.html)
	}
	return u.Query()
}

// authorise takes a payment through the webview to a yes.
func (p *provider) authorise(id, slug string) url.Values {
	p.Helper()
	return p.decide(p.choose(id, slug), "authorise")
}
