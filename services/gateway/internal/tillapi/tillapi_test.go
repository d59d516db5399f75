package tillapi

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/protobuf/types/known/timestamppb"

	"european-pay.eu/eupay/internal/errs"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/gatewaytest"
	"european-pay.eu/eupay/services/gateway/internal/rights"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	orderID = "4fc1cd9e-b053-4e95-9e79-14e5080c1b26"
	ticket  = "/table-order/orders/" + orderID + "/ticket"
	invoice = "/table-order/orders/" + orderID + "/invoice"
	closing = "/till/closings/50d2deaf-c164-4fa6-af8a-25f6191d2c37"
	journal = "/till/journal?from=2026-06-01T00:00:00Z&to=2026-07-01T00:00:00Z"
)

var noon = timestamppb.New(time.Date(2026, 6, 17, 12, 0, 0, 0, time.UTC))

func setup(t *testing.T) (*gatewaytest.Desk, *gatewaytest.Backend) {
	t.Helper()
	d, b := gatewaytest.NewDesk(t), gatewaytest.NewBackend(t)
	New(Deps{
		Till: qrv1.NewTillServiceClient(b.Conn), Tables: qrv1.NewTableServiceClient(b.Conn), Invoices: einvoicev1.NewEInvoiceServiceClient(b.Conn), Merchants: d,
		Access: d.Access, Limiter: d.Limits, Log: slog.New(slog.DiscardHandler),
	}).Register(d.Group)
	order := &qrv1.Order{
		Id: orderID, MerchantId: gatewaytest.Ours, Number: 7, PaymentStatus: "paid", PaymentReference: "PAY-1", PaymentMethod: "cash", TotalCents: 1200, PaidAt: noon,
	}
	b.Answer(&qrv1.GetOrderResponse{Order: order}, &qrv1.GetGuestOrderResponse{Order: order})
	return d, b
}

func TestWhatHoldsForAllCalls(t *testing.T) {
	t.Parallel()
	d, b := setup(t)
	owner := gatewaytest.As(rights.RoleMerchant)
	gatewaytest.CheckRoutes(t, d, b, []gatewaytest.Route{
		{Token: owner, Method: "GET", Path: ticket + "?language=en"},
		{Token: owner, Method: "GET", Path: ticket + "?format=pdf"},
		{Method: "GET", Path: ticket + "?token=" + gatewaytest.Token, Limits: []string{"ip:ticket:"}},
		{Token: owner, Method: "POST", Path: invoice, Body: `{"customer_name":"Jane","customer_address":{"city":"Lyon"}}`},
		{Token: owner, Method: "GET", Path: "/till/closings?period=day"},
		{Token: owner, Method: "GET", Path: "/till/closings?format=csv"},
		{Token: owner, Method: "POST", Path: "/till/closings"},
		{Token: owner, Method: "GET", Path: closing},
		{Token: owner, Method: "GET", Path: journal, Limits: []string{"journal:" + gatewaytest.Ours}},
		{Token: owner, Method: "GET", Path: journal + "&format=csv"},
	})
}

func TestBodiesAndFiltersOfTheTillAreReadStrictly(t *testing.T) {
	t.Parallel()
	d, b := setup(t)
	owner := gatewaytest.As(rights.RoleMerchant)
	gatewaytest.CheckBodies(t, d, b, gatewaytest.Route{Token: owner, Method: "POST", Path: invoice}, map[string]string{
		`{"customer_name":"Jane"}`: "", `{}`: "customer_name", `{"customer_name":"Jane","total":1}`: "total", `{"customer_name":1}`: "customer_name",
		`{"customer_name":"Jane","customer_type":"friend"}`: "customer_type", `{"customer_name":"Jane","customer_address":"Lyon"}`: "customer_address",
		`{"customer_name":"Jane","customer_address":{"zip":"1"}}`: "customer_address.zip", `{"customer_name":"` + strings.Repeat("é", maxText+1) + `"}`: "customer_name",
		`{"customer_name":"Ja\u0000ne"}`: "customer_name", `{"customer_name":"Jane","payment_reference":"PAY-2"}`: "payment_reference", ``: "body",
	})
	for path, field := range map[string]string{
		ticket + "?format=doc": "format", ticket + "?language=de": "language", "/till/closings?period=week": "period",
		"/till/closings?from=2026-06-01T00:00": "from", "/till/journal?from=2026-06-01T00:00:00Z": "to", "/till/journal?from=x&to=y": "from to",
		"/till/journal?from=2026-07-01T00:00:00Z&to=2026-06-01T00:00:00Z": "to", closing + "?format=xml": "format", "/till/closings?livemode=yes": "livemode",
	} {
		if r := d.Call(t, owner, "GET", path, ""); r.Code() != errs.ValidationError || strings.Join(gatewaytest.Fields(r.JSON), " ") != field {
			t.Errorf("%s: %d %s, want %s refused", path, r.Status, r.Text, field)
		}
	}
}

func TestTicketsOfNobody(t *testing.T) {
	t.Parallel()
	d, b := setup(t)
	owner, long := gatewaytest.As(rights.RoleMerchant), strings.Repeat("a", 65)
	gatewaytest.CheckNobodys(t, d, b, []gatewaytest.Route{
		{Token: owner, Method: "GET", Path: "/table-order/orders/" + long + "/ticket"},
		{Method: "GET", Path: "/table-order/orders/a.b/ticket?token=" + gatewaytest.Token},
		{Token: owner, Method: "POST", Path: "/table-order/orders/" + long + "/invoice", Body: `{"customer_name":"Jane"}`},
		{Token: owner, Method: "GET", Path: "/till/closings/a%20b"},
	})
	if r := d.Call(t, "", "GET", ticket, ""); r.Code() != errs.Unauthenticated {
		t.Errorf("nobody gets a ticket: %d %s", r.Status, r.Text)
	}
}

// TestAnInvoiceIsOfAPaidOrderThatIsNoBills, and of a counter's payment says how and when it was paid.
func TestAnInvoiceIsOfAPaidOrderThatIsNoBills(t *testing.T) {
	t.Parallel()
	d, b := setup(t)
	owner, body := gatewaytest.As(rights.RoleMerchant), `{"customer_name":"Jane"}`
	b.Answer(&qrv1.GetTicketResponse{Ticket: &qrv1.Ticket{TotalCents: 1}})
	if r := d.Call(t, owner, "POST", invoice, body); r.Status != 201 {
		t.Errorf("%d %s", r.Status, r.Text)
	}
	asked := gatewaytest.Latest[*einvoicev1.CreateInvoiceRequest](b)
	if asked.GetPaymentReference() != "PAY-1" || asked.GetPaymentMethod() != "cash" || asked.GetPaidOn() != "2026-06-17" || asked.GetIdempotencyKey() != "order:"+orderID+":0" {
		t.Errorf("asked for %v", asked)
	}
	for name, o := range map[string]*qrv1.Order{
		"unpaid": {PaymentStatus: "pending", PaymentReference: "PAY-1", TotalCents: 1}, "free": {PaymentStatus: "paid", PaymentReference: "PAY-1"},
		"given back": {PaymentStatus: "refunded", PaymentReference: "PAY-1", TotalCents: 1}, "of a bill": {BillId: "x", PaymentStatus: "paid", PaymentReference: "PAY-1", TotalCents: 1},
	} {
		b.Answer(&qrv1.GetOrderResponse{Order: o})
		if r := d.Call(t, owner, "POST", invoice, body); r.Code() != errs.InvalidState || gatewaytest.Latest[*einvoicev1.CreateInvoiceRequest](b) != nil {
			t.Errorf("%s: %d %s", name, r.Status, r.Text)
		}
	}
}
