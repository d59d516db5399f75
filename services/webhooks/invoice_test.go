package webhooks

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/run/events"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
)

func (f *fixture) invoiced(kind, merchant string, change func(*eventsv1.InvoiceChanged)) events.Event {
	f.t.Helper()
	c := &eventsv1.InvoiceChanged{
		Invoice: &einvoicev1.Invoice{
			Id: "i-1", MerchantId: "m_1", Number: "INV-2026-AB12CD-000001", TypeCode: "380", Status: "pending", SeqinoStatus: "submitted",
			SeqinoInvoiceId: "inv_1", LifecycleCode: 200, Audience: "B2B", IssueDate: "2026-06-17", DueDate: "2026-07-17", Currency: "EUR",
			Customer: &einvoicev1.Party{Name: "Jane Doe", Email: "jane@example.com"}, TotalNetCents: 150000, TotalVatCents: 30000, TotalCents: 180000,
			DueCents: 180000, Reference: "ERP-1", Sequence: 2,
		},
		PreviousStatus: "pending", OccurredAt: timestamppb.New(f.clock.Now().Add(-time.Minute)),
	}
	change(c)
	data, err := proto.Marshal(c)
	if err != nil {
		f.t.Fatal(err)
	}
	return events.Event{ID: events.NewID(), Type: kind, Source: "einvoice", Merchant: merchant, Time: f.clock.Now(), Data: data}
}

func unchanged(*eventsv1.InvoiceChanged) {}

func TestAnInvoiceIsSentToItsSubscribers(t *testing.T) {
	t.Parallel()
	f := setup(t)
	asked, silent := newSink(t, status(http.StatusOK)), newSink(t, status(http.StatusOK))
	f.endpoint(asked.URL, "invoice.submitted", "payment.completed")
	f.endpoint(silent.URL) // no type named: only what the documents name
	// An event whose subject names another merchant is delivered to nobody.
	f.publish(f.invoiced("invoice.submitted", "m_2", unchanged), f.invoiced("invoice.created", "m_1", unchanged), f.invoiced("invoice.submitted", "m_1", unchanged))
	f.publish(f.changed("payment.completed", payment()))
	const want = `{"event":"invoice.submitted","timestamp":"2026-06-17T12:24:30Z","sequence":2,"data":{"id":"i-1","invoice_number":"INV-2026-AB12CD-000001",` +
		`"type_code":"380","status":"pending","previous_status":"pending","seqino_status":"submitted","seqino_invoice_id":"inv_1",` +
		`"lifecycle":{"code":200,"label":"Déposée"},"problem":null,"audience":"B2B","issue_date":"2026-06-17","due_date":"2026-07-17","currency":"EUR",` +
		`"total_ttc":1800,"total_ht":1500,"total_vat":300,"amount_paid":0,"amount_credited":0,"amount_due":1800,"reference":"ERP-1",` +
		`"payment_reference":null,"corrects_number":null,"credit_note_number":null}}`
	bodies := map[string]bool{string(asked.next(t).body): true, string(asked.next(t).body): true}
	if !bodies[want] {
		t.Errorf("got %v\nwant %s", bodies, want)
	}
	if got := silent.next(t).header.Get("X-EuPay-Event"); got != "payment.completed" {
		t.Errorf("an endpoint that did not ask hears of %s", got)
	}
}

func TestAnInvoicesEventsDescribeTheChange(t *testing.T) {
	t.Parallel()
	for kind, c := range map[string]struct {
		change func(*eventsv1.InvoiceChanged)
		want   string
	}{
		"invoice.status_updated": {func(c *eventsv1.InvoiceChanged) {
			c.Step = &einvoicev1.LifecycleEvent{Code: 210, ReasonCode: "TX_TVA_ERR", Reason: "Taux"}
		}, `"lifecycle":{"code":210,"label":"Refusée","reason_code":"TX_TVA_ERR","reason":"Taux"}`},
		"invoice.payment_received": {func(c *eventsv1.InvoiceChanged) {
			c.Invoice.LifecycleCode = 0
			c.Payment = &einvoicev1.InvoicePayment{Id: "p-1", AmountCents: 1050, PaidOn: "2026-06-17", Method: "bank", PaymentReference: "PAY-1"}
		}, `"payment":{"id":"p-1","amount":10.5,"payment_date":"2026-06-17","payment_method":"bank","payment_reference":"PAY-1"}`},
		"invoice.created":           {func(c *eventsv1.InvoiceChanged) { c.Invoice.LifecycleCode = 0 }, `"lifecycle":null`},
		"invoice.submission_failed": {func(c *eventsv1.InvoiceChanged) { c.Invoice.Problem = "BR-CO-10" }, `"problem":"BR-CO-10"`},
		"invoice.credited":          {func(c *eventsv1.InvoiceChanged) { c.CreditNoteNumber = "CN-1" }, `"credit_note_number":"CN-1"`},
		"invoice.paid":              {unchanged, `"status":"pending"`}, "invoice.cancelled": {unchanged, `"id":"i-1"`},
		"invoice.refunded": {unchanged, `"id":"i-1"`}, "invoice.failed": {unchanged, `"id":"i-1"`},
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			s := newSink(t, status(http.StatusOK))
			f.endpoint(s.URL, kind)
			f.publish(f.invoiced(kind, "m_1", c.change))
			body := string(s.next(t).body)
			if !strings.Contains(body, `"event":"`+kind+`"`) || !strings.Contains(body, c.want) || strings.Contains(body, "Jane") || strings.Contains(body, "jane@") {
				t.Errorf("got %s", body)
			}
		})
	}
}

func TestAnInvoicesEventsComeInOrder(t *testing.T) {
	t.Parallel()
	f := setup(t)
	release := make(chan struct{})
	s := newSink(t, func(http.ResponseWriter, *http.Request) { <-release })
	f.endpoint(s.URL, "*")
	numbered := func(n int64) func(*eventsv1.InvoiceChanged) {
		return func(c *eventsv1.InvoiceChanged) { c.Invoice.Sequence = n }
	}
	f.publish(f.invoiced("invoice.created", "m_1", numbered(1)))
	if got := s.next(t).header.Get("X-EuPay-Event"); got != "invoice.created" {
		t.Errorf("%s came first", got)
	}
	f.publish(f.invoiced("invoice.paid", "m_1", numbered(3)), f.invoiced("invoice.submitted", "m_1", numbered(2)))
	eventually(t, "the newer ones wait", func() bool { return f.count("waiting") == 2 })
	close(release)
	for _, want := range []string{"invoice.submitted", "invoice.paid"} {
		if got := s.next(t).header.Get("X-EuPay-Event"); got != want {
			t.Errorf("%s came instead of %s", got, want)
		}
	}
}
