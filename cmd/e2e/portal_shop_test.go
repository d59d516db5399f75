package e2e

import (
	"encoding/json"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"path"
	"strings"
	"testing"
	"time"

	"european-pay.eu/eupay/cmd/internal/system"
	eupay "european-pay.eu/eupay/sdk/go"
)

// shop is a merchant whose pages all have something to show, and a customer of theirs.
type shop struct {
	m *merchant
	// paths are those of the pages whose addresses have parts to fill in, by route, and further ones of other pages. A route with an
	// empty list is no page.
	paths map[string][]string
	// cookies are those of browsers that are logged in, by column of the portal's table of routes.
	cookies map[string][]*http.Cookie
}

const (
	longName   = "Assiette de saucissons artisanaux, fromages affinés et condiments de saison à partager pour quatre personnes"
	arabicName = "قهوة مع حليب وهيل"
)

// newShop makes one of everything.
func newShop(t *testing.T) *shop {
	t.Helper()
	m, guest := shared.mayInvoice(t), shared.newCustomer(t)
	if a := m.portal.do(t, http.MethodPatch, "/merchant", `{"loyalty_eligible":true,"epc_enabled":true}`); a.status != http.StatusOK {
		t.Fatalf("%s", a.raw)
	}
	s := &shop{m: m, paths: map[string][]string{}, cookies: map[string][]*http.Cookie{"nobody": nil}}
	order, transaction := s.sells(t, guest)
	s.takesPayments(t)
	s.makesOffers(t, order.product)
	s.paths["/portal/keys/{id}"] = []string{"/portal/keys/" + m.key.ID}
	s.paths["/portal/webhooks/endpoints/{id}"] = []string{"/portal/webhooks/endpoints/" + m.endpoint}
	s.paths["/app/payments/{transaction}"] = []string{"/app/payments/" + transaction}
	invoice := "/portal/invoices/" + m.invoices(t, nil).ID
	s.paths["/portal/invoices/{id}"], s.paths["/portal/invoices/{id}/trail"] = []string{invoice}, []string{invoice + "/trail"}
	s.paths["/portal/received/{id}"] = []string{"/portal/received/" + m.receives(t, "F-2026-21").ID}
	file, _ := m.exports(t, eupay.ExportParams{Kind: eupay.ExportSales})
	s.paths["/portal/exports/{id}/file"] = []string{"/portal/exports/" + file.ID + "/file"}
	s.paths["/portal/admin/merchants/{id}"] = []string{"/portal/admin/merchants/" + m.ID}
	s.givesPoints(t)
	s.handsOutALink(t)
	s.collectsAgain(t)
	s.provesPayments(t)
	s.tellsABrowser(t)
	member := eupay.MemberParams{Email: "m" + m.Email, Password: password, Name: arabicName, Role: eupay.RoleStaff}
	if _, err := m.office.Team.Add(t.Context(), member); err != nil {
		t.Fatal(err)
	}
	s.cookies["owner"] = logsIn(t, "/portal/login", m.Email, password)
	s.cookies["admin"] = logsIn(t, "/portal/login", system.AdminEmail, shared.stack.System().Secrets.AdminLogin)
	s.cookies["payer"] = logsIn(t, "/app/login", "customer-"+strings.ReplaceAll(guest.ip, ".", "-")+"@example.com", password)
	return s
}

// provesPayments connects the merchant's account, and has a line for a payment.
func (s *shop) provesPayments(t *testing.T) {
	t.Helper()
	r := &receiver{merchant: s.m, iban: merchantIBAN}
	r.account = r.connects(t)
	p := s.m.paid(t, nil)
	eventually(t, "the payment has a line", func() bool {
		lines := r.lines(t, eupay.BankLineParams{Reference: p.Reference})
		if len(lines) > 0 {
			s.paths["/portal/settlement/lines/{id}"] = []string{"/portal/settlement/lines/" + lines[0].ID}
		}
		return len(lines) > 0
	})
}

// sells has a guest order and pay with the app.
func (s *shop) sells(t *testing.T, guest caller) (n menu, transaction string) {
	t.Helper()
	n = s.m.sells(t, "3.50", 20)
	for _, name := range []string{longName, arabicName} {
		in := object{"name": name, "category": "à partager", "price_ttc": 24, "vat_rate": 10, "stock_quantity": 3}
		if a := s.m.portal.do(t, http.MethodPost, "/product/create", in.json()); a.status != http.StatusCreated {
			t.Fatalf("%s", a.raw)
		}
	}
	o := n.order(t, 2)
	transaction = guest.paysWithTheApp(t, o.Payment.Code.QRData, nil)
	eventually(t, "the kitchen has the order", func() bool { return s.m.orderStatus(t, o.Order.ID) == "received" })
	eventually(t, "the points are there", func() bool { return guest.points(t) == 7 })
	table := must[struct{ Data []struct{ ID string } }](t, s.m.portal.do(t, http.MethodGet, "/table-order/tables", ""), http.StatusOK).Data[0].ID
	guestPage := "/order/" + strings.TrimPrefix(n.path, "/table-order/menu/")
	s.paths["/order/{merchant}/{token}"] = []string{guestPage, guestPage + "?order=" + o.Order.ID, "/order/" + s.m.ID + "/none"}
	s.paths["/portal/orders/{id}"] = []string{"/portal/orders/" + o.Order.ID}
	s.paths["/portal/orders/{id}/invoice"] = []string{"/portal/orders/" + o.Order.ID + "/invoice"}
	s.hasBill(t, n)
	s.paths["/portal/stock/products/{id}"] = []string{"/portal/stock/products/" + n.product}
	s.paths["/portal/tables/{id}"] = []string{"/portal/tables/" + table}
	s.paths["/portal/catalog/{id}"] = []string{"/portal/catalog/" + n.product}
	s.cooks(t, n.withSetMenu(t))
	s.paths["/portal/promotions/{id}"] = []string{"/portal/promotions/" + s.m.promotes(t, "BIENVENUE10")}
	s.paths["/portal/catalog/options/groups/{id}"] = []string{"/portal/catalog/options/groups/" + n.withOptions(t).group}
	return n, transaction
}

// cooks has two stations, and a set menu whose parts are made there.
func (s *shop) cooks(t *testing.T, l lunch) {
	t.Helper()
	s.paths["/portal/catalog/set-menus/products/{id}"] = []string{"/portal/catalog/set-menus/products/" + l.id}
	for _, station := range []object{{"name": "Bar"}, {"name": longName[:60], "products": []string{l.wine}}} {
		if a := s.m.portal.do(t, http.MethodPost, "/kitchen/stations", station.json()); a.status != http.StatusCreated {
			t.Fatalf("%s", a.raw)
		}
	}
	order := object{"orderType": "dine_in", "items": []object{{"productId": l.id, "quantity": 2, "parts": []object{
		{"part": l.parts[0], "product_id": l.product}, {"part": l.parts[1], "product_id": l.wine, "course": 2},
	}}}}
	if a := s.m.w.caller().do(t, http.MethodPost, l.path, order.json()); a.status != http.StatusCreated {
		t.Fatalf("%s", a.raw)
	}
	s.paths["/portal/kitchen"] = []string{"/portal/kitchen", "/portal/kitchen?view=stations"}
}

// hasBill has guests at a table who pay later.
func (s *shop) hasBill(t *testing.T, n menu) {
	t.Helper()
	n.laterOrder(t, 1)
	b := must[struct{ Data []tableBill }](t, s.m.portal.do(t, http.MethodGet, "/table-order/bills?status=open", ""), http.StatusOK).Data[0]
	s.paths["/order/bill/{token}"], s.paths["/portal/bills/{id}"] = []string{"/order/bill/" + b.Token}, []string{"/portal/bills/" + b.ID}
	payments := "/table-order/bills/" + b.ID + "/payments"
	paid := must[tableBill](t, s.m.portal.with("Idempotency-Key", "one").do(t, http.MethodPost, payments, `{"method":"cash","amount":1}`), http.StatusCreated)
	s.paths["/portal/bills/{id}/payments/{payment}/invoice"] = []string{"/portal/bills/" + b.ID + "/payments/" + paid.Payments[0].ID + "/invoice"}
}

// takesPayments has one of each outcome, and a code that asks for one.
func (s *shop) takesPayments(t *testing.T) {
	t.Helper()
	paid, open := s.m.paid(t, object{"reference": "ORDER-1042"}), s.m.pays(t, object{"description": longName[:60]})
	if _, err := s.m.client.Refunds.Create(t.Context(), paid.Reference, eupay.RefundParams{Amount: 1000}); err != nil {
		t.Fatal(err)
	}
	s.paths["/portal/payments/{reference}"] = []string{"/portal/payments/" + paid.Reference, "/portal/payments/" + open.Reference}
	s.paths["/portal/webhooks/deliveries/{id}"] = []string{"/portal/webhooks/deliveries/" + s.m.deliveries(t, paid.Reference)[0].ID}
	own := must[struct{ QRData string }](t, s.m.portal.do(t, http.MethodPost, "/qr/generate", `{"label":"Till 2"}`), http.StatusOK).QRData
	s.m.banks(t, eupay.BankListParams{})
	mine := strings.TrimPrefix(own, shared.stack.URL())
	s.paths["/pay"] = []string{"/pay", strings.TrimPrefix(open.QRData.QRData, shared.stack.URL()), mine, mine + "&bank_search=ba"}
	s.paths["/portal/payments/new"] = []string{"/portal/payments/new", "/portal/payments/new?bank_search=ba"}
	s.paths["/pay/result"] = []string{"/pay/result?reference=" + paid.Reference, "/pay/result?reference=" + open.Reference}
}

// handsOutALink has one that can be paid, and one that has ended.
func (s *shop) handsOutALink(t *testing.T) {
	t.Helper()
	open := s.m.link(t, eupay.PaymentLinkParams{Description: longName, MinimumAmount: 100, MaximumAmount: 100000, Reusable: true, ExpiresAt: time.Now().Add(24 * time.Hour)})
	ended := s.m.link(t, eupay.PaymentLinkParams{Description: arabicName, Amount: 2999})
	if _, err := s.m.client.PaymentLinks.Revoke(t.Context(), ended.ID); err != nil {
		t.Fatal(err)
	}
	s.paths["/portal/links/{id}"] = []string{"/portal/links/" + open.ID, "/portal/links/" + ended.ID}
	s.paths["/l/{slug}"] = []string{"/l/" + path.Base(open.URL), "/l/" + path.Base(open.URL) + "?bank_search=ba", "/l/" + path.Base(ended.URL), "/l/1111111111"}
}

// collectsAgain has a subscription with its calendar, one whose payer has yet to authorise it, and one that only the payer can stop.
func (s *shop) collectsAgain(t *testing.T) {
	t.Helper()
	s.m.banks(t, eupay.BankListParams{})
	links := s.m.subscribe(t, eupay.SubscriptionParams{Description: longName, Collect: eupay.CollectLinks, StartDate: inParis(t, 0), Frequency: eupay.Weekly})
	open := s.m.subscribe(t, eupay.SubscriptionParams{Description: arabicName, Count: 3})
	kept := s.m.authorised(t, "no-way-back", eupay.SubscriptionParams{})
	if _, err := s.m.client.Subscriptions.Cancel(t.Context(), kept.ID, eupay.CancelSubscriptionParams{}); err == nil {
		t.Fatal("a bank that cannot cancel has cancelled")
	}
	for _, id := range []string{links.ID, open.ID, kept.ID} {
		s.paths["/portal/subscriptions/{id}"] = append(s.paths["/portal/subscriptions/{id}"], "/portal/subscriptions/"+id)
	}
	s.paths["/portal/subscriptions/{id}/replace"] = []string{"/portal/subscriptions/" + links.ID + "/replace"}
}

// tellsABrowser has one that is told of everything.
func (s *shop) tellsABrowser(t *testing.T) {
	t.Helper()
	s.m.browser(t)
	browsers, err := s.m.office.Push.List(t.Context(), eupay.ListParams{})
	if err != nil || len(browsers.Data) == 0 {
		t.Fatal(err)
	}
	id := browsers.Data[0].ID
	all := []eupay.PushEventType{
		eupay.PushPaymentCompleted, eupay.PushPaymentFailed, eupay.PushPaymentRefunded, eupay.PushInvoiceRejected, eupay.PushEndpointFailing,
	}
	if _, err := s.m.office.Push.Update(t.Context(), id, eupay.PushChange{EventTypes: all}); err != nil {
		t.Fatal(err)
	}
	s.paths["/portal/notifications/{id}"] = []string{"/portal/notifications/" + id}
}

// givesPoints has a member with points of whom some are held.
func (s *shop) givesPoints(t *testing.T) {
	t.Helper()
	m, err := s.m.client.Rewards.AddMember(t.Context(), eupay.RewardMemberParams{CustomerNumber: arabicName})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.m.client.Rewards.Adjust(t.Context(), m.ID, eupay.RewardAdjustmentParams{Points: 120, Reason: longName}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.m.client.Rewards.Hold(t.Context(), eupay.RedemptionParams{MemberID: m.ID, Points: 20, Reference: longName}); err != nil {
		t.Fatal(err)
	}
	s.paths["/portal/rewards/members/{id}"] = []string{"/portal/rewards/members/" + m.ID}
}

func (s *shop) makesOffers(t *testing.T, product string) {
	t.Helper()
	offer, err := s.m.office.Offers.Create(t.Context(), eupay.OfferParams{Name: "Happy hour", Type: "percentage", Value: json.Number("10"), MinOrder: 1000})
	if err != nil {
		t.Fatal(err)
	}
	on, err := s.m.office.ProductOffers.Create(t.Context(), eupay.ProductOfferParams{ProductID: product, Name: "Petit noir", Type: "fixed_price", Value: json.Number("3")})
	if err != nil {
		t.Fatal(err)
	}
	s.paths["/portal/catalog/offers/{kind}/{id}"] = []string{"/portal/catalog/offers/orders/" + offer.ID, "/portal/catalog/offers/products/" + on.ID}
}

// logsIn returns the cookies of a browser that has logged in with that form.
func logsIn(t *testing.T, form, email, secret string) []*http.Cookie {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := http.Client{Transport: behind{shared.caller()}, Jar: jar, CheckRedirect: stay}
	resp, err := client.PostForm(pageURL(form), url.Values{"email": {email}, "password": {secret}})
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	site, err := url.Parse(pageURL("/"))
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusSeeOther || len(jar.Cookies(site)) == 0 {
		t.Fatalf("%s does not log in at %s: %s", email, form, resp.Status)
	}
	return jar.Cookies(site)
}
