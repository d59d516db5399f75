package e2e

import (
	"strings"
	"testing"

	eupay "european-pay.eu/eupay/sdk/go"
)

// TestACreditNoteForAPeriodGoesTheWholeWay: it is numbered, submitted, announced and in the books, and has a PDF.
func TestACreditNoteForAPeriodGoesTheWholeWay(t *testing.T) {
	t.Parallel()
	m := shared.mayInvoice(t)
	p := eupay.PeriodCreditParams{
		CustomerName: "Acme Corp", CustomerSIREN: "732829320", Reason: "Ristourne annuelle", ContractReference: "CTR-1", Reference: "R-1",
		Items:         []eupay.InvoiceItem{{ProductName: "Ristourne annuelle", Quantity: "1", UnitPriceTTC: 24000, VATRate: "20"}},
		ServicePeriod: eupay.ServicePeriod{From: "2026-01-01", To: "2026-12-31"},
	}
	note, err := m.client.Invoices.CreditPeriod(t.Context(), p)
	if err != nil || note.TypeCode != "262" || note.TotalTTC != 24000 || note.SeqinoStatus != "submitted" || !strings.HasPrefix(note.InvoiceNumber, "CN-") {
		t.Fatalf("%+v, %v", note, err)
	}
	if again, err := m.client.Invoices.CreditPeriod(t.Context(), p); err != nil || again.ID != note.ID || !again.Replayed {
		t.Fatalf("%+v, %v", again, err)
	}
	if pdf, err := m.client.Invoices.PDF(t.Context(), note.ID); err != nil || !strings.HasPrefix(string(pdf.Data), "%PDF-") {
		t.Errorf("no PDF: %v", err)
	}
}
