package tillapi

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// invoiceBillPayment issues the invoice of a payment of a bill, as invoice does of an order: of what a guest has paid of it and did not get back.
func (a *API) invoiceBillPayment(c echo.Context) error {
	id, err := web.PathID(c, "id", billNoun)
	if err != nil {
		return err
	}
	paymentID, err := web.PathID(c, "payment", paymentNoun)
	if err != nil {
		return err
	}
	var in invoiceRequest
	if err := web.Decode(c, &in); err != nil {
		return err
	}
	if err := in.check(); err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, invoiceTimeout)
	defer cancel()
	merchantID := caller.Of(c).MerchantID()
	read, err := a.Bills.GetBill(ctx, &qrv1.GetBillRequest{MerchantId: merchantID, Id: id})
	if err != nil {
		return err
	}
	b := read.GetBill()
	p, err := paymentToInvoice(b, paymentID)
	if err != nil {
		return err
	}
	ticket, err := a.Till.GetBillTicket(ctx, &qrv1.GetBillTicketRequest{MerchantId: merchantID, BillId: id})
	if err != nil {
		return err
	}
	paid := payment{merchantID, b.GetLivemode(), referenceOf(p)}
	return a.issueOnce(ctx, c, paid, func(before int) *einvoicev1.CreateInvoiceRequest {
		return wantedOfBill(in, b, p, ticket.GetTicket(), before)
	})
}

// referenceOf is what the journal and the reports know a payment of a bill by: what the merchant received itself by its id.
func referenceOf(p *qrv1.BillPayment) string { return cmp.Or(p.GetReference(), p.GetId()) }

// paymentToInvoice returns a payment that something was bought with. While more was paid than the bill costs, or a refund is under way, nobody knows yet how much.
func paymentToInvoice(b *qrv1.Bill, id string) (*qrv1.BillPayment, error) {
	for _, p := range b.GetPayments() {
		switch {
		case p.GetId() != id:
			continue
		case p.GetRefundStatus() == "requested" || p.GetRefundStatus() == "pending":
			return nil, errs.New(errs.InvalidState, "A refund of this payment is under way. Issue the invoice when it has ended.")
		case kept(p) <= 0:
			return nil, errs.New(errs.InvalidState, "This payment was given back: there is nothing to invoice.")
		case b.GetOverpaidCents() > 0:
			return nil, errs.New(errs.InvalidState, "More was paid of this bill than it costs. Give that back, and issue the invoice then.")
		}
		return p, nil
	}
	return nil, errs.NotFound(paymentNoun)
}

// kept is what was paid and not given back, without the tip.
func kept(p *qrv1.BillPayment) (sum int64) {
	for _, x := range p.GetKeptTaxes() {
		sum += x.GetGrossCents()
	}
	return sum
}

// wantedOfBill is the invoice of a payment of a bill, after that many before. The tip is not on it, and is given back last.
func wantedOfBill(in invoiceRequest, b *qrv1.Bill, p *qrv1.BillPayment, t *qrv1.Ticket, before int) *einvoicev1.CreateInvoiceRequest {
	req := &einvoicev1.CreateInvoiceRequest{
		MerchantId: b.GetMerchantId(), Livemode: b.GetLivemode(), Customer: in.customer(), CustomerType: in.CustomerType, Items: billItems(b, p, t),
		PaymentReference: referenceOf(p), IdempotencyKey: fmt.Sprintf("bill-payment:%s:%d", p.GetId(), before),
		AutoCredit: true, PaidCents: p.GetAmountCents(),
	}
	if method := means[p.GetMethod()]; method != "" {
		req.PaymentMethod, req.PaidOn = method, p.GetReceivedAt().AsTime().In(paris).Format(time.DateOnly)
	}
	return req
}

// billItems are the lines of the bill if one payment paid them all, and otherwise what it paid at each rate: nobody knows who ate what.
func billItems(b *qrv1.Bill, p *qrv1.BillPayment, t *qrv1.Ticket) []*einvoicev1.InvoiceItem {
	if lines := lineItems(t, services); t.GetCancelledCents() == 0 && sameByRate(lines, taxed(nil, "", services, p.GetKeptTaxes())) {
		return lines
	}
	return taxed(nil, mealAt(b.GetTableName()), services, p.GetKeptTaxes())
}

// sameByRate reports whether two lists come to the same at each rate.
func sameByRate(a, b []*einvoicev1.InvoiceItem) bool {
	left := make(map[string]int64)
	for _, x := range a {
		left[x.GetVatRate()] += x.GetUnitPriceCents()
	}
	for _, x := range b {
		left[x.GetVatRate()] -= x.GetUnitPriceCents()
	}
	for _, n := range left {
		if n != 0 {
			return false
		}
	}
	return true
}

// mealAt says in the language of invoices what was eaten at a table, whose name may say already that it is one.
func mealAt(table string) string {
	name := "Repas, table " + table
	if first, rest, several := strings.Cut(table, " "); several && strings.EqualFold(first, "table") {
		name = "Repas, table " + rest
	}
	runes := []rune(name)
	return string(runes[:min(len(runes), maxName)])
}
