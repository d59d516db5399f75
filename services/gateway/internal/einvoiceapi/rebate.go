package einvoiceapi

import (
	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/refuse"
	einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"
	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/web"
)

// maxNamed is how many invoices a credit note for a period names at most.
const maxNamed = 50

// rebateRequest is a credit note that is of no single invoice.
type rebateRequest struct {
	CustomerName              string   `json:"customer_name"`
	CustomerEmail             string   `json:"customer_email"`
	CustomerType              string   `json:"customer_type"`
	CustomerSIREN             string   `json:"customer_siren"`
	CustomerSIRET             string   `json:"customer_siret"`
	CustomerVATNumber         string   `json:"customer_vat_number"`
	CustomerPhone             string   `json:"customer_phone"`
	CustomerAddress           address  `json:"customer_address"`
	CustomerElectronicAddress string   `json:"customer_electronic_address"`
	Items                     []item   `json:"items"`
	Reason                    string   `json:"reason"`
	ContractReference         string   `json:"contract_reference"`
	ServicePeriod             period   `json:"service_period"`
	Invoices                  []string `json:"invoices"`
	Reference                 string   `json:"reference"`
	BuyerReference            string   `json:"buyer_reference"`
	PurchaseOrder             string   `json:"purchase_order"`
	UnreachableBuyer          string   `json:"unreachable_buyer"`
}

// order is what it has in common with a new invoice.
func (r rebateRequest) order() createRequest {
	return createRequest{
		CustomerName: r.CustomerName, CustomerEmail: r.CustomerEmail, CustomerType: r.CustomerType, CustomerSIREN: r.CustomerSIREN,
		CustomerSIRET: r.CustomerSIRET, CustomerVATNumber: r.CustomerVATNumber, CustomerPhone: r.CustomerPhone, CustomerAddress: r.CustomerAddress,
		CustomerElectronicAddress: r.CustomerElectronicAddress, Items: r.Items, Reference: r.Reference, UnreachableBuyer: r.UnreachableBuyer,
		deal: deal{
			BuyerReference: r.BuyerReference, PurchaseOrder: r.PurchaseOrder, ContractReference: r.ContractReference, ServicePeriod: r.ServicePeriod,
		},
	}
}

// check checks what it has in common with an invoice first.
func (r rebateRequest) check() error {
	if err := r.order().check(); err != nil {
		return err
	}
	var bad problems
	bad.required("reason", r.Reason)
	bad.text("reason", r.Reason, maxReason)
	bad.required("contract_reference", r.ContractReference)
	bad.required("service_period.from", r.ServicePeriod.From)
	bad.required("service_period.to", r.ServicePeriod.To)
	bad.If(len(r.Invoices) > maxNamed, "invoices", "must have at most %d entries", maxNamed)
	for i, id := range r.Invoices[:min(len(r.Invoices), maxNamed)] {
		bad.required(refuse.At("invoices", i), id)
		bad.line(refuse.At("invoices", i), id, maxReference)
	}
	return bad.Err()
}

func (r rebateRequest) message() *einvoicev1.CreateRebateRequest {
	m := r.order().message()
	return &einvoicev1.CreateRebateRequest{
		Customer: m.GetCustomer(), CustomerType: m.GetCustomerType(), Items: m.GetItems(), Reason: r.Reason, ContractReference: r.ContractReference,
		PeriodFrom: r.ServicePeriod.From, PeriodTo: r.ServicePeriod.To, Invoices: r.Invoices, Reference: r.Reference, BuyerReference: r.BuyerReference,
		PurchaseOrder: r.PurchaseOrder, KeepUnreachable: m.GetKeepUnreachable(),
	}
}

// createRebate issues a credit note for a contract and a period. It answers 201 with a new one, and 200 with that of the same reference or
// Idempotency-Key.
func (a *API) createRebate(c echo.Context) error {
	of, err := caller.WhoseOf(c, nil)
	if err != nil {
		return err
	}
	var in rebateRequest
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
	res, err := web.Call(c, platformTimeout, a.Rebates.CreateRebate, req)
	if err != nil {
		return issued(err, req.GetIdempotencyKey() != "" || req.GetReference() != "")
	}
	return web.Answer(c, created(c, res.GetReplayed()), submitted(res.GetCreditNote(), res.GetMandateStatus()))
}
