package e2e

import (
	"encoding/json"
	"testing"

	eupay "european-pay.eu/eupay/sdk/go"
)

// tellsTheStory follows one sale through everything: the customer pays the link of an invoice, the money comes to the merchant's account, the
// invoice is paid, the customer earns points and spends them, and the accountant's files have the same sums.
func tellsTheStory(t *testing.T, w *world) {
	t.Helper()
	m := w.newReceiver(t)
	m.isEnrolled(t)
	m.completes(t)
	if _, err := m.client.Rewards.SetProgram(t.Context(), eupay.RewardProgramParams{PointsPerEuro: 200, PointValue: 5}); err != nil {
		t.Fatal(err)
	}
	sale := m.invoices(t, nil)
	due := euros(t, sale.Total.String())
	l := m.link(t, eupay.PaymentLinkParams{
		Amount: due, Reference: sale.Number, Metadata: eupay.Metadata{"invoice_id": sale.ID, "reward_member": "C-7"},
	})
	p, err := w.opens(t, l, 0)
	if err != nil {
		t.Fatal(err)
	}
	w.bank().authorise(t, p.Reference, nil)
	m.linkIs(t, l.ID, eupay.PaymentLinkPaid)

	line := m.settled(t, p.Reference)
	if now := m.get(t, p.Reference); now.PaymentLinkID != l.ID || now.SettledAt.IsZero() || line.Amount != due || line.Matches[0].Rule != "reference" {
		t.Errorf("the payment is %+v, its line %+v", now, line)
	}
	m.site.wait(t, "invoice.paid", "", func(h hook) bool { return h.body.Event == "invoice.paid" })
	if paid := m.invoice(t, sale.ID); paid.Status != "paid" || euros(t, paid.Due.String()) != 0 {
		t.Errorf("the invoice is %+v", paid)
	}

	points := int(due/100) * 2
	member := m.spendsPoints(t, p.Reference, points)
	m.statement(t, member)
	m.addsUp(t, p.Reference, due)
}

// spendsPoints spends all points of the member that the payment named, and returns its id.
func (r *receiver) spendsPoints(t *testing.T, reference string, points int) string {
	t.Helper()
	r.told(t, "reward.earned", reference, `"customer_number":"C-7"`)
	found, err := r.client.Rewards.Members(t.Context(), eupay.RewardMemberListParams{CustomerNumber: "C-7"})
	if err != nil || len(found.Data) != 1 || found.Data[0].Available != points {
		t.Fatalf("%+v, %v, want %d points", found, err, points)
	}
	id := found.Data[0].ID
	held, err := r.client.Rewards.Hold(t.Context(), eupay.RedemptionParams{MemberID: id, Points: points, Reference: "TILL-1"})
	if err != nil || held.Amount != eupay.Amount(5*points) {
		t.Fatalf("%+v, %v", held, err)
	}
	if _, err := r.client.Rewards.Capture(t.Context(), held.ID); err != nil {
		t.Fatal(err)
	}
	if is := r.member(t, id); is.Balance != 0 || is.Held != 0 {
		t.Errorf("the member has %+v", is)
	}
	return id
}

// addsUp compares the summary, the list of payments, the entries and the account with what was sold.
func (r *receiver) addsUp(t *testing.T, reference string, due eupay.Amount) {
	t.Helper()
	summary, err := r.client.Payments.Summary(t.Context(), eupay.SummaryParams{})
	if err != nil || summary.PaidAmount != due {
		t.Errorf("the summary has %+v, %v, want %v", summary, err, due)
	}
	_, raw := r.exports(t, eupay.ExportParams{Kind: eupay.ExportPayments})
	if rows := table(t, raw); len(rows) != 1 || rows[0]["reference"] != reference || euros(t, rows[0]["amount"]) != due {
		t.Errorf("payments: %v", rows)
	}
	_, raw = r.exports(t, eupay.ExportParams{Kind: eupay.ExportInvoices})
	sold := table(t, raw)
	net, vat := total(t, sold, "net"), total(t, sold, "vat")
	_, raw = r.exports(t, eupay.ExportParams{Kind: eupay.ExportFEC})
	entries := books(t, raw)
	var taxed, turnover eupay.Amount
	for account, balance := range entries {
		switch {
		case account[:2] == "70":
			turnover -= balance
		case account[:4] == "4457":
			taxed -= balance
		}
	}
	if entries["411000"] != 0 || entries["511000"] != 0 || entries["512000"] != due || // it is on the bank account, no longer on its way
		taxed != vat || turnover != net || net+vat != due {
		shown, _ := json.Marshal(entries)
		t.Errorf("the entries have %s, want %v of which VAT %v", shown, due, vat)
	}
}
