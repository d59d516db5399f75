package einvoiceapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/refuse"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// The maximum lengths of texts. They prevent abuse; the service decides what an invoice may contain.
const (
	maxName       = 200
	maxEmail      = 254
	maxPhone      = 40
	maxNumber     = 30
	maxDeposits   = 50
	maxElectronic = 125 // BR-FR-25
	maxLine       = 200
	maxPostCode   = 20
	maxText       = 2000
	maxReason     = 500
	maxSentence   = 1000
	maxReference  = 100
	maxItems      = 1000
	maxUnit       = 20
)

// methods are the payment methods of an invoice.
var methods = []string{"cash", "card", "bank", "terminal", "other"}

type address struct {
	Street   string `json:"street"`
	More     string `json:"more"`
	PostCode string `json:"post_code"`
	City     string `json:"city"`
	Country  string `json:"country"`
}

func (a address) check(bad *problems, field string) {
	bad.line(field+".street", a.Street, maxLine)
	bad.line(field+".more", a.More, maxLine)
	bad.line(field+".post_code", a.PostCode, maxPostCode)
	bad.line(field+".city", a.City, maxLine)
	bad.line(field+".country", a.Country, 2)
}

func (a address) message() *einvoicev1.Address {
	return &einvoicev1.Address{Street: a.Street, More: a.More, PostCode: a.PostCode, City: a.City, Country: a.Country}
}

type item struct {
	ProductName        string     `json:"product_name"`
	Description        string     `json:"description"`
	Quantity           quantity   `json:"quantity"`
	UnitPriceTTC       web.Amount `json:"unit_price_ttc"`
	VATRate            rate       `json:"vat_rate"`
	Type               string     `json:"type"`
	VATExemptionReason string     `json:"vat_exemption_reason"`
	VATExemptionCode   string     `json:"vat_exemption_code"`
	Unit               string     `json:"unit"`
}

func (i item) check(bad *problems, field string) {
	bad.required(field+".product_name", i.ProductName)
	bad.line(field+".product_name", i.ProductName, maxName)
	bad.text(field+".description", i.Description, maxText)
	bad.required(field+".quantity", string(i.Quantity))
	if !i.UnitPriceTTC.Given() {
		bad.Add(field+".unit_price_ttc", "is required")
	}
	bad.required(field+".vat_rate", string(i.VATRate))
	bad.oneOf(field+".type", i.Type, "goods", "service")
	bad.line(field+".vat_exemption_reason", i.VATExemptionReason, maxReason)
	bad.line(field+".vat_exemption_code", i.VATExemptionCode, maxNumber)
	bad.line(field+".unit", i.Unit, maxUnit)
}

// natures maps the item types of the API to those of the service.
var natures = map[string]string{"goods": "goods", "service": "services"}

func (i item) message() *einvoicev1.InvoiceItem {
	return &einvoicev1.InvoiceItem{
		ProductName: i.ProductName, Description: i.Description, Quantity: string(i.Quantity), UnitPriceCents: int64(i.UnitPriceTTC.Cents()),
		VatRate: string(i.VATRate), Nature: natures[i.Type], VatExemptionReason: i.VATExemptionReason,
		VatExemptionCode: i.VATExemptionCode, Unit: i.Unit,
	}
}

type createRequest struct {
	CustomerName              string     `json:"customer_name"`
	CustomerEmail             string     `json:"customer_email"`
	CustomerType              string     `json:"customer_type"`
	CustomerSIREN             string     `json:"customer_siren"`
	CustomerSIRET             string     `json:"customer_siret"`
	CustomerVATNumber         string     `json:"customer_vat_number"`
	CustomerPhone             string     `json:"customer_phone"`
	CustomerAddress           address    `json:"customer_address"`
	CustomerElectronicAddress string     `json:"customer_electronic_address"`
	Items                     []item     `json:"items"`
	Notes                     string     `json:"notes"`
	Reference                 string     `json:"reference"`
	DiscountAmount            web.Amount `json:"discount_amount"`
	DueDate                   string     `json:"due_date"`
	PaidOn                    string     `json:"paid_on"`
	PaymentMethod             string     `json:"payment_method"`
	PaymentReference          string     `json:"payment_reference"`
	deal
	Type             string   `json:"type"`
	Deposits         []string `json:"deposits"`
	UnreachableBuyer string   `json:"unreachable_buyer"`
	AutoCredit       bool     `json:"auto_credit"`
}

func (r createRequest) check() error {
	var bad problems
	bad.required("customer_name", r.CustomerName)
	bad.line("customer_name", r.CustomerName, maxName)
	bad.line("customer_email", r.CustomerEmail, maxEmail)
	bad.oneOf("customer_type", r.CustomerType, "business", "individual")
	bad.line("customer_siren", r.CustomerSIREN, maxNumber)
	bad.line("customer_siret", r.CustomerSIRET, maxNumber)
	bad.line("customer_vat_number", r.CustomerVATNumber, maxNumber)
	bad.line("customer_phone", r.CustomerPhone, maxPhone)
	r.CustomerAddress.check(&bad, "customer_address")
	bad.line("customer_electronic_address", r.CustomerElectronicAddress, maxElectronic)
	bad.text("notes", r.Notes, maxText)
	bad.line("reference", r.Reference, maxReference)
	bad.day("due_date", r.DueDate)
	bad.day("paid_on", r.PaidOn)
	bad.oneOf("payment_method", r.PaymentMethod, methods...)
	bad.line("payment_reference", r.PaymentReference, maxReference)
	r.deal.check(&bad)
	bad.oneOf("type", r.Type, "invoice", "deposit")
	r.checkDeposits(&bad)
	bad.If(r.AutoCredit && r.PaymentReference == "", "auto_credit", "requires payment_reference")
	bad.oneOf("unreachable_buyer", r.UnreachableBuyer, "refuse", "keep")
	switch {
	case len(r.Items) == 0:
		bad.Add("items", "is required, with at least one item")
	case len(r.Items) > maxItems:
		bad.Add("items", "must have at most %d items", maxItems)
	}
	for i := range min(len(r.Items), maxItems) {
		r.Items[i].check(&bad, refuse.At("items", i))
	}
	return bad.Err()
}

// checkDeposits checks the ids or numbers of the deposits that a final invoice deducts.
func (r createRequest) checkDeposits(bad *problems) {
	bad.If(len(r.Deposits) > maxDeposits, "deposits", "must have at most %d entries", maxDeposits)
	bad.If(len(r.Deposits) > 0 && r.Type == "deposit", "deposits", "must not be given for a deposit")
	for i, id := range r.Deposits[:min(len(r.Deposits), maxDeposits)] {
		bad.required(refuse.At("deposits", i), id)
		bad.line(refuse.At("deposits", i), id, maxReference)
	}
}

func (r createRequest) message() *einvoicev1.CreateInvoiceRequest {
	m := &einvoicev1.CreateInvoiceRequest{
		Customer: &einvoicev1.Party{
			Name: r.CustomerName, Email: r.CustomerEmail, Phone: r.CustomerPhone, Siren: r.CustomerSIREN, Siret: r.CustomerSIRET,
			VatNumber: r.CustomerVATNumber, ElectronicAddress: r.CustomerElectronicAddress, Address: r.CustomerAddress.message(),
		},
		CustomerType: r.CustomerType, DiscountCents: int64(r.DiscountAmount.Cents()), Notes: r.Notes, Reference: r.Reference, DueDate: r.DueDate,
		PaidOn: r.PaidOn, PaymentMethod: r.PaymentMethod, PaymentReference: r.PaymentReference,
		Type: r.Type, Deposits: r.Deposits, KeepUnreachable: r.UnreachableBuyer == "keep",
		AutoCredit: r.AutoCredit,
	}
	for _, i := range r.Items {
		m.Items = append(m.Items, i.message())
	}
	r.deal.put(m)
	return m
}

// createLimit is the maximum body size of a new invoice: a thousand lines with the usual fields.
const createLimit = 512 << 10

// create answers 201 with a new invoice, and 200 with the existing one of the same reference or Idempotency-Key.
func (a *API) create(c echo.Context) error {
	of, err := caller.WhoseOf(c, nil)
	if err != nil {
		return err
	}
	var in createRequest
	if err := web.DecodeUpTo(c, &in, createLimit); err != nil {
		return err
	}
	if err := in.check(); err != nil {
		return err
	}
	req := in.message()
	req.MerchantId, req.Livemode = of.MerchantID, of.Livemode
	if req.IdempotencyKey, err = web.IdempotencyKey(c); err != nil {
		return err
	}
	ctx, cancel := web.Calling(c, platformTimeout)
	defer cancel()
	res, err := a.Invoices.CreateInvoice(ctx, req)
	if err != nil {
		return issued(err, req.GetIdempotencyKey() != "" || req.GetReference() != "")
	}
	return web.Answer(c, created(c, res.GetReplayed()), submitted(res.GetInvoice(), res.GetMandateStatus()))
}

// created returns the status for a new or a replayed document, and sets the header of a replayed one.
func created(c echo.Context, replayed bool) int {
	if !replayed {
		return http.StatusCreated
	}
	c.Response().Header().Set(web.HeaderReplayed, "true")
	return http.StatusOK
}
