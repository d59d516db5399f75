package paying

import (
	"cmp"

	"european-pay.eu/eupay/internal/errs"
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
)

// detailRefused is the status_detail of what the provider refused at once: nobody was ever sent to a bank.
const detailRefused = "refused_by_provider"

// reasons are the sentences for failure codes of payments that were refused at once.
var reasons = map[string]string{
	"invalid_payer_account": "The bank does not take the payer's account for this.",
	"insufficient_funds":    "The account to pay from has too little money.",
	"invalid_amount":        "The bank does not take this amount.",
	"invalid_currency":      "The bank does not take this currency.",
	"invalid_date":          "The bank does not take this execution date.",
	"invalid_beneficiary":   "The bank does not take the account that is to be paid. Check its IBAN.",
	"invalid_label":         "The bank does not take the description.",
	"invalid_reference":     "The bank does not take the reference of the transfer.",
	"invalid_value":         "The payment provider does not take the data of this request.",
	"regulatory_reason":     "The bank refused for a regulatory reason.",
	"bank_unavailable":      "The bank takes no payments right now. Try again later.",
	"provider_error":        "The payment provider could not process this. Try again later.",
}

// RefusedAtOnce is PAYMENT_REFUSED for a payment or refund that the provider refused when it was asked for it, else nil. The
// payment exists and says so too.
func RefusedAtOnce(p *paymentsv1.Payment) error {
	return toldRefusal(p, IdentityMessage(p.GetFailureCode()))
}

// RefusedToPayer is RefusedAtOnce for a customer, who can mend no identity that the provider wants.
func RefusedToPayer(p *paymentsv1.Payment) error {
	identity := IdentityMessage(p.GetFailureCode())
	if identity != "" {
		identity = "The bank connection does not take what it knows of who pays or who is paid. Ask the merchant for another way to pay."
	}
	return toldRefusal(p, identity)
}

// toldRefusal tells the reason; identity is the one that is about an identity, empty for any other.
func toldRefusal(p *paymentsv1.Payment, identity string) error {
	if p.GetStatus() != "failed" || p.GetStatusDetail() != detailRefused {
		return nil
	}
	reason := cmp.Or(identity, reasons[p.GetFailureCode()], "The bank refused it without a reason that we know.")
	return errs.New(errs.PaymentRefused, "%s Nothing was paid; %s is recorded as failed.", reason, p.GetReference())
}
