package e2e

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// portalTheDrawerFillsThePhone: the panel was as high as the bar in which it is, and its links were cut off.
func portalTheDrawerFillsThePhone(t *testing.T) {
	m := shared.newMerchant(t)
	b := openPages(t)
	b.looksWith(looks[1])
	b.logIn(m.Email, password)
	for _, path := range []string{"/portal/payments", "/docs/payments"} {
		b.goTo(pageURL(path))
		b.press("[data-drawer] > summary")
		b.sees(".drawer-panel a")
		if left := act(b, "measure the drawer", chromedp.Evaluate[float64](`innerHeight - document.querySelector(".drawer-panel").getBoundingClientRect().bottom`)); left != 0 {
			t.Errorf("%s: the drawer ends %v pixels above the end of the window", path, left)
		}
	}
}
