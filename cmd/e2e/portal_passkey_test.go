package e2e

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// portalLogsInWithAPasskey adds a passkey on the page of one's security, logs out, and logs in without a password.
func portalLogsInWithAPasskey(t *testing.T) {
	m := shared.newMerchant(t)
	b := openPages(t)
	b.hasAuthenticator()
	here := func(path string) string { return strings.Replace(pageURL(path), "127.0.0.1", "localhost", 1) } // passkeys are for a name
	b.goTo(here("/portal/login"))
	b.fill("email", m.Email)
	b.fill("password", password)
	b.press("#main form[action='/portal/login'] button.primary")
	b.arrives("/portal")
	b.goTo(here("/portal/security"))
	b.press("#main form[action='/portal/security/passkeys/new'] button")
	b.arrives("/portal/security/passkeys/new")
	b.fill("name", "Laptop")
	b.press("#main form[data-passkey] button")
	b.sees("#main .code-list")
	b.goTo(here("/portal/security"))
	if list := b.text("#main .rows"); !strings.Contains(list, "Laptop") {
		t.Errorf("the page lists %q", list)
	}
	b.leaves()

	b.press("#main form[data-passkey] button")
	b.arrives("/portal")
	if who := act(b, "read who is logged in", chromedp.Evaluate[string](`document.querySelector(".menu-who strong").textContent`)); who != m.Email {
		t.Errorf("logged in as %q", who)
	}
}

// leaves logs out.
func (b *tab) leaves() {
	b.t.Helper()
	act(b, "log out", chromedp.Evaluate[bool](`(document.querySelector("form[action='/portal/logout'] button").click(), true)`))
	b.arrives("/portal/login")
}
