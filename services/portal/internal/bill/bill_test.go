package bill_test

import (
	"net/http"
	"strings"
	"testing"

	eupay "european-pay.eu/eupay/sdk/go"
	"european-pay.eu/eupay/services/portal/internal/bill"
	"european-pay.eu/eupay/services/portal/internal/webtest"
)

const (
	token   = "1290332bc9b87af92e971985739e473a"
	guests  = "/order/bill/" + token
	id      = "01a229c5-c852-7730-8f69-3f1816d74d53"
	payment = "01a229c5-c852-7730-8f69-3f1816d74d54"
	own     = "/portal/bills/" + id
	aBill   = `{"id":"` + id + `","token":"` + token + `","status":"closed","table":{"id":"t","name":"Table 4"},"total":17,"paid":17,"items":[],"vat":[],"shares":[],
		"payments":[{"id":"` + payment + `","method":"cash","amount":17,"tip":2,"refunded":0,"received_at":"2026-11-30T12:00:00Z"}]}`
)

func open(t *testing.T) *webtest.Room {
	t.Helper()
	r := webtest.NewRoom(t, eupay.RoleMerchant, bill.Register)
	r.Answer("GET /table-order/bill/"+token, http.StatusOK, aBill)
	r.Answer("GET /table-order/bills/"+id, http.StatusOK, aBill)
	return r
}

// The ticket that the API made is shown as a page that can run nothing, and sent where the guest says.
func TestGuestsHaveTheTicketOfTheirBill(t *testing.T) {
	t.Parallel()
	r := open(t)
	r.Answer("GET /table-order/bill/"+token+"/ticket", http.StatusOK, `<!DOCTYPE html><p>Ticket</p>`)
	if status, page := r.Get(guests + "/ticket"); status != http.StatusOK || page != `<!DOCTYPE html><p>Ticket</p>` {
		t.Errorf("the ticket is %d %s", status, page)
	}
	if _, page := r.Get(guests); !strings.Contains(page, guests+`/ticket.pdf"`) || !strings.Contains(page, `action="`+guests+`/ticket"`) {
		t.Errorf("the page leads to no ticket:\n%s", page)
	}
	r.Answer("POST /table-order/bill/"+token+"/ticket/email", http.StatusAccepted, "")
	if status, page, to := r.Post(guests+"/ticket", "email", "ada@example.com"); status != http.StatusSeeOther || to != guests+"?sent=1" {
		t.Errorf("sent: %d %s %s", status, to, page)
	}
	if asked := r.Asked("POST /table-order/bill/" + token + "/ticket/email"); !strings.Contains(asked, `"email":"ada@example.com"`) {
		t.Errorf("the API is asked %q", asked)
	}
	r.Answer("POST /table-order/bill/"+token+"/ticket/email", http.StatusConflict, `{"success":false,"code":"INVALID_STATE","message":"Sent 3 times."}`)
	if status, page, _ := r.Post(guests+"/ticket", "email", "ada@example.com"); status != http.StatusUnprocessableEntity || !strings.Contains(page, `value="ada@example.com"`) ||
		strings.Contains(page, "Sent 3 times.") {
		t.Errorf("refused: %d %s", status, page)
	}
	if status, _, _ := r.Post("/order/bill/none/ticket", "email", "ada@example.com"); status != http.StatusNotFound {
		t.Errorf("no bill: %d", status)
	}
}

func TestAMerchantSendsTheTicketAndIssuesTheInvoiceOfAPayment(t *testing.T) {
	t.Parallel()
	r := open(t)
	invoice := own + "/payments/" + payment + "/invoice"
	if _, page := r.Get(own); !strings.Contains(page, `href="`+invoice+`"`) || !strings.Contains(page, own+`/ticket.pdf"`) {
		t.Errorf("the page of the bill is\n%s", page)
	}
	r.Answer("POST /table-order/bills/"+id+"/ticket/email", http.StatusAccepted, "")
	if status, _, to := r.Post(own+"/ticket", "email", "ada@example.com"); status != http.StatusSeeOther || to != own+"?notice=ticket_sent" {
		t.Errorf("sent: %d %s", status, to)
	}
	if status, page := r.Get(invoice); status != http.StatusOK || !strings.Contains(page, `name="customer_siren"`) {
		t.Errorf("the form is %d %s", status, page)
	}
	if status, _ := r.Get(own + "/payments/" + id + "/invoice"); status != http.StatusNotFound {
		t.Errorf("no payment: %d", status)
	}
	r.Answer("POST /table-order/bills/"+id+"/payments/"+payment+"/invoice", http.StatusCreated, `{"id":"i1","number":"INV-1","status":"paid","total":17}`)
	if status, _, to := r.Post(invoice, "customer_name", "ACME", "customer_siren", "552 100 554", "customer_address.city", "Paris"); status != http.StatusSeeOther ||
		to != "/portal/invoices/i1?notice=invoice_created" {
		t.Errorf("issued: %d %s", status, to)
	}
	asked := r.Asked("POST /table-order/bills/" + id + "/payments/" + payment + "/invoice")
	if !strings.Contains(asked, `"customer_siren":"552100554"`) || !strings.Contains(asked, `"country":"FR"`) {
		t.Errorf("the API is asked %q", asked)
	}
}
