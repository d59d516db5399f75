package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"european-pay.eu/eupay/cmd/internal/payer"
)

// TestALunchOfFour orders set menus, pays in shares with tips, gives one set menu back, and closes the day: table, bank and till agree to the cent.
func TestALunchOfFour(t *testing.T) {
	t.Parallel()
	m := shared.newMerchant(t)
	l := m.sells(t, "3.50", 20).withSetMenu(t)
	guest := shared.caller()
	menus := object{"items": []object{{"productId": l.id, "quantity": 2, "parts": []object{
		{"part": l.parts[0], "product_id": l.product}, {"part": l.parts[1], "product_id": l.wine},
	}}}, "orderType": "dine_in"}
	var orders []placed
	for range 2 {
		orders = append(orders, must[placed](t, guest.do(t, http.MethodPost, l.path, menus.json()), http.StatusCreated))
	}
	bill := must[tableBill](t, guest.do(t, http.MethodGet, l.path+"/bill", ""), http.StatusOK)
	if bill.Due != "48" {
		t.Fatalf("four set menus are %+v", bill)
	}
	shares := "/table-order/bill/" + bill.Token + "/shares"
	for range 2 {
		share := must[struct {
			Payment struct {
				PaymentURL string `json:"payment_url"`
			}
		}](t, guest.do(t, http.MethodPost, shares, object{"kind": "equal", "people": 4, "parts": 1, "tip": 1.5}.json()), http.StatusCreated)
		if _, err := (payer.Payer{}).Pay(t.Context(), share.Payment.PaymentURL, payer.Authorise); err != nil {
			t.Fatal(err)
		}
	}
	id := must[struct{ Data []tableBill }](t, m.portal.do(t, http.MethodGet, "/table-order/bills?status=open", ""), http.StatusOK).Data[0].ID
	eventually(t, "two of four have paid", func() bool { return m.bill(t, id).Paid == "24" })
	payments := "/table-order/bills/" + id + "/payments"
	paid := must[tableBill](t, m.portal.with("Idempotency-Key", "rest").do(t, http.MethodPost, payments, `{"method":"cash","amount":24}`), http.StatusCreated)
	cash := paid.Payments[len(paid.Payments)-1]

	cancelled := must[struct {
		Cancellation struct {
			Amount json.Number
			Taxes  []struct{ Amount json.Number }
		}
	}](t, m.portal.do(t, http.MethodPost, "/table-order/orders/"+orders[0].Order.ID+"/cancellations",
		`{"lines":[{"position":0,"quantity":1}],"reason":"Too late","refund":false}`), http.StatusCreated)
	if c := cancelled.Cancellation; c.Amount != "12" || len(c.Taxes) != 2 {
		t.Errorf("cancelled %+v", c)
	}
	if a := m.portal.do(t, http.MethodPost, payments+"/"+cash.ID+"/refund", `{"amount":12}`); a.status != http.StatusOK {
		t.Fatalf("%d %s", a.status, a.raw)
	}
	m.portal.do(t, http.MethodPost, payments+"/"+cash.ID+"/refund", `{"amount":0.01}`).refused(t, http.StatusConflict, "INVALID_STATE")
	if b := m.bill(t, id); b.Total != "36" || b.Paid != "36" || b.Due != "0" || b.Tips != "3" {
		t.Errorf("the bill is %+v", b)
	}
	m.checkTicket(t, id, bill.Token)
	m.checkDay(t)
}

// checkTicket reads the ticket of the lunch: it has all that was eaten, paid and given back, and the guests' copy names no payment.
func (m *merchant) checkTicket(t *testing.T, id, token string) {
	t.Helper()
	type paper struct {
		Total, Due   json.Number
		OrderNumbers []int64 `json:"order_numbers"`
		Lines        []struct{ Quantity int }
		Payments     []struct {
			Method, Reference string
			Amount            json.Number
		}
		Copies int
	}
	pdf := m.portal.do(t, http.MethodGet, "/table-order/bills/"+id+"/ticket?format=pdf", "")
	if pdf.status != http.StatusOK || !strings.HasPrefix(string(pdf.raw), "%PDF-") {
		t.Errorf("the ticket as PDF: %d %.80s", pdf.status, pdf.raw)
	}
	p := must[paper](t, m.portal.do(t, http.MethodGet, "/table-order/bills/"+id+"/ticket", ""), http.StatusOK)
	if p.Total != "36" || p.Due != "0" || len(p.OrderNumbers) != 2 || len(p.Lines) != 2 || len(p.Payments) != 4 || p.Payments[3].Amount != "-12" || p.Copies != 1 {
		t.Errorf("the ticket is %+v", p)
	}
	public := must[paper](t, m.w.caller().do(t, http.MethodGet, "/table-order/bill/"+token+"/ticket", ""), http.StatusOK)
	if public.Total != "36" || public.Payments[0].Method != "eupay" || public.Payments[0].Reference != "" {
		t.Errorf("the guests' ticket is %+v", public)
	}
	shared.newMerchant(t).portal.do(t, http.MethodGet, "/table-order/bills/"+id+"/ticket", "").refused(t, http.StatusNotFound, "NOT_FOUND")
	guest, to := uuid.NewString()+"@example.com", "/table-order/bill/"+token+"/ticket/email"
	if a := m.w.caller().do(t, http.MethodPost, to, object{"email": guest}.json()); a.status != http.StatusAccepted {
		t.Errorf("a guest wants the ticket: %d %s", a.status, a.raw)
	}
	m.w.caller().do(t, http.MethodPost, to, `{"email":"Ada <ada@example.com>"}`).refused(t, http.StatusBadRequest, "VALIDATION_ERROR")
	eventually(t, "the guest has the ticket", func() bool {
		mails := m.w.mailsTo(t, guest)
		return len(mails) == 1 && strings.HasPrefix(mails[0], "Votre ticket de ")
	})
	if p := must[paper](t, m.portal.do(t, http.MethodGet, "/table-order/bills/"+id+"/ticket", ""), http.StatusOK); p.Copies != 2 {
		t.Errorf("the mail's ticket is no copy: %d", p.Copies)
	}
}

// checkDay closes the day of the lunch, and compares it with the payments and the journal.
func (m *merchant) checkDay(t *testing.T) {
	t.Helper()
	closed := must[z](t, m.portal.do(t, http.MethodPost, "/till/closings", ""), http.StatusCreated)
	got := make(map[string][2]json.Number)
	for _, x := range closed.Methods {
		got[x.Method] = [2]json.Number{x.Received, x.Tips}
	}
	if closed.Gross != "36" || closed.Orders != 2 || got["eupay"] != [2]json.Number{"24", "3"} || got["cash"][0] != "24" {
		t.Errorf("the closing is %+v", closed)
	}
	bank := must[struct {
		Data []struct {
			Amount json.Number
			Status string
		}
	}](t, m.api.do(t, http.MethodGet, "/gateway/payments?status=completed", ""), http.StatusOK)
	if len(bank.Data) != 2 || bank.Data[0].Amount != "13.5" || bank.Data[1].Amount != "13.5" {
		t.Errorf("the payments are %+v", bank)
	}
	from, to := time.Now().Add(-time.Hour).UTC().Format(time.RFC3339), time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	journal := m.api.do(t, http.MethodGet, "/till/journal?from="+from+"&to="+to, "")
	if lines := strings.Split(strings.TrimSpace(string(journal.raw)), "\n"); int64(len(lines)) != closed.Sequence {
		t.Errorf("the journal has %d records, the closing is record %d", len(lines), closed.Sequence)
	}
}
