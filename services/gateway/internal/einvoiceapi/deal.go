package einvoiceapi

import einvoicev1 "european-pay.eu/eupay/proto/eupay/einvoice/v1"

// deal is what an invoice says about the deal that it is for: the buyer's references, and when and where it was fulfilled.
type deal struct {
	BuyerReference    string   `json:"buyer_reference"`
	PurchaseOrder     string   `json:"purchase_order"`
	ContractReference string   `json:"contract_reference"`
	DeliveryDate      string   `json:"delivery_date"`
	ServicePeriod     period   `json:"service_period"`
	DeliveryAddress   *address `json:"delivery_address"`
}

type period struct {
	From string `json:"from"`
	To   string `json:"to"`
}

func (d deal) check(bad *problems) {
	bad.line("buyer_reference", d.BuyerReference, maxReference)
	bad.line("purchase_order", d.PurchaseOrder, maxReference)
	bad.line("contract_reference", d.ContractReference, maxReference)
	bad.day("delivery_date", d.DeliveryDate)
	bad.day("service_period.from", d.ServicePeriod.From)
	bad.day("service_period.to", d.ServicePeriod.To)
	if d.DeliveryAddress != nil {
		d.DeliveryAddress.check(bad, "delivery_address")
	}
}

func (d deal) put(m *einvoicev1.CreateInvoiceRequest) {
	m.BuyerReference, m.PurchaseOrder, m.ContractReference = d.BuyerReference, d.PurchaseOrder, d.ContractReference
	m.DeliveryDate, m.ServiceFrom, m.ServiceTo = d.DeliveryDate, d.ServicePeriod.From, d.ServicePeriod.To
	if d.DeliveryAddress != nil {
		m.DeliveryAddress = d.DeliveryAddress.message()
	}
}

// dealView is the deal of an issued invoice.
type dealView struct {
	BuyerReference    *string          `json:"buyer_reference"`
	PurchaseOrder     *string          `json:"purchase_order"`
	ContractReference *string          `json:"contract_reference"`
	DeliveryDate      *string          `json:"delivery_date"`
	ServicePeriod     *period          `json:"service_period"`
	DeliveryAddress   *customerAddress `json:"delivery_address"`
}

func dealOf(v *einvoicev1.Invoice) dealView {
	d := dealView{
		BuyerReference: unlessEmpty(v.GetBuyerReference()), PurchaseOrder: unlessEmpty(v.GetPurchaseOrder()),
		ContractReference: unlessEmpty(v.GetContractReference()), DeliveryDate: unlessEmpty(v.GetDeliveryDate()),
	}
	if v.GetServiceFrom() != "" {
		d.ServicePeriod = &period{v.GetServiceFrom(), v.GetServiceTo()}
	}
	if a := v.GetDeliveryAddress(); a != nil {
		address := addressView(a)
		d.DeliveryAddress = &address
	}
	return d
}
