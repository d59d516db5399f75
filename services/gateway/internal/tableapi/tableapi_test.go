package tableapi

import (
	"bytes"
	"compress/gzip"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"european-pay.eu/eupay/internal/errs"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/rights"
)

var packed = func() []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	io.WriteString(z, menuBody)
	z.Close()
	return b.Bytes()
}()

const example = `{"items":[{"productId":"` + orderID + `","quantity":2,"notes":"sans sucre"}],"orderType":"dine_in","payNow":false}`

func want(t *testing.T, r reply, status int, what string) {
	t.Helper()
	if r.status != status {
		t.Errorf("%s answers %d %s, want %d", what, r.status, r.text, status)
	}
}

func TestTablesAreManagedAsDocumented(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := f.call(t, f.owner, "POST", "/table-order/tables", `{ "name": "Table 4", "zone": "Terrasse", "capacity": 4 }`)
	want(t, r, 201, "create")
	if r.json["qr_token"] != token || r.json["name"] != "Table 4" || r.json["zone"] != "Terrasse" || r.json["qr_url"] == "" {
		t.Errorf("got %s", r.text)
	}
	if req := last[*qrv1.CreateTableRequest](t, f.tables); req.GetMerchantId() != f.merchant || req.GetMerchantName() != "My Store" || req.GetFields().Status != nil {
		t.Errorf("sent %v", req)
	}
	want(t, f.call(t, f.owner, "GET", "/table-order/tables?page=2&limit=5", ""), 200, "list")
	if req := last[*qrv1.ListTablesRequest](t, f.tables); req.GetPage() != 2 || req.GetLimit() != 5 || req.GetMerchantId() != f.merchant {
		t.Errorf("sent %v", req)
	}
	one := "/table-order/tables/" + orderID
	want(t, f.call(t, f.owner, "GET", one, ""), 200, "get")
	want(t, f.call(t, f.owner, "PUT", one, `{"status":"inactive"}`), 200, "update")
	if req := last[*qrv1.UpdateTableRequest](t, f.tables); req.GetFields().Name != nil || req.GetFields().GetStatus() != "inactive" {
		t.Errorf("sent %v", req)
	}
	want(t, f.call(t, f.owner, "POST", one+"/refresh-qr", ""), 200, "refresh")
	want(t, f.call(t, f.owner, "DELETE", one, ""), 204, "delete")
	want(t, f.call(t, f.owner, "POST", "/table-order/tables", `{"name":"x","token":"mine"}`), 400, "an unknown field")
	want(t, f.call(t, f.owner, "GET", "/table-order/tables/"+strings.Repeat("x", 65), ""), 404, "an impossible id")
}

func TestWhoMayDoWhat(t *testing.T) {
	t.Parallel()
	f := setup(t)
	logins := map[rights.Role]string{rights.RoleMerchant: f.owner, "": ""}
	for _, role := range []rights.Role{rights.RoleStaff, rights.RoleAccountant} {
		want(t, f.call(t, f.owner, "POST", "/merchant/team", `{"email":"`+string(role)+`@example.com","password":"`+password+`","role":"`+string(role)+`"}`), 201, "add")
		r := f.call(t, "", "POST", "/auth/login", `{"email":"`+string(role)+`@example.com","password":"`+password+`"}`)
		logins[role], _ = r.json["token"].(string)
	}
	r := f.call(t, "", "POST", "/customer/auth/register", `{"email":"jane@example.com","password":"`+password+`"}`)
	logins[rights.RoleCustomer], _ = r.json["token"].(string)
	o := "/" + orderID
	offer, product := `{"name":"x","type":"percentage","value":10}`, `{"name":"x","type":"percentage","value":10,"product_id":"`+orderID+`"}`
	for _, c := range []struct{ method, path, body string }{
		{"GET", "tables", ""},
		{"GET", "tables" + o, ""},
		{"POST", "tables", `{"name":"x"}`},
		{"PUT", "tables" + o, `{"name":"x"}`},
		{"DELETE", "tables" + o, ""},
		{"POST", "tables" + o + "/refresh-qr", ""},
		{"GET", "orders", ""},
		{"GET", "orders/kitchen", ""},
		{"GET", "orders" + o, ""},
		{"POST", "orders" + o + "/status", `{"status":"ready"}`},
		{"GET", "orders" + o + "/cancellations", ""},
		{"POST", "orders" + o + "/cancellations", `{"refund":false}`},
		{"GET", "offers", ""},
		{"GET", "offers" + o, ""},
		{"POST", "offers", offer},
		{"PUT", "offers" + o, offer},
		{"DELETE", "offers" + o, ""},
		{"GET", "product-offers", ""},
		{"POST", "product-offers", product},
		{"PUT", "product-offers" + o, product},
		{"DELETE", "product-offers" + o, ""},
	} {
		for role, login := range logins {
			r := f.call(t, login, c.method, "/table-order/"+c.path, c.body)
			allowed := role == rights.RoleMerchant || role == rights.RoleStaff || (role == rights.RoleAccountant && c.method == "GET")
			if (r.status < 300) != allowed || (!allowed && r.status != 401 && r.status != 403) {
				t.Errorf("%s %s as %q: %d %s", c.method, c.path, role, r.status, r.text)
			}
		}
	}
}

func TestTheMenuIsPassedOnByteByByte(t *testing.T) {
	t.Parallel()
	f := setup(t)
	path := "/table-order/menu/" + f.merchant + "/" + token
	r := f.call(t, "", "GET", path, "")
	if r.status != 200 || r.text != menuBody || r.header.Get("ETag") != `W/"1"` || r.header.Get("Access-Control-Allow-Origin") != "*" || r.header.Get("Vary") != "Accept-Encoding" {
		t.Errorf("got %d %s %v", r.status, r.text, r.header)
	}
	r = f.call(t, "", "GET", path, "", "Accept-Encoding", "br, gzip;q=0.5")
	if r.status != 200 || r.text != string(packed) || r.header.Get("Content-Encoding") != "gzip" {
		t.Errorf("got %d %v", r.status, r.header)
	}
	r = f.call(t, "", "GET", path, "", "If-None-Match", `W/"1"`)
	if r.status != 304 || r.text != "" || r.header.Get("ETag") != `W/"1"` {
		t.Errorf("got %d %s", r.status, r.text)
	}
	for accepted, gz := range map[string]bool{"": false, "gzip": true, "GZIP , br": true, "gzip;q=0": false, "gzip; q=0.0": false, "br": false, "x-gzip": false} {
		if takesGzip(accepted) != gz {
			t.Errorf("%q: gzip %v", accepted, !gz)
		}
	}
	before := f.call(t, "", "OPTIONS", path, "")
	want(t, before, 204, "preflight")
	if got := before.header.Get("Access-Control-Allow-Headers"); !strings.Contains(got, "Authorization, Cache-Control") {
		t.Errorf("a browser may send %s", got)
	}
}

func TestEveryWrongCodeGetsTheSameBytes(t *testing.T) {
	t.Parallel()
	f := setup(t)
	answers := make(map[string]bool)
	for _, pair := range []string{
		f.merchant + "/" + strings.Repeat("0", 32), uuid.NewString() + "/" + strings.Repeat("0", 32), "nonsense/" + strings.Repeat("0", 32), f.merchant + "/nonsense",
		f.merchant + "/%27or%201=1", strings.Repeat("x", 200) + "/y", f.merchant + "/" + strings.Repeat("0", 65),
	} {
		r := f.call(t, "", "GET", "/table-order/menu/"+pair, "")
		want(t, r, 404, pair)
		answers[r.text] = true
		r = f.call(t, "", "POST", "/table-order/menu/"+pair, example)
		want(t, r, 404, pair)
		answers[r.text] = true
	}
	if len(answers) != 1 {
		t.Errorf("answers differ: %v", answers)
	}
}

func TestAGuestOrdersAsDocumented(t *testing.T) {
	t.Parallel()
	f := setup(t)
	path := "/table-order/menu/" + f.merchant + "/" + token
	r := f.call(t, "", "POST", path, example, "Idempotency-Key", "tap")
	want(t, r, 201, "order")
	o, _ := r.json["order"].(map[string]any)
	if o["id"] != orderID || o["number"] != 12.0 || o["status"] != "received" || o["total"] != 7.0 || r.json["payment"] != nil || o["customer_name"] != nil {
		t.Errorf("got %s", r.text)
	}
	req := last[*qrv1.PlaceOrderRequest](t, f.tables)
	if req.GetMerchantId() != f.merchant || req.GetToken() != token || req.GetItems()[0].GetNotes() != "sans sucre" || req.GetItems()[0].GetQuantity() != 2 ||
		!req.GetPayable() || req.GetLivemode() || req.GetIdempotencyKey() != "tap" {
		t.Errorf("sent %v", req)
	}
	f.tables.set(func(s *tables) { s.replayed = true })
	if r := f.call(t, "", "POST", path, example); r.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("got %v", r.header)
	}
	for _, body := range []string{"", `{"items":[],"price":1}`, `{"items":[{"productId":"x","quantity":1,"price":0.01}]}`, `{"items":[{"quantity":1.5}]}`, `{"items":[{"quantity":9999999999}]}`} {
		want(t, f.call(t, "", "POST", path, body), 400, body)
	}
}

func TestAnOrderThatIsPaidNowIsAnsweredWithItsPayment(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.tables.set(func(s *tables) { s.status = "awaiting_payment" })
	path := "/table-order/menu/" + f.merchant + "/" + token
	r := f.call(t, "", "POST", path, strings.Replace(example, "false", "true", 1))
	want(t, r, 201, "order")
	req := last[*qrv1.PlaceOrderRequest](t, f.tables)
	p, _ := r.json["payment"].(map[string]any)
	if p["reference"] != req.GetPaymentReference() || p["payment_url"] != "https://bank.example/pay?a=1&b=2" ||
		p["qr_data"].(map[string]any)["qrData"] != "https://pay.example/"+req.GetPaymentReference() {
		t.Errorf("got %s", r.text)
	}
	if !req.GetPayNow() || !req.GetPayable() || req.GetLivemode() || !strings.HasPrefix(req.GetPaymentReference(), "PAY-") || req.GetMerchantVersion() == 0 {
		t.Errorf("sent %v", req)
	}
	// Not there in time: the guest comes again, with the same key.
	late := errs.New(errs.Unavailable, "Repeat it in a moment.")
	late.RetryAfter = 2 * time.Second
	f.tables.set(func(s *tables) { s.fail = late })
	if r := f.call(t, "", "POST", path, example); r.status != 503 || r.header.Get("Retry-After") != "2" {
		t.Errorf("got %d %s", r.status, r.text)
	}
	f.tables.set(func(s *tables) { s.fail, s.unmade = nil, true })
	if r := f.call(t, "", "POST", path, example); r.status != 503 || r.header.Get("Retry-After") != "2" {
		t.Errorf("a qr service that makes no payments: %d %s", r.status, r.text)
	}
	f.tables.set(func(s *tables) { s.unmade, s.otherMode, s.replayed = false, true, true })
	if r := f.call(t, "", "POST", path, example); r.code() != string(errs.InvalidState) {
		t.Errorf("an order in the other mode: %s", r.text)
	}
	f.tables.set(func(s *tables) {
		s.fail = errs.New(errs.PaymentRefused, "The bank does not take the payment of this order.")
	})
	if r := f.call(t, "", "POST", path, example); r.code() != string(errs.PaymentRefused) {
		t.Errorf("got %s", r.text)
	}
}

// TestAnOrderOfAMerchantWhoIsDisabledIsPaidNoMore, also one that was placed before.
func TestAnOrderOfAMerchantWhoIsDisabledIsPaidNoMore(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.tables.set(func(s *tables) { s.status, s.replayed = "awaiting_payment", true })
	if _, err := f.accounts.Merchants.Enable(t.Context(), "user:admin", f.merchant, false, nil); err != nil {
		t.Fatal(err)
	}
	if r := f.call(t, "", "POST", "/table-order/menu/"+f.merchant+"/"+token, example); r.code() != string(errs.MerchantNotEnabled) {
		t.Errorf("got %s", r.text)
	}
	if req := last[*qrv1.PlaceOrderRequest](t, f.tables); req.GetPayable() {
		t.Errorf("sent %v", req)
	}
}

func TestOrdersAreReadAndMovedOn(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := f.call(t, "", "GET", "/table-order/orders/"+orderID+"?token="+token, "")
	want(t, r, 200, "the guest's order")
	if r.json["payment_url"] != "https://bank.example/pay?a=1&b=2" {
		t.Errorf("got %s", r.text)
	}
	for _, hidden := range []string{"customer_name", "notes\":\"Jane", "payment_reference", "history", "livemode"} {
		if strings.Contains(strings.ReplaceAll(r.text, `"items"`, ""), `"`+hidden) {
			t.Errorf("a guest sees %s: %s", hidden, r.text)
		}
	}
	want(t, f.call(t, "", "GET", "/table-order/orders/"+orderID+"?token=x", ""), 404, "another code")
	want(t, f.call(t, "", "GET", "/table-order/orders/"+orderID, ""), 401, "no code")
	r = f.call(t, f.owner, "GET", "/table-order/orders/"+orderID, "")
	if r.status != 200 || r.json["customer_name"] != "Jane" || len(r.json["history"].([]any)) != 1 {
		t.Errorf("got %s", r.text)
	}
	want(t, f.call(t, f.owner, "GET", "/table-order/orders?status=served&table="+orderID+"&from=2026-06-17T00:00:00Z&payment_reference=PAY-1", ""), 200, "list")
	if req := last[*qrv1.ListOrdersRequest](t, f.tables); req.GetStatus() != "served" || req.GetTableId() != orderID || req.GetFrom() == nil || req.GetPaymentReference() != "PAY-1" || req.GetMerchantId() != f.merchant {
		t.Errorf("sent %v", req)
	}
	want(t, f.call(t, f.owner, "GET", "/table-order/orders?from=yesterday", ""), 400, "a bad time")
	want(t, f.call(t, f.owner, "GET", "/table-order/orders/kitchen", ""), 200, "kitchen")
	want(t, f.call(t, f.owner, "POST", "/table-order/orders/"+orderID+"/status", `{}`), 400, "no status")
	want(t, f.call(t, f.owner, "POST", "/table-order/orders/"+orderID+"/status", `{"status":"cancelled"}`), 200, "cancel")
	want(t, f.call(t, f.owner, "POST", "/table-order/orders/"+orderID+"/status", `{"status":"cancelled","refund":true}`), 200, "cancel and refund")
	if req := last[*qrv1.SetOrderStatusRequest](t, f.tables); !req.GetRefund() {
		t.Errorf("sent %v", req)
	}
	f.tables.set(func(s *tables) { s.fail = errs.New(errs.InvalidState, "An order that is served cannot become ready.") })
	want(t, f.call(t, f.owner, "POST", "/table-order/orders/"+orderID+"/status", `{"status":"ready"}`), 409, "a step that is not allowed")
}

func TestOffersAreKeptInTheirUnits(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := f.call(t, f.owner, "POST", "/table-order/offers", `{"name":"Ten","type":"percentage","value":10.5,"min_order":20,"ends_at":"2026-07-01T00:00:00+02:00"}`)
	want(t, r, 201, "offer")
	req := last[*qrv1.CreateOfferRequest](t, f.tables)
	if o := req.GetOffer(); o.GetValue() != 1050 || o.GetMinOrderCents() != 2000 || o.GetStartsAt() != nil || req.GetOnProduct() || r.json["ends_at"] != "2026-06-30T22:00:00.000Z" {
		t.Errorf("sent %v, got %s", req, r.text)
	}
	r = f.call(t, f.owner, "PUT", "/table-order/product-offers/"+orderID, `{"product_id":"`+orderID+`","name":"Half","type":"fixed_price","value":1.75,"starts_at":null}`)
	want(t, r, 200, "product offer")
	if req := last[*qrv1.UpdateOfferRequest](t, f.tables); req.GetOffer().GetId() != orderID || req.GetOffer().GetValue() != 175 || !req.GetOnProduct() || r.json["min_order"] != nil {
		t.Errorf("sent %v", req)
	}
	r = f.call(t, f.owner, "POST", "/table-order/offers", `{"name":"x","type":"percentage","starts_at":"soon"}`)
	want(t, r, 400, "no value")
	if !slices.Contains([]string{"value", "starts_at"}, r.json["errors"].([]any)[0].(map[string]any)["field"].(string)) {
		t.Errorf("got %s", r.text)
	}
	want(t, f.call(t, f.owner, "POST", "/table-order/offers", `{"name":"x","type":"percentage","value":10.001}`), 400, "three decimals")
	want(t, f.call(t, f.owner, "POST", "/table-order/offers", `{"name":"x","type":"percentage","value":1,"product_id":"`+orderID+`"}`), 400, "a product")
}
