package e2e

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// portalAGuestOrders makes a product and a table in the portal, orders on a phone, and looks into the kitchen.
func portalAGuestOrders(t *testing.T) {
	m := shared.newMerchant(t)
	b := openPages(t)
	b.logIn(m.Email, password)
	b.goTo(pageURL("/portal/catalog/new"))
	b.fill("name", "Café Noisette")
	b.fill("price_ttc", "3.50")
	b.fill("stock_quantity", "40")
	act(b, "put it on the menu", chromedp.Evaluate[bool](`document.querySelector("[name=is_available]").checked = true`))
	b.press("#main .save-bar button.primary")
	b.arrives("/portal/catalog(/[0-9a-f-]{36})?")
	b.goTo(pageURL("/portal/tables/new"))
	b.fill("name", "Table 4")
	b.fill("capacity", "4")
	act(b, "let guests order there", chromedp.Evaluate[bool](`document.querySelector("[name=active]").checked = true`))
	b.press("#main form button.primary")
	b.arrives("/portal/tables/[0-9a-f-]{36}")
	menuPage := act(b, "read where the table's code leads", chromedp.Evaluate[string](`document.querySelector("#main .head a.button").href`))
	b.goTo(pageURL("/portal/kitchen"))

	guest := openPages(t)
	act(guest, "hold a phone", chromedp.EmulateViewport(390, 844))
	guest.goTo(menuPage)
	guest.sees(".dish .plus")
	guest.press(".dish .plus")
	guest.press(".basket-bar [data-open]")
	guest.sees("#basket[open] button[value=order]")
	guest.set("#basket [name=name]", "Zoé")
	guest.press("#basket button[value=order]")
	guest.sees(".track .here")
	// The kitchen's page is open: the ticket comes by itself.
	b.sees(".ticket")
	if ticket := b.text(".ticket"); !strings.Contains(ticket, "Café Noisette") || !strings.Contains(ticket, "Table 4") || !strings.Contains(ticket, "Zoé") {
		t.Errorf("the kitchen reads %q", ticket)
	}
	b.press(".ticket .ticket-go")
	guest.sees(".track .done")
}
