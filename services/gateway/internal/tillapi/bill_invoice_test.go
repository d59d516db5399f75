package tillapi

import (
	"testing"

	"european-pay.eu/eupay/internal/errs"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
)

func share(perMille int32, gross int64) *qrv1.TaxShare {
	return &qrv1.TaxShare{VatPerMille: perMille, GrossCents: gross}
}

// lunch is a bill of 36.00 whose payments are of that much at 10 % and 20 %.
func lunch(payments ...*qrv1.BillPayment) (*qrv1.Bill, *qrv1.Ticket) {
	return &qrv1.Bill{MerchantId: "m", Livemode: true, TableName: "Table 4", TotalCents: 3600, Payments: payments}, &qrv1.Ticket{
		Lines: []*qrv1.TicketLine{
			{Name: "Menu", Quantity: 2, Taxes: []*qrv1.TaxShare{share(100, 2000), share(200, 1000)}}, {Name: "Vin", Quantity: 1, Taxes: []*qrv1.TaxShare{share(200, 600)}},
		},
	}
}

func summary(list []*einvoicev1.InvoiceItem) (text string) {
	for _, x := range list {
		text += x.GetProductName() + " " + x.GetVatRate() + " " + (map[bool]string{true: "service"}[x.GetNature() == services]) + "; "
	}
	return text
}

// Who paid all of a bill gets its lines; who paid a part, or got some of it back, what that was at each rate.
func TestWhatIsOnTheInvoiceOfAPaymentOfABill(t *testing.T) {
	t.Parallel()
	all := &qrv1.BillPayment{Id: "p1", Method: "cash", AmountCents: 3600, TipCents: 300, KeptTaxes: []*qrv1.TaxShare{share(100, 2000), share(200, 1600)}}
	part := &qrv1.BillPayment{Id: "p2", Method: "eupay", Reference: "PAY-2", AmountCents: 1200, KeptTaxes: []*qrv1.TaxShare{share(100, 667), share(200, 533)}}
	b, ticket := lunch(all, part)
	req := wantedOfBill(invoiceRequest{CustomerName: "ACME"}, b, all, ticket, 0)
	if got := summary(req.GetItems()); got != "2 x Menu 10 service; 2 x Menu 20 service; Vin 20 service; " || req.GetPaymentReference() != "p1" || req.GetPaymentMethod() != "cash" || req.GetPaidOn() == "" {
		t.Errorf("the whole is %s %v", got, req)
	}
	req = wantedOfBill(invoiceRequest{CustomerName: "ACME"}, b, part, ticket, 1)
	if got := summary(req.GetItems()); got != "Repas, table 4 10 service; Repas, table 4 20 service; " || req.GetPaymentReference() != "PAY-2" || req.GetPaidOn() != "" ||
		req.GetIdempotencyKey() != "bill-payment:p2:1" {
		t.Errorf("the part is %s %v", got, req)
	}
	var sum int64
	for _, x := range req.GetItems() {
		sum += x.GetUnitPriceCents()
	}
	if sum != 1200 {
		t.Errorf("the part comes to %d", sum)
	}
	ticket.CancelledCents = -100
	if got := summary(billItems(b, all, ticket)); got != "Repas, table 4 10 service; Repas, table 4 20 service; " {
		t.Errorf("after a cancellation it is %s", got)
	}
	if got := mealAt("Terrasse 2"); got != "Repas, table Terrasse 2" {
		t.Error(got)
	}
}

func TestWhatIsNotInvoiced(t *testing.T) {
	t.Parallel()
	paid := func(change func(*qrv1.BillPayment)) *qrv1.BillPayment {
		p := &qrv1.BillPayment{Id: "p", AmountCents: 1200, KeptTaxes: []*qrv1.TaxShare{share(100, 1200)}}
		change(p)
		return p
	}
	for name, c := range map[string]struct {
		payment  *qrv1.BillPayment
		overpaid int64
		want     errs.Code
	}{
		"another payment":          {paid(func(p *qrv1.BillPayment) { p.Id = "q" }), 0, errs.NotFoundCode},
		"a refund that is asked":   {paid(func(p *qrv1.BillPayment) { p.RefundStatus = "requested" }), 0, errs.InvalidState},
		"a refund under way":       {paid(func(p *qrv1.BillPayment) { p.RefundStatus = "pending" }), 0, errs.InvalidState},
		"what was given back":      {paid(func(p *qrv1.BillPayment) { p.KeptTaxes, p.RefundStatus = nil, "completed" }), 0, errs.InvalidState},
		"more than the bill is":    {paid(func(*qrv1.BillPayment) {}), 100, errs.InvalidState},
		"a payment of the bill":    {paid(func(*qrv1.BillPayment) {}), 0, ""},
		"after a refund of a part": {paid(func(p *qrv1.BillPayment) { p.RefundStatus = "completed" }), 0, ""},
	} {
		_, err := paymentToInvoice(&qrv1.Bill{OverpaidCents: c.overpaid, Payments: []*qrv1.BillPayment{c.payment}}, "p")
		if c.want == "" && err != nil || c.want != "" && !errs.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
