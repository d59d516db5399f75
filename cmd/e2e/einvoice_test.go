package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"european-pay.eu/eupay/sandbox/einvoicing"
)

// quickPlatform removes the delays of documents.
func quickPlatform(c *einvoicing.Config) {
	c.TransmitAfter, c.ReceiveAfter, c.AvailableAfter, c.AnswerAfter = 0, 0, 0, 0
	c.WebhookRetry = 100 * time.Millisecond
}

// siren returns a SIREN that nobody else in this run has, with its check digit (Luhn).
func siren() string {
	n := addresses.Add(1)
	first := fmt.Sprintf("5%07d", n)
	for digit := range 10 {
		if s := first + fmt.Sprint(digit); luhn(s) {
			return s
		}
	}
	panic("no digit fits") // one always does
}

func luhn(s string) bool {
	sum := 0
	for i := range len(s) {
		d := int(s[len(s)-1-i] - '0')
		if i%2 == 1 {
			d = d*2/10 + d*2%10
		}
		sum += d
	}
	return sum%10 == 0
}

// establishment returns a SIRET of a SIREN.
func establishment(siren string) string {
	for n := range 10 {
		if s := fmt.Sprintf("%s0001%d", siren, n); luhn(s) {
			return s
		}
	}
	panic("no digit fits")
}

func vatNumber(siren string) string {
	var n int
	fmt.Sscan(siren, &n)
	return fmt.Sprintf("FR%02d%s", (12+3*(n%97))%97, siren)
}

// invoice is an invoice or credit note in an answer.
type invoice struct {
	ID, Number, Status string
	SeqinoStatus       string      `json:"seqino_status"`
	SeqinoID           string      `json:"seqino_invoice_id"`
	Total              json.Number `json:"total_ttc"`
	Paid               json.Number `json:"amount_paid"`
	Due                json.Number `json:"amount_due"`
	Type               string      `json:"type_code"`
	Problem            string
	Lifecycle          *struct{ Code int }
	Corrections        []struct {
		Number string `json:"invoice_number"`
		Type   string `json:"type_code"`
	}
}

func (i *invoice) UnmarshalJSON(text []byte) error {
	type plain invoice
	named := struct {
		*plain
		Number string `json:"invoice_number"`
	}{plain: (*plain)(i)}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	err := d.Decode(&named)
	i.Number = named.Number
	return err
}

// enrols enrols the merchant and returns the page where it proves its identity.
func (m *merchant) enrols(t testing.TB) (page string) {
	t.Helper()
	id := siren()
	in := object{
		"legal_name": "Le Petit Bistrot SAS", "siret": establishment(id), "vat_number": vatNumber(id), "email": "compta@example.com", "activity": "services",
		"vat_regime": "monthly", "term_days": 30, "address": object{"street": "12 rue de la Paix", "post_code": "75002", "city": "Paris", "country": "FR"},
	}
	m.portal.do(t, http.MethodPost, "/einvoice/enroll", in.json())
	return must[struct{ URL string }](t, m.portal.do(t, http.MethodGet, "/einvoice/enrollment/onboarding-link", ""), http.StatusOK).URL
}

// mayInvoice returns a merchant that the platform has approved.
func (w *world) mayInvoice(t testing.TB) *merchant {
	t.Helper()
	m := w.newMerchant(t)
	m.isEnrolled(t)
	return m
}

// isEnrolled enrols the merchant at the platform, which approves.
func (m *merchant) isEnrolled(t testing.TB) {
	t.Helper()
	page := m.enrols(t)
	resp, err := m.w.client.Post(page, "application/x-www-form-urlencoded", strings.NewReader("answer=approve"))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	eventually(t, "the mandate is active", m.ready(t))
}

func (m *merchant) ready(t testing.TB) func() bool {
	t.Helper()
	return func() bool {
		return must[struct{ Ready bool }](t, m.api.do(t, http.MethodGet, "/einvoice/enrollment", ""), http.StatusOK).Ready
	}
}

var twoItems = []object{
	{"product_name": "Menu du jour", "quantity": 2, "unit_price_ttc": json.Number("19.90"), "vat_rate": 10},
	{"product_name": "Vin", "quantity": json.Number("0.333"), "unit_price_ttc": json.Number("9.99"), "vat_rate": 20},
}

func (m *merchant) invoices(t testing.TB, more object) invoice {
	t.Helper()
	in := object{"customer_name": "Ada Martin", "customer_email": "ada@example.com", "items": twoItems}
	for name, value := range more {
		in[name] = value
		if value == nil {
			delete(in, name)
		}
	}
	return must[invoice](t, m.api.do(t, http.MethodPost, "/einvoice/invoices", in.json()), http.StatusCreated)
}

func (m *merchant) invoice(t testing.TB, id string) invoice {
	t.Helper()
	return must[invoice](t, m.api.do(t, http.MethodGet, "/einvoice/invoices/"+id, ""), http.StatusOK)
}

// platform controls the sandbox platform through its management port.
func (w *world) platform(t testing.TB, method, path, body string, into any) {
	t.Helper()
	req, err := http.NewRequest(method, w.stack.System().InvoicingManagementURL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := w.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("the platform answers %s %s with %s %s %v", method, path, resp.Status, raw, err)
	}
	if into != nil {
		if err := json.Unmarshal(raw, into); err != nil {
			t.Fatal(err)
		}
	}
}

// atPlatform returns the documents with that number at the platform.
func (w *world) atPlatform(t testing.TB, number string) []einvoicing.Document {
	t.Helper()
	var list struct{ Documents []einvoicing.Document }
	w.platform(t, http.MethodGet, "/documents?number="+number, "", &list)
	return list.Documents
}

// TestAnInvoiceFromEnrolmentToCreditNote covers everything: enrolment, the page in a browser, invoice, PDF, payment, its report
// to the administration, credit note.
func TestAnInvoiceFromEnrolmentToCreditNote(t *testing.T) {
	m := shared.newMerchant(t)
	if a := m.portal.do(t, http.MethodPatch, "/webhook-endpoints/"+m.endpoint, `{"event_types":["payment.completed","invoice.created","invoice.submitted","invoice.paid","invoice.credited"]}`); a.status != http.StatusOK {
		t.Fatal(string(a.raw))
	}
	m.api.do(t, http.MethodPost, "/einvoice/invoices", `{"customer_name":"Ada","items":[{"product_name":"x","quantity":1,"unit_price_ttc":1,"vat_rate":20}]}`).
		refused(t, http.StatusForbidden, "NOT_ENROLLED")
	page := m.enrols(t)
	early := m.invoices(t, object{"reference": "EARLY"})
	if early.Status != "draft" || early.SeqinoStatus != "mandate_pending" {
		t.Fatalf("before the mandate: %+v", early)
	}
	m.api.do(t, http.MethodGet, "/einvoice/invoices/"+early.ID+"/pdf", "").refused(t, http.StatusConflict, "INVALID_STATE")

	tab := openTab(t)
	tab.goTo(page)
	tab.sees("#approve")
	tab.click("#approve")
	eventually(t, "the mandate is active", m.ready(t))
	eventually(t, "what waited was submitted", func() bool { return m.invoice(t, early.ID).SeqinoStatus == "submitted" })

	buyer := siren()
	i := m.invoices(t, object{"customer_name": "Boulangerie Martin SARL", "customer_siren": buyer, "discount_amount": json.Number("1.50"), "reference": "ERP-INV-2026-001"})
	if i.Status != "pending" || i.SeqinoStatus != "submitted" || !strings.HasPrefix(i.SeqinoID, "draft_") || i.Total != "41.63" {
		t.Fatalf("%+v", i)
	}
	again := m.api.do(t, http.MethodPost, "/einvoice/invoices", object{"customer_name": "Other", "items": twoItems, "discount_amount": json.Number("1.50"), "reference": "ERP-INV-2026-001"}.json())
	if must[invoice](t, again, http.StatusOK).ID != i.ID || again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("the same reference made %s", again.raw)
	}
	m.downloads(t, i)

	p := m.paid(t, object{"amount": json.Number("41.63"), "metadata": object{"invoice_id": i.ID}})
	eventually(t, "the payment pays the invoice", func() bool { return m.invoice(t, i.ID).Status == "paid" })
	eventually(t, "the administration is told of it", func() bool {
		d := shared.atPlatform(t, i.Number)
		return len(d) == 1 && d[0].Received == 1 && slices.Contains(d[0].Events, 212) && d[0].Collected == 4163
	})
	m.api.do(t, http.MethodPost, "/einvoice/invoices/"+i.ID+"/mark-paid", `{"payment_method":"bank"}`).refused(t, http.StatusConflict, "INVALID_STATE")
	m.api.do(t, http.MethodPost, "/einvoice/invoices/"+i.ID+"/cancel", "").refused(t, http.StatusConflict, "INVALID_STATE")

	credited := m.api.do(t, http.MethodPost, "/einvoice/invoices/"+i.ID+"/credit-note", `{"amount":10.00,"reason":"Vin bouchonné"}`)
	if credited.status != http.StatusCreated {
		t.Fatalf("%d %s", credited.status, credited.raw)
	}
	m.api.do(t, http.MethodPost, "/einvoice/invoices/"+i.ID+"/credit-note", `{"amount":31.64}`).refused(t, http.StatusConflict, "CREDIT_EXCEEDS_INVOICE")
	now := m.invoice(t, i.ID)
	if now.Status != "paid" || len(now.Corrections) != 1 || now.Corrections[0].Type != "381" {
		t.Errorf("%+v", now)
	}
	eventually(t, "the credit note is at the platform", func() bool { return len(shared.atPlatform(t, now.Corrections[0].Number)) == 1 })
	eventually(t, "the merchant is told of everything, in order", func() bool {
		var told []string
		for _, d := range m.deliveries(t, i.Number) {
			if d.Status == "delivered" {
				told = append(told, d.EventType)
			}
		}
		slices.Reverse(told)
		return slices.Equal(told, []string{"invoice.created", "invoice.submitted", "invoice.paid", "invoice.credited"})
	})
	if p.Amount != 4163 {
		t.Error(p.Amount)
	}
}

// downloads gets the PDF as in the documentation, and looks for the XML in it.
func (m *merchant) downloads(t *testing.T, i invoice) {
	t.Helper()
	a := m.api.with("Accept", "application/pdf").do(t, http.MethodGet, "/einvoice/invoices/"+i.ID+"/pdf", "")
	want := fmt.Sprintf(`attachment; filename="facturx-%s.pdf"`, i.Number)
	if a.status != http.StatusOK || a.header.Get("Content-Type") != "application/pdf" || a.header.Get("Content-Disposition") != want {
		t.Fatalf("%d %v %.200s", a.status, a.header, a.raw)
	}
	file := filepath.Join(t.TempDir(), "facture.pdf")
	if err := os.WriteFile(file, a.raw, 0o600); err != nil {
		t.Fatal(err)
	}
	xml := file + ".xml"
	if out, err := exec.Command("pdfdetach", "-save", "1", "-o", xml, file).CombinedOutput(); err != nil {
		t.Fatalf("pdfdetach (Debian: poppler-utils): %v %s", err, out)
	}
	text, err := os.ReadFile(xml)
	if err != nil || !bytes.Contains(text, []byte(i.Number)) {
		t.Errorf("the XML inside: %v %.200s", err, text)
	}
}

func TestCancellingASubmittedInvoiceSendsItsCorrection(t *testing.T) {
	t.Parallel()
	m := shared.mayInvoice(t)
	i := m.invoices(t, nil)
	if a := m.api.do(t, http.MethodPost, "/einvoice/invoices/"+i.ID+"/cancel", `{"reason":"Customer request"}`); a.status != http.StatusOK {
		t.Fatalf("%d %s", a.status, a.raw)
	}
	now := m.invoice(t, i.ID)
	if now.Status != "cancelled" || now.Due != "0" || len(now.Corrections) != 1 || now.Corrections[0].Type != "384" {
		t.Fatalf("%+v", now)
	}
	eventually(t, "the platform has the correction", func() bool {
		d := shared.atPlatform(t, now.Corrections[0].Number)
		return len(d) == 1 && d[0].Type == "384" && d[0].Gross == 0
	})
}
