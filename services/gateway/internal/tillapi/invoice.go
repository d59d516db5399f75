package tillapi

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/refuse"
	"european-pay.eu/eupay/internal/vat"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	qrv1 "european-pay.eu/eupay/proto/eupay/qr/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// maxText and maxName are the longest texts of a customer and of a line, in characters: the einvoice service decides what they may contain.
const (
	maxText = 254
	maxName = 200
)

// services is the nature of what is eaten at a table.
const services = "services"

var paris = mustZone("Europe/Paris")

func mustZone(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return zone
}

// invoiceRequest is who the invoice is for.
type invoiceRequest struct {
	CustomerName      string  `json:"customer_name"`
	CustomerEmail     string  `json:"customer_email"`
	CustomerType      string  `json:"customer_type"`
	CustomerSIREN     string  `json:"customer_siren"`
	CustomerSIRET     string  `json:"customer_siret"`
	CustomerVATNumber string  `json:"customer_vat_number"`
	CustomerAddress   address `json:"customer_address"`
}

type address struct {
	Street   string `json:"street"`
	More     string `json:"more"`
	PostCode string `json:"post_code"`
	City     string `json:"city"`
	Country  string `json:"country"`
}

func (r invoiceRequest) check() error {
	var bad refuse.Problems
	bad.If(strings.TrimSpace(r.CustomerName) == "", "customer_name", "is required")
	bad.If(r.CustomerType != "" && r.CustomerType != "business" && r.CustomerType != "individual", "customer_type", "must be one of business, individual")
	x := r.CustomerAddress
	for field, text := range map[string]string{
		"customer_name": r.CustomerName, "customer_email": r.CustomerEmail, "customer_siren": r.CustomerSIREN, "customer_siret": r.CustomerSIRET,
		"customer_vat_number": r.CustomerVATNumber, "customer_address.street": x.Street, "customer_address.more": x.More,
		"customer_address.post_code": x.PostCode, "customer_address.city": x.City, "customer_address.country": x.Country,
	} {
		bad.If(len([]rune(text)) > maxText, field, "must have at most %d characters", maxText)
		bad.If(strings.ContainsFunc(text, web.Unprintable), field, "must not contain control characters")
	}
	return bad.Err()
}

func (r invoiceRequest) customer() *einvoicev1.Party {
	x := r.CustomerAddress
	return &einvoicev1.Party{
		Name: r.CustomerName, Email: r.CustomerEmail, Siren: r.CustomerSIREN, Siret: r.CustomerSIRET, VatNumber: r.CustomerVATNumber,
		Address: &einvoicev1.Address{Street: x.Street, More: x.More, PostCode: x.PostCode, City: x.City, Country: x.Country},
	}
}

// invoiceJSON is enough to find the invoice, which GET /einvoice/invoices/:id has whole.
type invoiceJSON struct {
	ID               string      `json:"id"`
	Number           string      `json:"number"`
	Status           string      `json:"status"`
	Total            money.Cents `json:"total"`
	PaymentReference string      `json:"payment_reference"`
	Livemode         bool        `json:"livemode"`
}

// invoice issues the invoice of a paid order: 201, or 200 with the one that exists. What it says of the payment keeps the sale from being e-reported
// twice.
func (a *API) invoice(c echo.Context) error {
	id, err := web.PathID(c, "id", orderNoun)
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
	o, ticket, err := a.paidOrder(ctx, caller.Of(c).MerchantID(), id)
	if err != nil {
		return err
	}
	paid := payment{o.GetMerchantId(), o.GetLivemode(), o.GetPaymentReference()}
	return a.issueOnce(ctx, c, paid, func(before int) *einvoicev1.CreateInvoiceRequest { return wanted(in, o, ticket, before) })
}

// payment is what an invoice is of.
type payment struct {
	merchantID string
	livemode   bool
	reference  string
}

// issueOnce answers with the invoice of a payment: the one that it has, or the one that is wanted after that many before. The key of that makes two requests
// at once issue one.
func (a *API) issueOnce(ctx context.Context, c echo.Context, of payment, wanted func(before int) *einvoicev1.CreateInvoiceRequest) error {
	known, before, err := a.issued(ctx, of)
	if err != nil {
		return err
	}
	replayed := known != nil
	if !replayed {
		res, err := a.Invoices.CreateInvoice(ctx, wanted(before))
		if err != nil {
			return err
		}
		known, replayed = res.GetInvoice(), res.GetReplayed()
	}
	status := http.StatusCreated
	if replayed {
		status = http.StatusOK
		c.Response().Header().Set(web.HeaderReplayed, "true")
	}
	return web.Answer(c, status, invoiceJSON{
		known.GetId(), known.GetNumber(), known.GetStatus(), money.Cents(known.GetTotalCents()), known.GetPaymentReference(), known.GetLivemode(),
	})
}

// invoiceable are the payment statuses of orders that get an invoice: of what was given back in part, of the rest.
var invoiceable = []string{"paid", "partially_refunded"}

func errNothingPaid() error {
	return errs.New(errs.InvalidState, "Only an order that is paid, and not given back, gets an invoice.")
}

// paidOrder returns an order that is paid, with its ticket. Something may be cancelled of it between the two, or before the invoice is issued: the
// invoice follows its payment, so that is credited then.
func (a *API) paidOrder(ctx context.Context, merchantID, id string) (*qrv1.Order, *qrv1.Ticket, error) {
	res, err := a.Tables.GetOrder(ctx, &qrv1.GetOrderRequest{MerchantId: merchantID, Id: id})
	if err != nil {
		return nil, nil, err
	}
	o := res.GetOrder()
	if o.GetBillId() != "" {
		return nil, nil, errs.New(errs.InvalidState, "This order is on the bill of its table. Issue the invoice of a payment of the bill.")
	}
	if !slices.Contains(invoiceable, o.GetPaymentStatus()) || o.GetPaymentReference() == "" || o.GetTotalCents() == 0 {
		return nil, nil, errNothingPaid()
	}
	ticket, err := a.Till.GetTicket(ctx, &qrv1.GetTicketRequest{MerchantId: merchantID, OrderId: id})
	if err == nil && ticket.GetTicket().GetTotalCents() == 0 {
		err = errNothingPaid()
	}
	return o, ticket.GetTicket(), err
}

// issued returns the invoice that a payment has already; nil if none, with the number of those that were cancelled, which leave room for another.
func (a *API) issued(ctx context.Context, of payment) (*einvoicev1.Invoice, int, error) {
	res, err := a.Invoices.ListInvoices(ctx, &einvoicev1.ListInvoicesRequest{
		MerchantId: of.merchantID, Livemode: of.livemode, Page: 1, Limit: 100, PaymentReference: of.reference,
	})
	if err != nil {
		return nil, 0, err
	}
	for _, x := range res.GetInvoices() {
		if x.GetTypeCode() == "380" && x.GetStatus() != "cancelled" && x.GetStatus() != "refunded" && x.GetStatus() != "failed" {
			return x, 0, nil
		}
	}
	return nil, len(res.GetInvoices()), nil
}

// means are the payment methods of invoices by those of orders. What came with EU Pay the einvoice service knows itself.
var means = map[string]string{"cash": "cash", "card": "card", "voucher": "other", "other": "other"}

// wanted is the invoice of an order, after that many before.
func wanted(in invoiceRequest, o *qrv1.Order, t *qrv1.Ticket, before int) *einvoicev1.CreateInvoiceRequest {
	req := &einvoicev1.CreateInvoiceRequest{
		MerchantId: o.GetMerchantId(), Livemode: o.GetLivemode(), Customer: in.customer(), CustomerType: in.CustomerType, Items: items(o, t),
		PaymentReference: o.GetPaymentReference(), IdempotencyKey: fmt.Sprintf("order:%s:%d", o.GetId(), before),
		AutoCredit: true, PaidCents: paidWith(t, o.GetPaymentReference()),
	}
	if method := means[o.GetPaymentMethod()]; method != "" {
		req.PaymentMethod, req.PaidOn = method, o.GetPaidAt().AsTime().In(paris).Format(time.DateOnly)
	}
	return req
}

// paidWith is the amount of a payment by the ticket.
func paidWith(t *qrv1.Ticket, reference string) (cents int64) {
	for _, p := range t.GetPayments() {
		if p.GetReference() == reference && p.GetAmountCents() > 0 {
			cents += p.GetAmountCents()
		}
	}
	return cents
}

// items are the lines of an order, each by rate of VAT. After a cancellation the sums by rate stand for them.
func items(o *qrv1.Order, t *qrv1.Ticket) []*einvoicev1.InvoiceItem {
	nature := services
	if o.GetOrderType() == "takeaway" {
		nature = "goods"
	}
	if t.GetCancelledCents() != 0 {
		return taxed(nil, "Commande "+strconv.FormatInt(o.GetNumber(), 10), nature, t.GetTaxes())
	}
	return lineItems(t, nature)
}

// lineItems are the lines of a ticket, each by rate of VAT.
func lineItems(t *qrv1.Ticket, nature string) (list []*einvoicev1.InvoiceItem) {
	for _, l := range t.GetLines() {
		list = taxed(list, lineName(l), nature, l.GetTaxes())
	}
	return list
}

// taxed adds an item for each rate of what has the name.
func taxed(list []*einvoicev1.InvoiceItem, name, nature string, taxes []*qrv1.TaxShare) []*einvoicev1.InvoiceItem {
	for _, x := range taxes {
		if x.GetGrossCents() > 0 {
			list = append(list, &einvoicev1.InvoiceItem{
				ProductName: name, Quantity: "1", UnitPriceCents: x.GetGrossCents(), VatRate: vat.Rate(x.GetVatPerMille()).String(), Nature: nature,
			})
		}
	}
	return list
}

// lineName is a line as the ticket has it, cut to what an invoice takes.
func lineName(l *qrv1.TicketLine) string {
	name := l.GetName()
	if len(l.GetOptions()) > 0 {
		name += " (" + strings.Join(l.GetOptions(), ", ") + ")"
	}
	if l.GetQuantity() != 1 {
		name = strconv.Itoa(int(l.GetQuantity())) + " x " + name
	}
	runes := []rune(name)
	return string(runes[:min(len(runes), maxName)])
}
