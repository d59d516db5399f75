package e2e

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"
	"time"
)

// unreportedSales is what the enrolment says of payments that no report has.
type unreportedSales struct {
	Payments int
	Amount   json.Number
	Message  string
}

func (m *merchant) unreported(t testing.TB) *unreportedSales {
	t.Helper()
	a := m.api.do(t, http.MethodGet, "/einvoice/enrollment", "")
	return must[struct {
		Unreported *unreportedSales `json:"unreported_sales"`
	}](t, a, http.StatusOK).Unreported
}

// trailOf returns the kinds of the steps of a document.
func (m *merchant) trailOf(t testing.TB, number string) (kinds []string) {
	t.Helper()
	a := m.api.do(t, http.MethodGet, "/einvoice/invoices/"+number+"/trail", "")
	for _, s := range must[struct{ Steps []struct{ Kind string } }](t, a, http.StatusOK).Steps {
		kinds = append(kinds, s.Kind)
	}
	return kinds
}

// TestAPaymentWithoutAnInvoiceIsNotForgotten has a payment whose VAT nobody knows, until an invoice says it.
func TestAPaymentWithoutAnInvoiceIsNotForgotten(t *testing.T) {
	t.Parallel()
	m := shared.mayInvoice(t)
	p := m.paid(t, object{"amount": json.Number("41.63")})
	eventually(t, "the payment is missed in the reports", func() bool { return m.unreported(t) != nil })
	if u := m.unreported(t); u.Payments != 1 || u.Amount != "41.63" || u.Message == "" {
		t.Errorf("got %+v", u)
	}
	i := m.invoices(t, object{"payment_reference": p.Reference, "discount_amount": json.Number("1.50")})
	if u := m.unreported(t); i.Status != "paid" || u != nil {
		t.Errorf("the invoice is %s, %+v is not reported", i.Status, u)
	}
	eventually(t, "the invoice is archived", func() bool { return slices.Contains(m.trailOf(t, i.Number), "sealed") })
	for _, kind := range []string{"payment", "issued", "stored", "received"} {
		if trail := m.trailOf(t, i.Number); !slices.Contains(trail, kind) {
			t.Errorf("the trail %v lacks %s", trail, kind)
		}
	}
	if a := m.portal.do(t, http.MethodPatch, "/einvoice/settings", `{"sales_vat_rate":"20","sales_type":"goods"}`); a.status != http.StatusOK {
		t.Fatalf("%s", a.raw)
	}
	m.paid(t, nil)
	m.portal.do(t, http.MethodPatch, "/einvoice/settings", `{"sales_vat_rate":"19"}`).refused(t, http.StatusBadRequest, "VALIDATION_ERROR")

	yesterday := time.Now().AddDate(0, 0, -1).Format(time.DateOnly)
	day := object{"date": yesterday, "till": "till-1", "totals": []object{{"vat_rate": 20, "type": "goods", "amount": json.Number("120")}}}
	if a := m.api.do(t, http.MethodPost, "/einvoice/sales", day.json()); a.status != http.StatusCreated {
		t.Fatalf("%s", a.raw)
	}
	day["totals"] = []object{{"vat_rate": 20, "type": "goods", "amount": json.Number("240")}, {"vat_rate": 10, "type": "service", "amount": json.Number("11")}}
	again := m.api.do(t, http.MethodPost, "/einvoice/sales", day.json())
	if got := must[struct{ Version int }](t, again, http.StatusOK); got.Version != 2 {
		t.Errorf("got %s", again.raw)
	}
	list := m.api.do(t, http.MethodGet, "/einvoice/sales?from="+yesterday+"&to="+yesterday, "")
	if days := must[struct{ Data []json.RawMessage }](t, list, http.StatusOK).Data; len(days) != 1 {
		t.Errorf("got %s", list.raw)
	}
	if u := m.unreported(t); u != nil {
		t.Errorf("%+v is not reported", u)
	}
}
