package e2e

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/google/uuid"
)

// cancelled is what the API answers to a cancellation.
type cancelled struct {
	Cancellation struct {
		ID           string
		Amount       json.Number
		RefundAmount json.Number `json:"refund_amount"`
		Refund       *struct{ Status, Reference string }
	}
	Order struct {
		Status          string
		PaymentStatus   string      `json:"payment_status"`
		CancelledAmount json.Number `json:"cancelled_amount"`
		Items           []struct {
			CancelledQuantity int `json:"cancelled_quantity"`
		}
	}
}

// TestAPieceOfAPaidOrderIsGivenBack: the API, the bank, the stock, the guest's points and the webhooks say the same.
func TestAPieceOfAPaidOrderIsGivenBack(t *testing.T) {
	t.Parallel()
	m, guest := shared.mayInvoice(t), shared.newCustomer(t)
	for path, body := range map[string]string{
		"/merchant": `{"loyalty_eligible":true}`, "/webhook-endpoints/" + m.endpoint: `{"event_types":["payment.refunded","order.received","order.lines_cancelled"]}`,
	} {
		if a := m.portal.do(t, http.MethodPatch, path, body); a.status != http.StatusOK {
			t.Fatalf("%s: %s", path, a.raw)
		}
	}
	n := m.sells(t, "3.50", 9)
	o := n.order(t, 3)
	guest.paysWithTheApp(t, o.Payment.Code.QRData, nil)
	eventually(t, "the kitchen has the order", func() bool { return m.orderStatus(t, o.Order.ID) == "received" })
	eventually(t, "the points are there", func() bool { return guest.points(t) == 10 })

	invoice := must[struct{ Number string }](t,
		m.portal.do(t, http.MethodPost, "/table-order/orders/"+o.Order.ID+"/invoice", `{"customer_name":"Jane Martin"}`), http.StatusCreated)
	path := "/table-order/orders/" + o.Order.ID + "/cancellations"
	body := object{"lines": []object{{"position": 0, "quantity": 1}}, "reason": "cold"}
	body["dry_run"] = true
	if dry := must[cancelled](t, m.portal.do(t, http.MethodPost, path, body.json()), http.StatusOK); dry.Cancellation.RefundAmount != "3.5" || dry.Cancellation.ID != "" {
		t.Errorf("would be %+v", dry)
	}
	delete(body, "dry_run")
	once := m.portal.with("Idempotency-Key", uuid.NewString())
	done := must[cancelled](t, once.do(t, http.MethodPost, path, body.json()), http.StatusCreated)
	again := must[cancelled](t, once.do(t, http.MethodPost, path, body.json()), http.StatusCreated)
	if done.Cancellation.Refund == nil || done.Order.CancelledAmount != "3.5" || again.Cancellation.ID != done.Cancellation.ID || again.Order.Items[0].CancelledQuantity != 1 {
		t.Fatalf("cancelled %+v, then %+v", done, again)
	}
	reference := done.Cancellation.Refund.Reference
	eventually(t, "the refund is at the bank", func() bool {
		list := m.refunds(t, o.Payment.Reference)
		return len(list) == 1 && list[0].Reference == reference && list[0].PaymentURL != ""
	})
	m.w.bank().authorise(t, reference, object{})
	m.site.wait(t, "payment.refunded", o.Payment.Reference, func(h hook) bool {
		return h.body.Event == "payment.refunded" && h.body.Data.RefundReference == reference
	})
	eventually(t, "the order knows it", func() bool {
		a := m.portal.do(t, http.MethodGet, path, "")
		list := must[struct {
			Data []struct{ Refund *struct{ Status string } }
		}](t, a, http.StatusOK).Data
		return len(list) == 1 && list[0].Refund.Status == "completed"
	})
	eventually(t, "the points are taken back", func() bool { return guest.points(t) == 7 })
	if given := m.w.bank().order(t, reference); given.State != "done" || given.Cents != 350 || given.Payer != merchantIBAN {
		t.Errorf("the bank gave back %+v", given)
	}
	m.isCredited(t, invoice.Number, "paid", "3.5")
	if n.stock(t) != 7 {
		t.Errorf("%d in stock, want 7", n.stock(t))
	}
	eventually(t, "the merchant is told once", func() bool { return len(m.deliveries(t, o.Order.ID)) == 2 })
	m.portal.do(t, http.MethodPost, path, `{"lines":[{"position":0,"quantity":3}]}`).refused(t, http.StatusConflict, "INVALID_STATE")
	m.portal.do(t, http.MethodPost, path, `{"refund":false}`)
	m.isCredited(t, invoice.Number, "refunded", "3.5", "7")
	shared.newMerchant(t).portal.do(t, http.MethodPost, path, `{}`).refused(t, http.StatusNotFound, "NOT_FOUND")
}

// isCredited waits until an invoice has credit notes of these amounts, and no others.
func (m *merchant) isCredited(t testing.TB, number, status string, amounts ...string) {
	t.Helper()
	eventually(t, number+" is credited", func() bool {
		got := must[struct {
			Status      string
			Corrections []struct {
				Total json.Number `json:"total_ttc"`
			}
		}](t, m.portal.do(t, http.MethodGet, "/einvoice/invoices/"+number, ""), http.StatusOK)
		if got.Status != status || len(got.Corrections) != len(amounts) {
			return false
		}
		for i, c := range got.Corrections {
			if c.Total.String() != amounts[i] {
				t.Fatalf("%s is %+v, want %v", number, got, amounts)
			}
		}
		return true
	})
}
