package tables_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/tables"
	"european-pay.eu/eupay/services/portal/internal/webtest"
)

// api has tables and one order.
type api struct {
	tables []map[string]any
	order  map[string]any
	code   eupay.Code
	sent   map[string]any
}

func table(id, name, zone, status string) map[string]any {
	return map[string]any{"id": id, "name": name, "zone": zone, "capacity": 4, "status": status, "qr_token": "tok", "qr_url": "https://pay.example/order/m/" + id, "created_at": webtest.Now, "updated_at": webtest.Now}
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	if len(body) > 0 {
		a.sent = nil
		_ = json.Unmarshal(body, &a.sent)
	}
	switch path := r.URL.Path; {
	case strings.HasSuffix(path, "/theirs"), strings.Contains(path, "/theirs/"):
		webtest.Refuse(w, http.StatusNotFound, eupay.ErrNotFound, nil)
	case a.code != "" && r.Method != http.MethodGet:
		webtest.Refuse(w, map[eupay.Code]int{eupay.ErrStepUpRequired: http.StatusForbidden}[a.code]+map[eupay.Code]int{eupay.ErrInvalidState: http.StatusConflict}[a.code], a.code, nil)
	case path == "/merchant/me" || path == "/merchant":
		webtest.Answer(w, http.StatusOK, map[string]any{"id": webtest.Merchant, "name": "Chez Zoé"})
	case path == "/table-order/tables" && r.Method == http.MethodGet:
		webtest.Answer(w, http.StatusOK, map[string]any{"data": a.tables, "pagination": map[string]any{"page": 1, "limit": 100, "total": len(a.tables), "pages": 1}})
	case path == "/table-order/orders":
		webtest.Answer(w, http.StatusOK, map[string]any{"data": []any{a.order}, "pagination": map[string]any{"page": 1, "limit": 25, "total": 1, "pages": 1}})
	case strings.Contains(path, "/cancellations"):
		a.cancellations(w, r)
	case strings.HasPrefix(path, "/table-order/orders/"):
		webtest.Answer(w, http.StatusOK, a.order)
	default:
		webtest.Answer(w, http.StatusOK, table("t1", `<i>Table</i> 1`, "Salle", "active"))
	}
}

func order(status, payment string) map[string]any {
	return map[string]any{
		"id": "o1", "number": 7, "status": status, "order_type": "dine_in", "table": map[string]any{"id": "t1", "name": "Table <1>"},
		"items":    []any{map[string]any{"product_id": "p", "name": "<u>Quiche</u>", "quantity": 1, "notes": "<script>x</script>", "unit_price": 10, "discount": 0, "total": 10, "vat_rate": 10, "vat_amount": 0.91}},
		"subtotal": 10, "discount": 0, "total": 10, "vat_amount": 0.91, "currency": "EUR", "pay_now": true, "payment_status": payment, "paid_at": webtest.Now, "refund": nil,
		"created_at": webtest.Now, "updated_at": webtest.Now, "customer_name": `"><img src=x>`, "notes": "vite", "payment_reference": "PAY-1", "paid_late": false, "livemode": false, "sequence": 2,
		"history": []any{map[string]any{"sequence": 1, "status": "received", "cause": "guest", "occurred_at": webtest.Now}},
	}
}

func serve(t *testing.T, a *api) *webtest.Kit {
	t.Helper()
	k := webtest.ServeUsers(t, a, tables.Register)
	k.LogIn(eupay.RoleMerchant)
	return k
}

func TestTablesStandInTheirZonesAsPeopleCount(t *testing.T) {
	k := serve(t, &api{tables: []map[string]any{table("a", "Table 10", "Salle", "active"), table("b", "Table 2", "Salle", "active"), table("c", "Bar", "", "inactive"), table("d", "مائدة 🍕", "Terrasse", "active")}})
	page := k.Get("/portal/tables")
	page.Has(t, "No zone", "Closed", "مائدة 🍕")
	if two, ten := strings.Index(page.Body, "Table 2<"), strings.Index(page.Body, "Table 10<"); two > ten {
		t.Error("Table 10 is before Table 2")
	}
}

func TestCardsAreEightOnAPage(t *testing.T) {
	a := &api{}
	for i := range 9 {
		a.tables = append(a.tables, table(fmt.Sprint("t", i), strings.Repeat("Très longue table ", 8)+fmt.Sprint(i), "Salle", "active"))
	}
	a.tables = append(a.tables, table("x", "Fermée", "Cave", "inactive"))
	k := serve(t, a)
	file := k.Get("/portal/tables/cards.pdf")
	if file.Header.Get("Content-Type") != "application/pdf" || !strings.HasPrefix(file.Body, "%PDF-") || !strings.Contains(file.Body, "/Count 2/") {
		t.Errorf("%d %s: %.200q", file.Status, file.Header.Get("Content-Type"), file.Body)
	}
	if got := k.Get("/portal/tables/cards.pdf?zone=Cave").Status; got != http.StatusNotFound {
		t.Errorf("cards of closed tables: %d", got)
	}
	svg := k.Get("/portal/tables/t1/qr.svg")
	if svg.Has(t, "<svg", "<path"); svg.Header.Get("Content-Type") != "image/svg+xml" {
		t.Errorf("the code is %s", svg.Header.Get("Content-Type"))
	}
}

func TestTableIsAddedChangedAndKeptFromOthers(t *testing.T) {
	a := &api{}
	k := serve(t, a)
	reply := k.Post("/portal/tables/new", url.Values{"name": {"Table 4"}, "zone": {"Bar"}, "capacity": {"2"}})
	if got := fmt.Sprint(a.sent); got != "map[capacity:2 name:Table 4 status:inactive zone:Bar]" || reply.Header.Get("Location") != "/portal/tables/t1?notice=table_added" {
		t.Errorf("sent %s, leads to %s", got, reply.Header.Get("Location"))
	}
	k.Get("/portal/tables/t1").Has(t, "&lt;i&gt;Table&lt;/i&gt; 1", "/order/"+webtest.Merchant+"/tok", "cards that are printed stop working")
	k.Post("/portal/tables/t1", url.Values{"name": {"<x>"}, "capacity": {"many"}}).Has(t, `value="&lt;x&gt;"`, `value="many"`, "Enter a number from 1 to 100")
	for _, path := range []string{"/portal/tables/theirs", "/portal/orders/theirs", "/portal/tables/theirs/qr.svg", "/portal/tables/theirs/card.pdf"} {
		if got := k.Get(path).Status; got != http.StatusNotFound {
			t.Errorf("%s: %d", path, got)
		}
	}
	for _, path := range []string{"/portal/tables/theirs", "/portal/tables/theirs/refresh", "/portal/tables/theirs/delete", "/portal/orders/theirs/status"} {
		if got := k.Post(path, url.Values{"name": {"x"}, "capacity": {"1"}, "status": {"ready"}}).Status; got != http.StatusNotFound {
			t.Errorf("%s: %d", path, got)
		}
	}
}

func TestOrderIsMovedOnAndGivenBack(t *testing.T) {
	a := &api{order: order("received", "paid")}
	k := serve(t, a)
	page := k.Get("/portal/orders/o1")
	page.Has(t, "Order 7", "Begin to prepare", "Cancel and refund", "/portal/payments/PAY-1", "&lt;script&gt;x")
	page.Lacks(t, "<script>x", "<u>", "<img src=x")
	k.Get("/portal/orders").Has(t, "Order 7", "&#34;&gt;&lt;img src=x&gt;")
	if part := k.Get("/portal/orders", "Hx-Request", "true"); strings.Contains(part.Body, "<html") {
		t.Error("the script gets a whole page")
	}
	k.Post("/portal/orders/o1/status", url.Values{"status": {"cancelled"}, "refund": {"1"}})
	if got := fmt.Sprint(a.sent); got != "map[refund:true status:cancelled]" {
		t.Errorf("sent %s", got)
	}
	a.code = eupay.ErrStepUpRequired
	k.Post("/portal/orders/o1/status", url.Values{"status": {"cancelled"}, "refund": {"1"}}).Has(t, "step_up_proof", `name="refund" value="1"`)
	a.code = eupay.ErrInvalidState
	k.Post("/portal/orders/o1/status", url.Values{"status": {"ready"}}).Has(t, "Refused: INVALID_STATE", "Order 7")
}

func TestOnlyOwnersGiveMoneyBack(t *testing.T) {
	k := serve(t, &api{order: order("received", "paid")})
	k.LogIn(eupay.RoleStaff)
	k.Get("/portal/orders/o1").Lacks(t, "Cancel and refund")
	k.LogIn(eupay.RoleAccountant)
	k.Get("/portal/orders/o1").Lacks(t, "Cancel the order", "Begin to prepare")
	if got := k.Post("/portal/orders/o1/status", url.Values{"status": {"cancelled"}}).Status; got != http.StatusForbidden {
		t.Errorf("an accountant cancels: %d", got)
	}
	if got := k.Get("/portal/tables").Status; got != http.StatusForbidden {
		t.Errorf("an accountant sees the tables: %d", got)
	}
}
