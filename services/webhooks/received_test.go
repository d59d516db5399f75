package webhooks

import (
	"net/http"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/run/events"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
)

func (f *fixture) receivedInvoice(kind, merchant string, v *einvoicev1.ReceivedInvoice, a *einvoicev1.ReceivedAnswer) events.Event {
	f.t.Helper()
	data, err := proto.Marshal(&eventsv1.ReceivedInvoiceChanged{Invoice: v, OccurredAt: timestamppb.New(f.clock.Now().Add(-time.Minute)), Answer: a})
	if err != nil {
		f.t.Fatal(err)
	}
	return events.Event{ID: events.NewID(), Type: kind, Source: "einvoice", Merchant: merchant, Time: f.clock.Now(), Data: data}
}

func TestAReceivedInvoiceIsSentToItsSubscribers(t *testing.T) {
	t.Parallel()
	f := setup(t)
	asked := newSink(t, status(http.StatusOK))
	f.endpoint(asked.URL, "invoice.received", "invoice.answered")
	v := &einvoicev1.ReceivedInvoice{
		Id: "r-1", MerchantId: "m_1", Status: "received", LifecycleCode: 203, Format: "ubl", Number: "F-17", TypeCode: "380", IssueDate: "2026-06-15", Currency: "EUR",
		TotalCents: 12000, DueCents: 10000, SellerName: "Martin SAS", SellerSiren: "732829320", UnknownSender: true, Sequence: 1,
	}
	answered := proto.Clone(v).(*einvoicev1.ReceivedInvoice)
	answered.Status, answered.LifecycleCode, answered.Sequence = "refused", 210, 2
	unreadable := &einvoicev1.ReceivedInvoice{Id: "r-2", MerchantId: "m_1", Status: "unreadable", LifecycleCode: 203, Problem: "The document is empty.", Sequence: 1}
	f.publish(
		f.receivedInvoice("invoice.received", "m_2", v, nil), // its subject names another merchant
		f.receivedInvoice("invoice.received", "m_1", v, nil),
		f.receivedInvoice("invoice.answered", "m_1", answered, &einvoicev1.ReceivedAnswer{Code: 210, ReasonCode: "CMD_ERR", State: "sending"}),
		f.receivedInvoice("invoice.received", "m_1", unreadable, nil),
	)
	const rest = `"format":"ubl","invoice_number":"F-17","type_code":"380","issue_date":"2026-06-15","due_date":null,"currency":"EUR","total_ttc":120,"amount_due":100,` +
		`"seller_name":"Martin SAS","seller_siren":"732829320","duplicate_of":null,"unknown_sender":true,"problem":null`
	want := map[string]bool{
		`{"event":"invoice.received","timestamp":"2026-06-17T12:24:30Z","sequence":1,"data":{"id":"r-1","status":"received",` +
			`"lifecycle":{"code":203,"label":"Mise à disposition"},` + rest + `}}`: true,
		`{"event":"invoice.answered","timestamp":"2026-06-17T12:24:30Z","sequence":2,"data":{"id":"r-1","status":"refused","lifecycle":{"code":210,"label":"Refusée"},` +
			rest + `,"answer":{"code":210,"label":"Refusée","reason_code":"CMD_ERR","state":"sending","problem":null}}}`: true,
		`{"event":"invoice.received","timestamp":"2026-06-17T12:24:30Z","sequence":1,"data":{"id":"r-2","status":"unreadable",` +
			`"lifecycle":{"code":203,"label":"Mise à disposition"},"format":null,"invoice_number":null,"type_code":null,"issue_date":null,"due_date":null,"currency":null,` +
			`"total_ttc":null,"amount_due":null,"seller_name":null,"seller_siren":null,"duplicate_of":null,"unknown_sender":false,"problem":"The document is empty."}}`: true,
	}
	for range len(want) {
		got := string(asked.next(t).body)
		if !want[got] {
			t.Errorf("got %s", got)
		}
		delete(want, got)
	}
}
