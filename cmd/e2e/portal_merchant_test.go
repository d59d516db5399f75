package e2e

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/google/uuid"

	"european-pay.eu/eupay/cmd/internal/system"
)

// portalAMerchantTakesAPayment goes the whole way in the browser: registration, the admin's decision, a key, a payment that
// completes before the merchant's eyes, and its refund.
func portalAMerchantTakesAPayment(t *testing.T) {
	email, shop := uuid.NewString()+"@example.com", "Bistrot "+uuid.NewString()[:8]
	b := openPages(t)
	b.goTo(pageURL("/portal/register"))
	b.fill("name", shop)
	b.fill("email", email)
	b.fill("password", password)
	b.press("#main form button.primary")
	b.arrives("/portal")
	b.goTo(pageURL("/portal/settings"))
	b.fill("iban", merchantIBAN)
	b.press("form[action='/portal/settings/account'] button")
	b.ready("#main .toast")

	admin := openPages(t)
	admin.logIn(system.AdminEmail, shared.stack.System().Secrets.AdminLogin)
	admin.goTo(pageURL("/portal/admin?search=" + url.QueryEscape(shop)))
	admin.press("#main a.main-link")
	admin.arrives("/portal/admin/merchants/[^/]+")
	admin.fill("state", "test")
	admin.press("form[action$='/gateway'] button.primary")
	admin.ready("#main .toast")

	key, secret := b.createsKey()
	client := shared.caller().with("X-Api-Key", key, "X-Api-Secret", secret)
	client.works(t)
	b.goTo(pageURL("/portal/keys"))
	b.press("#main a[href^='/portal/keys/']:not([href$='/new'])")
	b.arrives("/portal/keys/[^/]+")
	if page := act(b, "read the page", chromedp.Evaluate[string]("document.documentElement.outerHTML")); strings.Contains(page, secret) {
		t.Error("the secret is shown again")
	}

	b.goTo(pageURL("/portal/payments/new"))
	b.fill("amount", "29.99")
	b.fill("description", "Order 1042")
	b.press("#main form button.primary")
	reference := lastPart(b.arrives("/portal/payments/(GW|[^/n])[^/]*"))
	b.sees(".badge.wait")
	link, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.querySelector(".share a.button[target=_blank]").href`))
	act(b, "mark the page", chromedp.Evaluate[bool]("window.unloaded = true"))

	payer := openTab(t)
	payer.goTo(link)
	payer.sees("#pick")
	payer.click("#bank-nowhere")
	payer.sees("#authorise")
	payer.click("#authorise")
	payer.sees("main.done, .pay-sign.good")

	b.sees("#live .head .badge.good")
	if !act(b, "look for the mark", chromedp.Evaluate[bool]("window.unloaded === true")) {
		t.Error("the page was loaded again")
	}
	b.fill("amount", "10")
	b.press("form[action$='/refund'] button")
	eventually(t, "the refund is there", func() bool {
		list := must[struct{ Data []payment }](t, client.do(t, http.MethodGet, payments+"/"+reference+"/refunds", ""), http.StatusOK).Data
		return len(list) == 1 && list[0].Amount == 1000
	})
}

// createsKey makes a key by form and reads it where it is shown once.
func (b *tab) createsKey() (key, secret string) {
	b.t.Helper()
	b.goTo(pageURL("/portal/keys/new"))
	b.fill("name", "Shop")
	b.press("#main form button.primary")
	b.sees(".secret-box [data-secret]")
	return b.text("#main dl.facts dd code"), b.text(".secret-box [data-secret]")
}

// lastPart is the last part of an address's path.
func lastPart(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Path[strings.LastIndex(u.Path, "/")+1:]
}

// portalWebhooks adds an endpoint, sees what was delivered to it, and sends it once more.
func portalWebhooks(t *testing.T) {
	m := shared.newMerchant(t)
	second := newSite(t)
	b := openPages(t)
	b.logIn(m.Email, password)
	b.goTo(pageURL("/portal/webhooks/new"))
	b.fill("url", second.url+"/hooks")
	b.press("#main form button.primary")
	b.sees(".secret-box [data-secret]")
	second.secret = b.text(".secret-box [data-secret]")
	p := m.paid(t, nil)
	second.next(t, "payment.completed", p.Reference)
	b.goTo(pageURL("/portal/webhooks/deliveries?type=payment.completed"))
	b.ready("#main table a.main-link")
	b.press("#main table a.main-link")
	b.arrives("/portal/webhooks/deliveries/[^/]+")
	before := len(m.site.about(t, p.Reference)) + len(second.about(t, p.Reference))
	b.press("form[action$='/resend'] button")
	b.ready("#main .toast")
	eventually(t, "it is delivered once more", func() bool {
		return len(m.site.about(t, p.Reference))+len(second.about(t, p.Reference)) > before
	})
}

// portalEnrolsAndInvoices enrols, is approved by the platform, issues an invoice and opens its PDF.
func portalEnrolsAndInvoices(t *testing.T) {
	m := shared.newMerchant(t)
	id := siren()
	b := openPages(t)
	b.logIn(m.Email, password)
	b.goTo(pageURL("/portal/invoices/enrolment"))
	for name, value := range map[string]string{
		"legal_name": "Le Petit Bistrot SAS", "siret": establishment(id), "vat_number": vatNumber(id), "email": "compta@example.com",
		"address.street": "12 rue de la Paix", "address.post_code": "75002", "address.city": "Paris", "address.country": "FR",
	} {
		b.fill(name, value)
	}
	b.press("#main form[action='/portal/invoices/enrolment'] button.primary")
	b.sees("#guide a[href='/portal/invoices/enrolment/identity']")
	platform := openTab(t)
	platform.goTo(must[struct{ URL string }](t, m.portal.do(t, http.MethodGet, "/einvoice/enrollment/onboarding-link", ""), http.StatusOK).URL)
	platform.sees("#approve")
	platform.click("#approve")
	b.sees("#guide a[href='/portal/invoices/new']")

	b.goTo(pageURL("/portal/invoices/new"))
	b.fill("customer_name", "Ada Martin")
	b.set("#lines [name$='product_name']", "Menu du jour")
	b.set("#lines [name$='quantity']", "2")
	b.set("#lines [name$='unit_price_ttc']", "19.90")
	b.press(".sums-aside button.primary")
	b.arrives("/portal/invoices/[0-9a-f-]{36}")
	b.ready("#main a[href$='/pdf']")
	what := act(b, "open the PDF", chromedp.Evaluate[string](`fetch(document.querySelector("#main a[href$='/pdf']").href).then(async r =>
		[r.status, r.headers.get("Content-Type"), (await r.text()).slice(0, 5)].join(" "))`, chromedp.EvalAwaitPromise))
	if what != "200 application/pdf %PDF-" {
		t.Errorf("the PDF is %q", what)
	}
}
