package provider

import (
	"google.golang.org/protobuf/proto"

	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
)

// mandate is the kind of a payment in which a payer authorises the standing order of a subscription, and active the status of a subscription
// that is collected. supplier is the kind of a payment that the merchant itself makes.
const (
	mandate  = "mandate"
	active   = "active"
	supplier = "supplier"
)

// asSubscription returns a mandate with the status that its subscription has, which is the one that the payer and the merchant's page are told.
// Any other payment is returned as it is.
func asSubscription(p *paymentsv1.Payment) *paymentsv1.Payment {
	if p.GetKind() != mandate {
		return p
	}
	out := proto.CloneOf(p)
	switch detail := p.GetStatusDetail(); {
	case p.GetStatus() == "completed", p.GetStatus() == "pending_sca" && (detail == "mandate_active" || detail == "cancelling"):
		out.Status = active
	case p.GetStatus() == "cancelled":
		out.Status = "failed"
	}
	return out
}
