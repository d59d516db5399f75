package delivery

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/eventtype"
	"european-pay.eu/eupay/internal/run/events"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	eventsv1 "european-pay.eu/eupay/proto/eupay/events/v1"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/webhooks/internal/endpoint"
)

// changed is an event of the type about something of m_1.
func changed(t *testing.T, eventType string) events.Event {
	t.Helper()
	var m proto.Message
	switch aggregate, _, _ := strings.Cut(eventType, "."); aggregate {
	case "payment":
		m = &eventsv1.PaymentChanged{Payment: &paymentsv1.Payment{Reference: "PAY-1", MerchantId: "m_1"}, RefundReference: "REF-1"}
	case "refund":
		m = &eventsv1.PaymentChanged{Payment: &paymentsv1.Payment{Reference: "REF-1", MerchantId: "m_1", OriginalReference: "PAY-1"}}
	case "payment_link":
		m = &eventsv1.PaymentLinkChanged{Link: &paymentsv1.PaymentLink{Id: "plink_1", MerchantId: "m_1"}, PaymentReference: "PAY-1", PaymentAmountCents: 100}
		if eventType != "payment_link.paid" {
			m.(*eventsv1.PaymentLinkChanged).PaymentReference, m.(*eventsv1.PaymentLinkChanged).PaymentAmountCents = "", 0
		}
	case "subscription":
		c := &eventsv1.SubscriptionChanged{Subscription: &paymentsv1.Subscription{Id: "SUB-1", MerchantId: "m_1"}}
		if strings.HasPrefix(eventType, "subscription.occurrence.") {
			c.Occurrence = &paymentsv1.Occurrence{SubscriptionId: "SUB-1", Number: 1}
		}
		m = c
	case "webhook_endpoint":
		m = &eventsv1.WebhookEndpointChanged{EndpointId: "e", MerchantId: "m_1"}
	case "receiving_account":
		m = &eventsv1.ReceivingAccountChanged{AccountId: "a", MerchantId: "m_1"}
	case "order":
		m = &eventsv1.OrderChanged{OrderId: "o", MerchantId: "m_1"}
	case "product":
		m = &eventsv1.StockAlert{ProductId: "p", MerchantId: "m_1"}
	case "printer":
		m = &eventsv1.PrinterChanged{PrinterId: "p", MerchantId: "m_1", LastSeenAt: timestamppb.New(start)}
	case "till":
		m = &eventsv1.TillClosed{MerchantId: "m_1", Closing: &qrv1.Closing{Id: "c", ClosedAt: timestamppb.New(start), Totals: &qrv1.ClosingTotals{
			Taxes: []*qrv1.TaxShare{{}}, ReceivedTaxes: []*qrv1.TaxShare{{}}, Methods: []*qrv1.MethodTotal{{}},
		}}}
	case "bill":
		c := &eventsv1.BillChanged{BillId: "b", MerchantId: "m_1"}
		if eventType == "bill.share.paid" {
			c.Share = &eventsv1.PaidShare{ShareId: "s"}
		}
		m = c
	case "reward":
		about := &eventsv1.RewardChanged{
			MerchantId: "m_1", Member: &qrv1.RewardMember{Id: "m", CustomerId: "c", CustomerNumber: "n", EmailSha256: "h"},
			Entry: &qrv1.RewardEntry{Reference: "PAY-1", Reason: "r", ExpiresAt: timestamppb.New(start)},
		}
		if eventType == "reward.redeemed" || eventType == "reward.released" {
			about.Redemption = &qrv1.Redemption{Reference: "r"}
		}
		m = about
	case "invoice":
		if eventType == "invoice.received" || eventType == "invoice.answered" {
			c := &eventsv1.ReceivedInvoiceChanged{Invoice: &einvoicev1.ReceivedInvoice{Id: "r", Number: "F-1", MerchantId: "m_1"}}
			if eventType == "invoice.answered" {
				c.Answer = &einvoicev1.ReceivedAnswer{Code: 205, State: "sending"}
			}
			m = c
			break
		}
		m = &eventsv1.InvoiceChanged{Invoice: &einvoicev1.Invoice{Number: "F-1", MerchantId: "m_1"}, Payment: &einvoicev1.InvoicePayment{}}
		if eventType != "invoice.paid" && eventType != "invoice.payment_received" {
			m.(*eventsv1.InvoiceChanged).Payment = nil
		}
	}
	data, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return events.Event{ID: events.NewID(), Type: eventType, Merchant: "m_1", Time: start, Data: data}
}

// TestTheCatalogueMatchesTheBodies: each type that an endpoint may ask for is in it, and its schema is that of the body.
func TestTheCatalogueMatchesTheBodies(t *testing.T) {
	t.Parallel()
	list, err := eventtype.All()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range list {
		names = append(names, e.Name)
		m, err := Read(changed(t, e.Name))
		if err != nil {
			t.Fatal(err)
		}
		text, err := m.Body(e.Name)
		if err != nil {
			t.Fatal(err)
		}
		var schema struct {
			Properties struct {
				Data struct {
					Required   []string
					Properties map[string]any
				}
			}
		}
		var body struct{ Data map[string]any }
		if json.Unmarshal(e.Schema, &schema) != nil || json.Unmarshal(text, &body) != nil {
			t.Fatalf("%s: %s", e.Name, text)
		}
		for _, name := range schema.Properties.Data.Required {
			if _, ok := body.Data[name]; !ok {
				t.Errorf("%s is sent without %s: %s", e.Name, name, text)
			}
		}
		for name := range body.Data {
			if schema.Properties.Data.Properties[name] == nil {
				t.Errorf("%s is sent with %s, which the catalogue does not know", e.Name, name)
			}
		}
	}
	known := endpoint.Types()
	slices.Sort(known)
	if slices.Sort(names); !slices.Equal(known, names) {
		t.Errorf("the catalogue has %v, endpoints may ask for %v", names, known)
	}
}
