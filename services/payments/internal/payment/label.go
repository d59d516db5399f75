package payment

import (
	"european-pay.eu/eupay/internal/sepa"
)

// maxStatementReference is the longest merchant reference that goes into the bank label.
const maxStatementReference = 40

// BankLabel is the text on the statements of payer and merchant: the description followed by the reference by which the merchant
// finds the transfer. A long description is cut; the reference never is.
func BankLabel(p Payment) string {
	label, err := sepa.Label(p.Description, p.StatementReference())
	if err != nil {
		return p.Reference
	}
	return label
}

// StatementReference is the merchant's own reference if banks pass on every character of it; otherwise the end of ours, which is
// unique and easy to type. For a merchant's scanned code it is the code's request id and the end of ours. A payment to a supplier has none:
// its text is the one that the supplier asked for.
func (p Payment) StatementReference() string {
	ours := p.Reference
	if p.Origin == OriginScan { // the merchant knows the payment that the scan pays
		ours = p.GatewayReference
	}
	short := ours[max(0, len(ours)-16):]
	switch ref := p.MerchantReference; {
	case p.Kind == KindSupplier:
		return "" // the supplier finds its invoice by the text alone
	case p.Origin == OriginQR && p.CodeRequest != "" && sepa.Basic(p.CodeRequest) && len(p.CodeRequest) <= maxStatementReference:
		return p.CodeRequest + " " + short
	case ref != "" && len(ref) <= maxStatementReference && sepa.Basic(ref) && p.Kind == KindMandate:
		return ref + " " + short // each of its transfers is found by ours, and means something to the merchant
	case ref != "" && len(ref) <= maxStatementReference && sepa.Basic(ref):
		return ref
	default:
		return short
	}
}
