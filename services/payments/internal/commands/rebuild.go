package commands

import (
	paymentsv1 "european-pay.eu/eupay/proto/eupay/payments/v1"
	"european-pay.eu/eupay/services/payments/internal/payment"
)

// BeneficiaryOf returns the merchant as it is paid.
func BeneficiaryOf(m *paymentsv1.Merchant) payment.Party { return beneficiary(m) }
