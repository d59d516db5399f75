package ledger

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"

	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

// Each change is one row of the history, and one event unless it is no news; both count up.
func TestEachChangeIsOneRowAndOneEvent(t *testing.T) {
	t.Parallel()
	f := setup(t)
	f.mandate(platform.MandatePending)
	r := f.create(business(100_00))
	f.mandate(platform.MandateActive)
	f.fake.set(func(p *fake) { p.submit = unavailable })
	for range 2 {
		_, err := f.Submit(t.Context(), f.who, r.Number)
		f.must(err)
	}
	f.fake.set(func(p *fake) { p.submit = works })
	_, err := f.Submit(t.Context(), f.who, r.Number)
	f.must(err)
	f.pay(r, 40_00)
	f.pay(r, 60_00)
	_, err = f.credit(r, CreditNote{Amount: cents(10_00), Reason: "defective"})
	f.must(err)
	done, err := f.credit(r, CreditNote{})
	f.must(err)

	var history []string
	rows, err := f.Pool.Query(t.Context(), `select sequence, what, status from invoice_history where invoice_id = $1 order by sequence`, r.ID)
	f.must(err)
	for n := int64(1); rows.Next(); n++ {
		var sequence int64
		var what, status string
		f.must(rows.Scan(&sequence, &what, &status))
		if sequence != n {
			t.Errorf("row %d has the sequence %d", n, sequence)
		}
		history = append(history, what+":"+status)
	}
	f.must(rows.Err())
	want := "created:draft submission_failed:draft submission_failed:draft submitted:pending payment_received:pending paid:paid credited:paid refunded:refunded"
	if got := strings.Join(history, " "); got != want {
		t.Fatalf("\n%s, want\n%s", got, want)
	}
	types, events := f.announced(r.ID)
	want = "invoice.created invoice.submission_failed invoice.submitted invoice.payment_received invoice.paid invoice.credited invoice.refunded"
	if got := strings.Join(types, " "); got != want {
		t.Fatalf("\n%s, want\n%s", got, want)
	}
	last := int64(0)
	for _, e := range events {
		if e.GetInvoice().GetSequence() <= last {
			t.Errorf("sequence %d after %d", e.GetInvoice().GetSequence(), last)
		}
		last = e.GetInvoice().GetSequence()
		if text := protojson.Format(e); strings.Contains(text, "@") || strings.Contains(text, "Lilas") {
			t.Errorf("an event says more than it must: %s", text)
		}
	}
	if e := events[len(events)-1]; e.GetPreviousStatus() != "paid" || e.GetCreditNoteNumber() != done.By.Number {
		t.Errorf("%v", e)
	}
	if e := events[4]; e.GetPayment().GetAmountCents() != 60_00 {
		t.Errorf("%v", e)
	}
}
