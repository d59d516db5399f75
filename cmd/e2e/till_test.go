package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

// z is what a closing says.
type z struct {
	ID, Hash     string
	Gross        json.Number
	Orders       int
	LastSequence int64 `json:"last_sequence"`
	Sequence     int64
	Methods      []struct {
		Method   string
		Received json.Number
		Tips     json.Number
	}
}

// TestADayAtTheTill goes from an order that a guest pays in cash to its ticket, its invoice, the closing and the journal, and the report has the sale once.
func TestADayAtTheTill(t *testing.T) {
	t.Parallel()
	m := shared.mayInvoice(t)
	if a := m.portal.do(t, http.MethodPatch, "/webhook-endpoints/"+m.endpoint, `{"event_types":["till.closed"]}`); a.status != http.StatusOK {
		t.Fatalf("%s", a.raw)
	}
	set := m.portal.do(t, http.MethodPut, "/till/settings", `{"day_starts_at":"06:00"}`)
	if starts := must[map[string]string](t, set, http.StatusOK); starts["day_starts_at"] != "06:00" || starts["in_force"] != "06:00" {
		t.Errorf("days start at %v", starts)
	}
	n := m.sells(t, "13.00", 20)
	order := must[placed](t, shared.caller().do(t, http.MethodPost, n.path,
		object{"items": []object{{"productId": n.product, "quantity": 2}}, "orderType": "dine_in"}.json()), http.StatusCreated).Order
	path := "/table-order/orders/" + order.ID
	m.portal.do(t, http.MethodPost, path+"/payments", `{"method":"eupay"}`).refused(t, http.StatusBadRequest, "VALIDATION_ERROR")
	m.portal.do(t, http.MethodPost, path+"/invoice", `{"customer_name":"Jane"}`).refused(t, http.StatusConflict, "INVALID_STATE")
	paid := must[struct {
		PaymentStatus string `json:"payment_status"`
		Method        string `json:"payment_method"`
		Reference     string `json:"payment_reference"`
	}](t, m.portal.do(t, http.MethodPost, path+"/payments", `{"method":"cash","tip":2}`), http.StatusCreated)
	if paid.PaymentStatus != "paid" || paid.Method != "cash" || !strings.HasPrefix(paid.Reference, "CTR-") {
		t.Errorf("the order is %+v", paid)
	}
	if a := m.portal.do(t, http.MethodPost, path+"/payments", `{"method":"cash","tip":2}`); a.status != http.StatusOK || a.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("paid again: %d %s", a.status, a.raw)
	}
	ticket := must[struct {
		Required bool
		Seller   struct{ SIRET string }
		Payments []struct{ Method string }
		Record   struct{ Sequence int64 }
	}](t, m.portal.do(t, http.MethodGet, path+"/ticket", ""), http.StatusOK)
	if !ticket.Required || len(ticket.Seller.SIRET) != 14 || ticket.Payments[0].Method != "cash" || ticket.Record.Sequence != 2 {
		t.Errorf("the ticket is %+v", ticket)
	}
	for format, begins := range map[string]string{"pdf": "%PDF-", "escpos": "\x1b@", "html": "<!DOCTYPE html>"} {
		if a := m.portal.do(t, http.MethodGet, path+"/ticket?format="+format, ""); a.status != http.StatusOK || !strings.HasPrefix(string(a.raw), begins) {
			t.Errorf("the ticket as %s: %d %.80s", format, a.status, a.raw)
		}
	}
	token := n.path[strings.LastIndex(n.path, "/")+1:]
	if a := shared.caller().do(t, http.MethodGet, path+"/ticket?token="+token, ""); a.status != http.StatusOK {
		t.Errorf("the guest's ticket: %d %s", a.status, a.raw)
	}
	shared.caller().do(t, http.MethodGet, path+"/ticket?token="+strings.Repeat("0", 32), "").refused(t, http.StatusNotFound, "NOT_FOUND")

	issued := must[struct{ Number, Status string }](t, m.portal.do(t, http.MethodPost, path+"/invoice", `{"customer_name":"Jane Martin"}`), http.StatusCreated)
	if a := m.portal.do(t, http.MethodPost, path+"/invoice", `{"customer_name":"Jane Martin"}`); a.status != http.StatusOK || !strings.Contains(string(a.raw), issued.Number) {
		t.Errorf("invoiced again: %d %s", a.status, a.raw)
	}
	if issued.Status != "paid" {
		t.Errorf("the invoice is %s", issued.Status)
	}

	closed := must[z](t, m.portal.do(t, http.MethodPost, "/till/closings", ""), http.StatusCreated)
	if closed.Gross != "26" || closed.Orders != 1 || len(closed.Methods) != 1 || closed.Methods[0].Received != "26" || closed.Methods[0].Tips != "2" {
		t.Errorf("the closing is %+v", closed)
	}
	eventually(t, "the merchant is told", func() bool { return len(m.deliveries(t, closed.ID)) == 1 })
	m.portal.do(t, http.MethodPost, "/till/closings", "").refused(t, http.StatusConflict, "INVALID_STATE")
	if a := m.portal.do(t, http.MethodGet, "/till/closings/"+closed.ID+"?format=pdf", ""); a.status != http.StatusOK || !strings.HasPrefix(string(a.raw), "%PDF-") {
		t.Errorf("the closing as PDF: %d %.80s", a.status, a.raw)
	}
	if a := m.portal.do(t, http.MethodGet, "/till/closings?format=csv&period=day", ""); a.status != http.StatusOK || !strings.Contains(string(a.raw), closed.Hash) {
		t.Errorf("the closings as CSV: %d %s", a.status, a.raw)
	}
	shared.newMerchant(t).portal.do(t, http.MethodGet, "/till/closings/"+closed.ID, "").refused(t, http.StatusNotFound, "NOT_FOUND")
	m.portal.do(t, http.MethodGet, "/till/closings/"+uuid.NewString(), "").refused(t, http.StatusNotFound, "NOT_FOUND")

	from, to := time.Now().Add(-time.Hour).UTC().Format(time.RFC3339), time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	a := m.api.do(t, http.MethodGet, "/till/journal?from="+from+"&to="+to, "")
	lines := strings.Split(strings.TrimSpace(string(a.raw)), "\n")
	if a.status != http.StatusOK || int64(len(lines)) != closed.Sequence || !strings.Contains(lines[len(lines)-1], closed.Hash) {
		t.Errorf("the journal: %d %s", a.status, a.raw)
	}
	must[cancelled](t, m.portal.do(t, http.MethodPost, path+"/cancellations", `{}`), http.StatusCreated) // given back in cash, too
	m.isCredited(t, issued.Number, "refunded", "26")
	m.invoicesHalfOfABill(t, n)
}

// invoicesHalfOfABill has one of two guests pay a half in cash, with a tip, and get one invoice of it.
func (m *merchant) invoicesHalfOfABill(t *testing.T, n menu) {
	t.Helper()
	n.laterOrder(t, 2)
	id := must[struct{ Data []tableBill }](t, m.portal.do(t, http.MethodGet, "/table-order/bills?status=open", ""), http.StatusOK).Data[0].ID
	path := "/table-order/bills/" + id + "/payments"
	half := must[tableBill](t, m.portal.with("Idempotency-Key", "half").do(t, http.MethodPost, path, `{"method":"cash","amount":13,"tip":2}`), http.StatusCreated).Payments[0].ID
	path += "/" + half + "/invoice"
	issued := must[struct {
		ID, Number, Status string
		Total              json.Number
		PaymentReference   string `json:"payment_reference"`
	}](t, m.portal.do(t, http.MethodPost, path, `{"customer_name":"Jane Martin"}`), http.StatusCreated)
	if issued.Status != "paid" || issued.Total != "13" || issued.PaymentReference != half {
		t.Errorf("the invoice is %+v", issued)
	}
	if a := m.portal.do(t, http.MethodPost, path, `{"customer_name":"Jane Martin"}`); a.status != http.StatusOK || !strings.Contains(string(a.raw), issued.Number) {
		t.Errorf("invoiced again: %d %s", a.status, a.raw)
	}
	if a := m.portal.do(t, http.MethodGet, "/einvoice/invoices/"+issued.ID, ""); !strings.Contains(string(a.raw), "Repas, table ") {
		t.Errorf("the invoice says %s", a.raw)
	}
	shared.newMerchant(t).portal.do(t, http.MethodPost, path, `{"customer_name":"Jane Martin"}`).refused(t, http.StatusNotFound, "NOT_FOUND")
}
