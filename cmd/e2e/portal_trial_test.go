package e2e

import (
	"cmp"
	"maps"
	"net/http"
	"path"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	eupay "european-pay.eu/eupay/sdk/go"
)

// trial is what the examples of the documentation are tried with.
type trial struct {
	m *merchant
	// login is the owner's at the password that the examples name; its first token is used until the end.
	login, guest, admin, newcomer caller
	// known is what answers told, by the path below which it is; own are ids for one operation, or for one parameter, alone.
	known map[string]map[string]any
	own   map[string]string
	// values replace the placeholders of examples.
	values map[string]string
	token  eupay.Secret // of login
}

// documentedPassword is that of the examples.
const documentedPassword = "a long pass phrase"

// newTrial makes what the examples speak of.
func newTrial(t *testing.T) *trial {
	t.Helper()
	m, guest := shared.mayInvoice(t), shared.newCustomer(t)
	if a := m.portal.do(t, http.MethodPatch, "/merchant", `{"loyalty_eligible":true,"epc_enabled":true}`); a.status != http.StatusOK {
		t.Fatalf("%s", a.raw)
	}
	if a := m.portal.do(t, http.MethodPost, "/auth/password", object{"current_password": password, "new_password": documentedPassword}.json()); a.status != http.StatusNoContent {
		t.Fatalf("%s", a.raw)
	}
	s := &trial{m: m, guest: guest, newcomer: shared.register(t).portal, known: map[string]map[string]any{}, own: map[string]string{}, values: map[string]string{}}
	login := func() *eupay.Login {
		got, err := m.portalless().client("", "").Auth.Login(t.Context(), eupay.Credentials{Email: m.Email, Password: documentedPassword})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	first, other, third := login(), login(), login()
	s.token = first.Token
	s.login = m.portalless().with("Authorization", "Bearer "+string(first.Token))
	token, err := shared.admin()
	if err != nil {
		t.Fatal(err)
	}
	s.admin = shared.caller().with("Authorization", "Bearer "+token)
	s.values["rt_..."] = string(other.RefreshToken)
	s.own["endSession"] = ownLogin(t, m.portalless().with("Authorization", "Bearer "+string(third.Token)))
	s.sells(t)
	s.givesPoints(t)
	s.takesPayments(t)
	s.knows("/einvoice/received", m.receives(t, "F-2026-31").ID)
	return s
}

// ownLogin is the id of the caller's own login.
func ownLogin(t *testing.T, c caller) string {
	t.Helper()
	for _, s := range must[struct {
		Data []struct {
			ID      string
			Current bool
		}
	}](t, c.do(t, http.MethodGet, "/auth/sessions", ""), http.StatusOK).Data {
		if s.Current {
			return s.ID
		}
	}
	t.Fatal("no login is the caller's own")
	return ""
}

// sells has a table and a product, and an order that was paid with the app.
func (s *trial) sells(t *testing.T) {
	t.Helper()
	n := s.m.sells(t, "3.50", 50)
	o := n.order(t, 2)
	transaction := s.guest.paysWithTheApp(t, o.Payment.Code.QRData, nil)
	s.knows("/customer/payments", transaction)
	s.knows("/qr/transactions", transaction)
	eventually(t, "the kitchen has the order", func() bool { return s.m.orderStatus(t, o.Order.ID) == "received" })
	s.knows("/table-order/orders", o.Order.ID)
	parts := strings.Split(n.path, "/")
	s.values["3f8a2c1e-5b7d-4f90-8a21-6c3d9e0b4f12"] = n.product
	s.own["merchantId"], s.own["token"] = s.m.ID, parts[len(parts)-1]
	s.values["customer_bank_account_id"] = s.guest.accounts(t)[0].ID
	s.knows("/customer/accounts", s.values["customer_bank_account_id"])
	table := must[struct{ Data []struct{ ID string } }](t, s.m.portal.do(t, http.MethodGet, "/table-order/tables", ""), http.StatusOK).Data[0].ID
	s.knows("/table-order/tables", table)
	code := must[struct{ QRData string }](t, s.m.portal.do(t, http.MethodPost, "/qr/generate", `{"label":"Payment to My Shop"}`), http.StatusOK).QRData
	for _, placeholder := range []string{"https://www.european-pay.fr/pay?data=eyJ...", "https://european-pay.fr/pay?data=eyJ...", "https://european-pay.fr/pay?data=eyJ…"} {
		s.values[placeholder] = code
	}
}

// takesPayments has a payment of each kind that the examples speak of.
func (s *trial) takesPayments(t *testing.T) {
	t.Helper()
	paid, unsure := s.m.paid(t, nil), s.m.pays(t, nil)
	if a := s.m.api.do(t, http.MethodGet, "/gateway/payments/"+unsure.Reference+"/qr.png?type=epc", ""); a.status != http.StatusOK {
		t.Fatalf("%s", a.raw)
	}
	s.own["slug"] = path.Base(s.m.link(t, eupay.PaymentLinkParams{Amount: 2999}).URL)
	s.own["cancelPayment"] = s.m.pays(t, nil).Reference
	s.own["confirmReceived"] = unsure.Reference
	s.knows("/gateway/payments", s.m.pays(t, nil).Reference)
	for _, id := range []string{"refundPayment", "listRefunds", "getReceipt"} {
		s.own[id] = paid.Reference
	}
	big := object{"items": []object{{"product_name": "Consulting", "quantity": 1, "unit_price_ttc": 1800, "vat_rate": 20}}}
	s.own["cancelInvoice"], s.own["createCreditNote"] = s.m.invoices(t, nil).ID, s.m.invoices(t, big).ID
	if a := s.m.api.do(t, http.MethodPost, "/einvoice/invoices/"+s.own["createCreditNote"]+"/mark-paid", `{"payment_method":"bank"}`); a.status != http.StatusOK {
		t.Fatalf("%s", a.raw)
	}
	s.knows("/webhook-deliveries", s.m.deliveries(t, paid.Reference)[0].ID)
	s.own["listWebhookAttempts"], s.own["testWebhookEndpoint"] = s.m.endpoint, s.m.endpoint
	s.knows("/admin/merchants", s.m.ID)
	me := must[struct{ ID string }](t, s.login.do(t, http.MethodGet, "/auth/me", ""), http.StatusOK)
	s.knows("/admin/users", me.ID)
}

// id is what stands for a parameter of the path.
func (s *trial) id(o tried, name, example string) string {
	below, _, _ := strings.Cut(o.Path, "/{"+name+"}")
	told, _ := s.known[below][name].(string)
	return cmp.Or(s.own[o.ID], s.own[name], told, example)
}

// knows notes the id of what is below the path.
func (s *trial) knows(below, id string) { s.known[below] = map[string]any{"id": id, "reference": id} }

// givesPoints has a member who can redeem what the example redeems.
func (s *trial) givesPoints(t *testing.T) {
	t.Helper()
	m, err := s.m.client.Rewards.AddMember(t.Context(), eupay.RewardMemberParams{CustomerNumber: "C-1"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.m.client.Rewards.Adjust(t.Context(), m.ID, eupay.RewardAdjustmentParams{Points: 1000, Reason: "Opening"}); err != nil {
		t.Fatal(err)
	}
	s.values["01977db0-7c35-7a4e-9c53-2f1f3c5f0a12"] = m.ID
}

// instead are the values that stand for those of the example's body.
func (s *trial) instead(o tried) map[string]string {
	all := maps.Clone(s.values)
	switch o.ID {
	case "login", "forgotPassword":
		all["owner@example.com"] = s.m.Email
	case "loginCustomer":
		all["jane@example.com"] = s.own["jane"]
	case "registerCustomer":
		s.own["jane"] = fresh()
		all["jane@example.com"] = s.own["jane"]
	default:
		all["owner@example.com"], all["waiter@example.com"] = fresh(), fresh()
	}
	return all
}

// pressed are the operations whose button is pressed on a page of the documentation, in this order: each takes the ids that the answers
// before it told.
var pressed = []struct {
	page string
	ids  []string
}{
	{"/docs/payments", []string{"createPayment", "getPayment", "listPayments", "getPaymentHistory", "getPublicStatus", "summarizePayments", "cancelPayment"}},
	{"/docs/webhooks", []string{"createWebhookEndpoint", "getWebhookEndpoint", "testWebhookEndpoint", "listEvents", "getEvent"}},
	{"/docs/catalog", []string{"createProduct", "getProduct", "updateProduct", "deleteProduct"}},
	{"/docs/table-ordering", []string{"createTable", "getMenu", "refreshTableCode"}},
}

// portalTheTesterAnswers presses buttons of the documentation with a key and a login in the fields.
func portalTheTesterAnswers(t *testing.T) {
	s := newTrial(t)
	b := openPages(t)
	act(b, "hold a window", chromedp.EmulateViewport(1440, 900))
	for _, p := range pressed {
		b.goTo(pageURL(p.page))
		b.set("[data-credentials] [name=key]", s.m.key.APIKey)
		b.set("[data-credentials] [name=secret]", string(s.m.key.APISecret))
		b.set("[data-credentials] [name=token]", string(s.token))
		for _, id := range p.ids {
			b.press("[data-try=" + id + "]")
			act(b, "send", chromedp.Evaluate[bool](`(document.querySelector("[data-run-send]").click(), true)`))
			act(b, "wait for the answer to "+id, chromedp.WaitVisible(chromedp.CSS("[data-answer]")))
			if status := b.text("[data-answer-status]"); status[:1] != "2" {
				t.Errorf("%s answers %s: %s", id, status, b.text("[data-answer-body]"))
			}
		}
	}
}
