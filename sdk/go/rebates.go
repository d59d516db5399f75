package eupay

import "context"

// PeriodCreditParams are a credit note for a contract and a period (262), which is of no single invoice.
type PeriodCreditParams struct {
	// BT-44.
	CustomerName  string `json:"customer_name"`
	CustomerEmail string `json:"customer_email,omitzero"`
	// When absent it follows from what else is given. One of business, individual.
	CustomerType string `json:"customer_type,omitzero"`
	// BT-47, nine digits.
	CustomerSIREN string `json:"customer_siren,omitzero"`
	// BT-46, fourteen digits.
	CustomerSIRET string `json:"customer_siret,omitzero"`
	// BT-48.
	CustomerVATNumber string  `json:"customer_vat_number,omitzero"`
	CustomerPhone     string  `json:"customer_phone,omitzero"`
	CustomerAddress   Address `json:"customer_address,omitzero"`
	// A business's address in the directory (scheme 0225); its SIREN when absent.
	CustomerElectronicAddress string `json:"customer_electronic_address,omitzero"`
	// What is given back, with positive prices.
	Items  []InvoiceItem `json:"items"`
	Reason string        `json:"reason"`
	// The number of the contract (BT-12) and the period (BG-14): both are mandatory.
	ContractReference string        `json:"contract_reference"`
	ServicePeriod     ServicePeriod `json:"service_period"`
	// The ids or numbers of invoices of the same customer that it names.
	Invoices []string `json:"invoices,omitzero"`
	// Yours (BT-14). The same one within 24 hours returns the same document.
	Reference string `json:"reference,omitzero"`
	// The buyer's own (BT-10), and the number of the buyer's order (BT-13).
	BuyerReference string `json:"buyer_reference,omitzero"`
	PurchaseOrder  string `json:"purchase_order,omitzero"`
	// What happens when the buyer cannot receive e-invoices yet. One of refuse, keep.
	UnreachableBuyer string `json:"unreachable_buyer,omitzero"`
	// IdempotencyKey makes a repetition of the request harmless. Empty: the client makes one, for its own repetitions.
	IdempotencyKey string `json:"-"`
}

// CreditPeriod issues a credit note for a contract and a period, such as a yearly bonus, and hands it in as Create does.
func (s Invoices) CreditPeriod(ctx context.Context, p PeriodCreditParams) (*Invoice, error) {
	return s.once(ctx, call{path: "/einvoice/credit-notes", body: p, key: p.IdempotencyKey})
}
