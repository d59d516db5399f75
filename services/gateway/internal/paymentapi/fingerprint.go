package paymentapi

import (
	"strings"

	"european-pay.eu/eupay/services/gateway/internal/caller"
	"european-pay.eu/eupay/services/gateway/internal/paying"
)

func (r *createRequest) fingerprint(of caller.Account) []byte {
	parts := append([]string{
		r.Amount.Cents().String(), r.Currency, r.Description, r.Reference,
		r.SuccessURL, r.CancelURL, string(paying.SortedMetadata(r.Metadata)), r.ExecutionType, r.ExecutionDate,
	}, r.Customer.Fingerprint()...)
	if r.Bank != "" { // the fingerprints of requests without one stay what they were
		parts = append(parts, "bank", strings.ToLower(r.Bank))
	}
	return paying.Fingerprint("create", of.Merchant.ID, of.Livemode, parts...)
}
