package e2e

import (
	"bytes"
	"crypto/ecdh"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"european-pay.eu/eupay/cmd/internal/payer"
)

// placed is what a guest gets for an order.
type placed struct {
	Order struct {
		ID, Status string
		Total      json.Number
	}
	Payment struct {
		Reference  string
		PaymentURL string                  `json:"payment_url"`
		Code       struct{ QRData string } `json:"qr_data"`
	}
}

// menu is a merchant's table with one product on its menu.
type menu struct {
	m             *merchant
	product, path string
}

func (m *merchant) sells(t testing.TB, price json.Number, stock int) menu {
	t.Helper()
	product := must[struct{ ID string }](t, m.portal.do(t, http.MethodPost, "/product/create",
		object{"name": "Café Noisette", "category": "boissons", "price_ttc": price, "vat_rate": 10, "stock_quantity": stock}.json()), http.StatusCreated).ID
	table := must[struct {
		Token string `json:"qr_token"`
	}](t, m.portal.do(t, http.MethodPost, "/table-order/tables", `{"name":"Table 4","zone":"Terrasse","capacity":4}`), http.StatusCreated)
	return menu{m, product, "/table-order/menu/" + m.ID + "/" + table.Token}
}

func (n menu) order(t testing.TB, quantity int) placed {
	t.Helper()
	body := object{"items": []object{{"productId": n.product, "quantity": quantity}}, "orderType": "dine_in", "payNow": true}
	return must[placed](t, n.m.w.caller().do(t, http.MethodPost, n.path, body.json()), http.StatusCreated)
}

func (n menu) stock(t testing.TB) int {
	t.Helper()
	return must[struct {
		Stock int `json:"stock_quantity"`
	}](t, n.m.portal.do(t, http.MethodGet, "/product/"+n.product, ""), http.StatusOK).Stock
}

func (m *merchant) orderStatus(t testing.TB, id string) string {
	t.Helper()
	return must[struct{ Status string }](t, m.portal.do(t, http.MethodGet, "/table-order/orders/"+id, ""), http.StatusOK).Status
}

// browser subscribes one to notifications and returns how many came.
func (m *merchant) browser(t testing.TB) (notified <-chan struct{}) {
	t.Helper()
	came := make(chan struct{}, 100)
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		came <- struct{}{}
		w.WriteHeader(http.StatusCreated)
	}))
	t.Cleanup(service.Close)
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	keys := object{"p256dh": base64.RawURLEncoding.EncodeToString(key.PublicKey().Bytes()), "auth": base64.RawURLEncoding.EncodeToString(make([]byte, 16))}
	in := object{"endpoint": service.URL + "/push/1", "expirationTime": nil, "keys": keys}
	if a := m.portal.do(t, http.MethodPost, "/push/subscriptions", in.json()); a.status != http.StatusCreated {
		t.Fatalf("not subscribed: %d %s", a.status, a.raw)
	}
	return came
}

// pays with the app: scan, choose the linked account, authorise at the bank. It returns the transaction.
func (c caller) paysWithTheApp(t *testing.T, qrData string, more object) string {
	t.Helper()
	if len(c.accounts(t)) == 0 {
		c.links(t)
	}
	in := object{"qrData": qrData, "accountId": c.accounts(t)[0].ID}
	for name, value := range more {
		in[name] = value
	}
	paid := must[struct{ WebauthURL, TransactionID string }](t, c.do(t, http.MethodPost, "/qr/pay", in.json()), http.StatusCreated)
	// Nobody waits for the payer but the app: the way back ends at a page of ours.
	if _, err := (payer.Payer{}).Pay(t.Context(), paid.WebauthURL, payer.Authorise); !errors.Is(err, payer.ErrStayed) {
		t.Fatal(err)
	}
	return paid.TransactionID
}

func (c caller) points(t *testing.T) int {
	t.Helper()
	return must[struct{ Balance int }](t, c.do(t, http.MethodGet, "/customer/loyalty", ""), http.StatusOK).Balance
}

// TestAnOrderFromTheProductToThePoints goes the whole way: product, table, menu, order, scan, bank, and what follows.
func TestAnOrderFromTheProductToThePoints(t *testing.T) {
	t.Parallel()
	m, guest := shared.newMerchant(t), shared.newCustomer(t)
	for path, body := range map[string]string{
		"/merchant": `{"loyalty_eligible":true}`, "/webhook-endpoints/" + m.endpoint: `{"event_types":["payment.completed","order.received"]}`,
	} {
		if a := m.portal.do(t, http.MethodPatch, path, body); a.status != http.StatusOK {
			t.Fatalf("%s: %s", path, a.raw)
		}
	}
	notified := m.browser(t)
	n := m.sells(t, "3.50", 3)
	shown := must[struct {
		Menu map[string][]struct {
			ID    string
			Price json.Number `json:"price_ttc"`
		}
	}](t, shared.caller().do(t, http.MethodGet, n.path, ""), http.StatusOK)
	if got := shown.Menu["boissons"]; len(got) != 1 || got[0].ID != n.product || got[0].Price != "3.5" {
		t.Fatalf("the menu shows %v", shown.Menu)
	}
	o := n.order(t, 2)
	if o.Order.Status != "awaiting_payment" || o.Order.Total != "7" || n.stock(t) != 1 {
		t.Fatalf("ordered %+v, %d left", o, n.stock(t))
	}
	// A guest whose page was closed finds where to pay.
	again := must[struct {
		PaymentURL string `json:"payment_url"`
	}](t, shared.caller().do(t, http.MethodGet, "/table-order/orders/"+o.Order.ID+"?token="+n.path[strings.LastIndex(n.path, "/")+1:], ""), http.StatusOK)
	if again.PaymentURL == "" || again.PaymentURL != o.Payment.PaymentURL {
		t.Errorf("the guest reads %q, and was told %q", again.PaymentURL, o.Payment.PaymentURL)
	}
	guest.paysWithTheApp(t, o.Payment.Code.QRData, nil)
	m.site.next(t, "payment.completed", o.Payment.Reference)
	eventually(t, "the kitchen has the order", func() bool { return m.orderStatus(t, o.Order.ID) == "received" })
	eventually(t, "the merchant is told of the order", func() bool {
		return len(m.deliveries(t, o.Order.ID)) == 1
	})
	eventually(t, "the points are there", func() bool { return guest.points(t) == 7 })
	<-notified
	if n.stock(t) != 1 {
		t.Errorf("%d left, want 1", n.stock(t))
	}
	// Told once of one payment, of which money moved once, and its own way is closed.
	if list := m.deliveries(t, o.Payment.Reference); len(list) != 1 {
		t.Errorf("told %v", list)
	}
	if end, err := (payer.Payer{}).Pay(t.Context(), o.Payment.PaymentURL, payer.Authorise); err == nil || errors.Is(err, payer.ErrStayed) {
		t.Errorf("the URL still pays, and ends at %s", end)
	}
	for _, status := range []string{"preparing", "ready", "served"} {
		if a := m.portal.do(t, http.MethodPost, "/table-order/orders/"+o.Order.ID+"/status", object{"status": status}.json()); a.status != http.StatusOK {
			t.Errorf("%s: %s", status, a.raw)
		}
	}
}

func TestAnOrderWhosePaymentFailsGivesItsGoodsBack(t *testing.T) {
	t.Parallel()
	m := shared.newMerchant(t)
	n := m.sells(t, "3.50", 3)
	o := n.order(t, 3)
	n.m.w.caller().do(t, http.MethodPost, n.path, object{"items": []object{{"productId": n.product, "quantity": 1}}, "orderType": "dine_in", "payNow": true}.json()).
		refused(t, http.StatusBadRequest, "VALIDATION_ERROR")
	if _, err := (payer.Payer{}).Pay(t.Context(), o.Payment.PaymentURL, payer.Refuse); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the order is over", func() bool { return m.orderStatus(t, o.Order.ID) == "payment_failed" })
	if got := n.stock(t); got != 3 {
		t.Errorf("%d in stock, want 3", got)
	}
}

// TestCancellingAnOrderCancelsItsPayment: the gateway says that the order is cancelled, and nothing after it.
func TestCancellingAnOrderCancelsItsPayment(t *testing.T) {
	t.Parallel()
	m := shared.newMerchant(t)
	n := m.sells(t, "3.50", 3)
	status := func(o placed, body string) object {
		return must[object](t, m.portal.do(t, http.MethodPost, "/table-order/orders/"+o.Order.ID+"/status", body), http.StatusOK)
	}
	unpaid := n.order(t, 1)
	if now := status(unpaid, `{"status":"cancelled"}`); now["payment_status"] != "unpaid" || now["paid_at"] != nil || now["refund"] != nil {
		t.Errorf("an unpaid order: %v", now)
	}
	eventually(t, "the payment is cancelled", func() bool { return m.get(t, unpaid.Payment.Reference).Status == "cancelled" })
	paid := n.order(t, 2)
	m.w.bank().authorise(t, paid.Payment.Reference, object{})
	eventually(t, "the kitchen has the order", func() bool { return m.orderStatus(t, paid.Order.ID) == "received" })
	if now := status(paid, `{"status":"cancelled","refund":true}`); now["payment_status"] != "paid" || now["paid_at"] == nil || now["refund"] == nil {
		t.Errorf("a paid order: %v", now)
	}
	eventually(t, "the refund is there", func() bool {
		refunds := mustData[[]payment](t, m.api.do(t, http.MethodGet, "/gateway/payments/"+paid.Payment.Reference+"/refunds", ""), http.StatusOK)
		return len(refunds) == 1 && refunds[0].Amount == 700
	})
	if n.stock(t) != 3 {
		t.Errorf("%d in stock, want 3", n.stock(t))
	}
}

func TestAMerchantsCodeIsPaidRepeatedly(t *testing.T) {
	t.Parallel()
	m, guest := shared.newMerchant(t), shared.newCustomer(t)
	code := must[struct{ QRData string }](t, m.portal.do(t, http.MethodPost, "/qr/generate", `{"label":"Payment to My Shop"}`), http.StatusOK)
	guest.do(t, http.MethodPost, "/qr/pay", object{"qrData": code.QRData, "accountId": "nobodys", "amount": json.Number("9.99")}.json()).refused(t, http.StatusNotFound, "NOT_FOUND")
	first := guest.paysWithTheApp(t, code.QRData, object{"amount": json.Number("9.99")})
	h := m.site.next(t, "payment.completed", first)
	if !strings.Contains(string(h.raw), `"metadata":{"qr":{"request_id":"`) || !strings.Contains(string(h.raw), `"label":"Payment to My Shop"`) {
		t.Errorf("the webhook says %s", h.raw)
	}
	if at := shared.bank().order(t, first); !strings.HasPrefix(at.Label, "Payment to My Shop - ") || !strings.HasSuffix(at.Label, first[13:]) {
		t.Errorf("the bank shows %q", at.Label)
	}
	second := guest.paysWithTheApp(t, code.QRData, object{"amount": json.Number("9.99")})
	if first == second {
		t.Fatal("the second payment is the first")
	}
	m.site.next(t, "payment.completed", second)
	if p := m.get(t, second); p.Amount != 999 || p.Status != "completed" {
		t.Errorf("%+v", p)
	}
	stranger := shared.newCustomer(t)
	stranger.do(t, http.MethodGet, "/qr/transactions/"+first, "").refused(t, http.StatusNotFound, "NOT_FOUND")
}

func TestTheMerchantsPermanentCodeStaysTheSame(t *testing.T) {
	t.Parallel()
	m := shared.newMerchant(t)
	first := m.portal.do(t, http.MethodGet, "/qr/merchant.png", "")
	again := m.portal.do(t, http.MethodGet, "/qr/merchant.png", "")
	if first.status != http.StatusOK || !bytes.Equal(first.raw, again.raw) {
		t.Errorf("%d, the same: %v", first.status, bytes.Equal(first.raw, again.raw))
	}
	m.portal.do(t, http.MethodGet, "/qr/merchant.svg?type=epc", "").refused(t, http.StatusConflict, "INVALID_STATE")
	if a := m.portal.do(t, http.MethodPatch, "/merchant", `{"epc_enabled":true}`); a.status != http.StatusOK {
		t.Fatalf("%s", a.raw)
	}
	if a := m.portal.do(t, http.MethodGet, "/qr/merchant.svg?type=epc", ""); a.status != http.StatusOK {
		t.Errorf("%d %s", a.status, a.raw)
	}
	for _, card := range []string{"/qr/cards/merchant.pdf?format=a4", "/qr/cards/merchant.pdf?lang=en"} {
		if a := m.portal.do(t, http.MethodGet, card, ""); a.status != http.StatusOK || !strings.HasPrefix(string(a.raw), "%PDF-") {
			t.Errorf("%s: %d", card, a.status)
		}
	}
}

func TestTheMerchantConfirmsMoneyThatNoProviderReports(t *testing.T) {
	t.Parallel()
	m := shared.newMerchant(t)
	p := m.pays(t, nil)
	confirm := "/gateway/payments/" + p.Reference + "/confirm-received"
	m.w.caller().do(t, http.MethodPost, confirm, `{}`).refused(t, http.StatusUnauthorized, "UNAUTHENTICATED")
	m.api.do(t, http.MethodPost, confirm, `{}`).refused(t, http.StatusConflict, "INVALID_STATE")
	if a := m.portal.do(t, http.MethodPatch, "/merchant", `{"epc_enabled":true}`); a.status != http.StatusOK {
		t.Fatalf("%s", a.raw)
	}
	if a := m.api.do(t, http.MethodGet, "/gateway/payments/"+p.Reference+"/qr.png?type=epc", ""); a.status != http.StatusOK {
		t.Fatalf("no code: %d %s", a.status, a.raw)
	}
	if a := m.api.do(t, http.MethodPost, confirm, `{"note":"seen on the statement"}`); a.status != http.StatusOK {
		t.Fatalf("%d %s", a.status, a.raw)
	}
	m.site.next(t, "payment.completed", p.Reference)
	m.api.do(t, http.MethodPost, confirm, `{}`).refused(t, http.StatusConflict, "INVALID_STATE")
	if end, err := (payer.Payer{}).Pay(t.Context(), p.PaymentURL, payer.Authorise); err == nil || errors.Is(err, payer.ErrStayed) {
		t.Errorf("the URL still pays, and ends at %s", end)
	}
}
