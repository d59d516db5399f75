package e2e

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// faults are what a browser found wrong with our pages.
type faults struct {
	mu   sync.Mutex
	list []string
}

func (f *faults) add(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.list = append(f.list, fmt.Sprintf(format, args...))
}

// take returns the faults so far, and forgets them.
func (f *faults) take() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	list := f.list
	f.list = nil
	return list
}

// openPages opens a window on the pages of EU Pay. Every question of a page is answered with yes. The test fails if a page writes an
// error to the console, breaks its content security policy or asks another host for something.
func openPages(t *testing.T) *tab {
	t.Helper()
	return openTab(t).faultless()
}

// faultless lets the test fail for what the browser finds wrong with our pages in this tab.
func (b *tab) faultless() *tab {
	b.t.Helper()
	found := b.watched()
	b.t.Cleanup(func() {
		if b.t.Failed() {
			b.tellsWhereItIs()
		}
		for _, fault := range found.take() {
			b.t.Error(fault)
		}
	})
	return b
}

// watched collects what the browser finds wrong with our pages in this tab.
func (b *tab) watched() *faults {
	b.t.Helper()
	found := new(faults)
	if err := chromedp.Listen(b.ctx, func(event any) { found.watch(event) }); err != nil {
		b.t.Fatal(err)
	}
	// Limits by address hold for each tab alone, as for callers of the API.
	call(b, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: network.Headers{"X-Forwarded-For": shared.caller().ip}})
	call(b, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: "window.confirm = () => true"})
	return found
}

// tellsWhereItIs logs which page is open and what it says, so that a failed test can be understood.
func (b *tab) tellsWhereItIs() {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(b.ctx), time.Second)
	defer cancel()
	said, err := chromedp.Run(ctx, chromedp.Evaluate[string](`location.href + "\n" + (document.querySelector("main") || document.body).innerText.slice(0, 1500)`))
	b.t.Logf("the tab shows %s %v", said, err)
}

func (f *faults) watch(event any) {
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		f.add("a script failed: %s %+v", e.ExceptionDetails.Text, e.ExceptionDetails.Exception)
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError {
			f.add("a script wrote an error")
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError && !expectedEntry(e.Entry) {
			f.add("the console says: %s %s", e.Entry.Text, e.Entry.URL)
		}
	case *network.EventRequestWillBeSent:
		if ours(e.DocumentURL) && e.Request != nil && !ours(e.Request.URL) && !pictured(e.Request.URL) {
			f.add("%s asks another host: %s", e.DocumentURL, e.Request.URL)
		}
	}
}

// pictured reports whether pages may show pictures from there: the store has those of products, the bank connection those of banks.
func pictured(address string) bool {
	system := shared.stack.System()
	return within(address, system.S3PublicURL()) || within(address, system.BankURL()+"/2.0/logos")
}

// expectedEntry reports whether the console only repeats the status of a page: of a form that was refused, or of one that is not there.
func expectedEntry(e *log.Entry) bool {
	return e.Source == log.EntrySourceNetwork && (strings.Contains(e.Text, "status of 422") || strings.Contains(e.Text, "status of 404"))
}

// ours reports whether the gateway serves that address, or the browser itself.
func ours(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	return u.Scheme != "http" && u.Scheme != "https" || strings.Replace(u.Host, "localhost", "127.0.0.1", 1) == strings.TrimPrefix(shared.stack.URL(), "http://")
}

func within(address, folder string) bool { return strings.HasPrefix(address, folder+"/") }

// pageURL is the address of one of our pages.
func pageURL(path string) string { return shared.stack.URL() + path }

// fill types into the field of that name in the page's main form.
func (b *tab) fill(name, value string) {
	b.t.Helper()
	b.set("#main [name='"+name+"']", value)
}

// set gives a field its value, as typing does, and tells the page's scripts.
func (b *tab) set(selector, value string) {
	b.t.Helper()
	b.ready(selector)
	act(b, "fill "+selector, chromedp.Evaluate[bool](fmt.Sprintf(`(() => { const f = document.querySelector(%q); f.value = %q;
		f.dispatchEvent(new Event("input", {bubbles: true})); f.dispatchEvent(new Event("change", {bubbles: true})); return true })()`, selector, value)))
}

// press clicks an element of our pages once it can be seen. The click reaches it wherever the page has moved it meanwhile.
func (b *tab) press(selector string) {
	b.t.Helper()
	act(b, "wait for "+selector, chromedp.WaitVisible(chromedp.CSS(selector)))
	act(b, "press "+selector, chromedp.Evaluate[bool](fmt.Sprintf("(document.querySelector(%q).click(), true)", selector)))
}

// ready waits for the element, visible or not.
func (b *tab) ready(selector string) {
	b.t.Helper()
	act(b, "wait for "+selector, chromedp.WaitReady(chromedp.CSS(selector)))
}

// arrives waits until a page whose path matches has loaded, and returns its address. Pages say so when they refuse a form.
func (b *tab) arrives(path string) string {
	b.t.Helper()
	want, address := regexp.MustCompile("^"+path+"$"), ""
	eventually(b.t, "the page "+path+" opens", func() bool {
		at, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.readyState == "complete" ? location.href : ""`))
		u, broken := url.Parse(at)
		if err != nil || broken != nil || !want.MatchString(u.Path) {
			b.refusal()
			return false
		}
		address = at
		return true
	})
	return address
}

// refusal ends the test when the page says what is wrong with a form.
func (b *tab) refusal() {
	b.t.Helper()
	why, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`[...document.querySelectorAll("#main .alert.bad, #main .wrong:not([hidden])")].map(e => e.innerText).join("; ")`))
	if err == nil && why != "" {
		b.t.Fatalf("the page refuses: %s", why)
	}
}

// logIn logs in to the portal.
func (b *tab) logIn(email, secret string) {
	b.t.Helper()
	b.goTo(pageURL("/portal/login"))
	b.fill("email", email)
	b.fill("password", secret)
	b.press("#main form[action='/portal/login'] button.primary")
	b.arrives("/portal(/admin)?")
}

// call sends a command to the tab.
func call[P, R any](b *tab, command cdp.Command[P, R], params P) R {
	b.t.Helper()
	result, err := chromedp.Call(b.ctx, command, params)
	if err != nil {
		b.t.Fatalf("%s: %v", command.Method, err)
	}
	return result
}
