package e2e

import (
	"encoding/json"
	"net/http"
	"testing"

	"european-pay.eu/eupay/cmd/internal/payer"
)

// tableBill is the bill of a table, as the tests read it.
type tableBill struct {
	ID, Token, Status                     string
	Total, Paid, Pending, Due, Free, Tips json.Number
	Items                                 []struct {
		OrderID string `json:"order_id"`
	}
	Payments []struct{ ID, Method string }
}

// laterOrder is an order that is paid with the table's bill.
func (n menu) laterOrder(t testing.TB, quantity int) {
	t.Helper()
	body := object{"items": []object{{"productId": n.product, "quantity": quantity}}, "orderType": "dine_in"}
	if a := n.m.w.caller().do(t, http.MethodPost, n.path, body.json()); a.status != http.StatusCreated {
		t.Fatalf("%s", a.raw)
	}
}

func (m *merchant) bill(t testing.TB, id string) tableBill {
	t.Helper()
	return must[tableBill](t, m.portal.do(t, http.MethodGet, "/table-order/bills/"+id, ""), http.StatusOK)
}

// TestGuestsPayTheBillOfTheirTableInShares: one at the bank, one refuses and leaves the part to the others, and the rest is paid in cash.
func TestGuestsPayTheBillOfTheirTableInShares(t *testing.T) {
	t.Parallel()
	m := shared.newMerchant(t)
	n := m.sells(t, "10.00", 30)
	guest := shared.caller()
	if a := guest.do(t, http.MethodGet, n.path+"/bill", ""); a.status != http.StatusNotFound {
		t.Fatalf("a bill of nothing: %s", a.raw)
	}
	n.laterOrder(t, 4)
	n.laterOrder(t, 5)
	shown := must[tableBill](t, guest.do(t, http.MethodGet, n.path+"/bill", ""), http.StatusOK)
	if shown.Due != "90" || len(shown.Items) != 2 {
		t.Fatalf("the table owes %+v", shown)
	}
	type taken struct {
		Share   struct{ ID, Status string }
		Payment struct {
			PaymentURL string `json:"payment_url"`
		}
	}
	link := "/table-order/bill/" + shown.Token
	pay := func(body object) taken {
		return must[taken](t, guest.do(t, http.MethodPost, link+"/shares", body.json()), http.StatusCreated)
	}
	status := func(s taken) string {
		return must[struct{ Status string }](t, guest.do(t, http.MethodGet, link+"/shares/"+s.Share.ID, ""), http.StatusOK).Status
	}
	third := object{"kind": "equal", "people": 3, "parts": 1, "tip": 2}
	first, second := pay(third), pay(third)
	guest.do(t, http.MethodPost, link+"/shares", object{"kind": "amount", "amount": 30.01}.json()).refused(t, http.StatusConflict, "INVALID_STATE")
	if _, err := (payer.Payer{}).Pay(t.Context(), first.Payment.PaymentURL, payer.Authorise); err != nil {
		t.Fatal(err)
	}
	if _, err := (payer.Payer{}).Pay(t.Context(), second.Payment.PaymentURL, payer.Refuse); err != nil {
		t.Fatal(err)
	}
	eventually(t, "one part is paid, the other is free again", func() bool { return status(first) == "paid" && status(second) == "failed" })
	list := must[struct{ Data []tableBill }](t, m.portal.do(t, http.MethodGet, "/table-order/bills?status=open", ""), http.StatusOK)
	if len(list.Data) != 1 || list.Data[0].Free != "60" || list.Data[0].Tips != "2" {
		t.Fatalf("the merchant sees %+v", list)
	}
	id := list.Data[0].ID
	payments := "/table-order/bills/" + id + "/payments"
	shared.newMerchant(t).portal.with("Idempotency-Key", "x").do(t, http.MethodPost, payments, `{"method":"cash","amount":60}`).refused(t, http.StatusNotFound, "NOT_FOUND")
	for range 2 { // a second tap
		if a := m.portal.with("Idempotency-Key", "x").do(t, http.MethodPost, payments, `{"method":"cash","amount":60}`); a.status != http.StatusCreated {
			t.Fatalf("%s", a.raw)
		}
	}
	done := m.bill(t, id)
	if done.Status != "closed" || done.Paid != "90" || done.Due != "0" || len(done.Payments) != 2 {
		t.Errorf("the bill is %+v", done)
	}
	for _, l := range done.Items {
		if o := must[object](t, m.portal.do(t, http.MethodGet, "/table-order/orders/"+l.OrderID, ""), http.StatusOK); o["payment_status"] != "paid" || o["bill_id"] != id {
			t.Errorf("order %v", o)
		}
	}
	guest.do(t, http.MethodPost, link+"/shares", `{"kind":"rest"}`).refused(t, http.StatusConflict, "INVALID_STATE")
}
