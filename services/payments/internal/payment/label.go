package payment

import (
	"european-pay.eu/eupay/internal/sepa"
)

// maxFindable is the longest merchant's reference that goes into the bank label.
const maxFindable = 40

// BankLabel is what stands on the statements of payer and merchant: the description and, behind it, the reference by which
// the merchant finds the transfer. A description that is too long gives way, never the reference.
func BankLabel(p Payment) string {
	label, err := sepa.Label(p.Description, p.Findable())
	if err != nil { // a reference of ours is never empty
		return p.Reference
	}
	return label
}

// Findable is the merchant's own reference when a bank leaves every character of it as it is, else the end of ours, which
// is unique and easy to type. Of a merchant's code that was scanned it is the code's request id and the end of ours.
func (p Payment) Findable() string {
	ours := p.Reference
	if p.Origin == OriginScan { // the merchant knows the payment that it pays
		ours = p.GatewayReference
	}
	short := ours[max(0, len(ours)-16):]
	switch ref := p.MerchantReference; {
	case p.Origin == OriginQR && p.CodeRequest != "" && sepa.Basic(p.CodeRequest) && len(p.CodeRequest) <= maxFindable:
		return p.CodeRequest + " " + short
	case ref != "" && len(ref) <= maxFindable && sepa.Basic(ref):
		return ref
	default:
		return short
	}
}
