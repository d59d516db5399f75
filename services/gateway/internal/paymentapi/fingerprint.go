package paymentapi

import (
	"crypto/sha256"
	"encoding/binary"
	"strconv"
	"strings"

	"european-pay.eu/eupay/services/gateway/internal/caller"
)

// fingerprint identifies the contents of a request: two requests have the same fingerprint only if they ask for the same. Each
// part is preceded by its length, so that no two lists of parts have the same encoding.
func fingerprint(endpoint string, of caller.Account, parts ...string) []byte {
	h := sha256.New()
	var size [8]byte
	for _, part := range append([]string{endpoint, of.Merchant.ID, strconv.FormatBool(of.Livemode)}, parts...) {
		binary.BigEndian.PutUint64(size[:], uint64(len(part)))
		h.Write(size[:])
		h.Write([]byte(part))
	}
	return h.Sum(nil)
}

func (r *createRequest) fingerprint(of caller.Account) []byte {
	parts := append([]string{
		r.Amount.Cents().String(), r.Currency, r.Description, r.Reference,
		r.SuccessURL, r.CancelURL, string(sortedMetadata(r.Metadata)), r.ExecutionType, r.ExecutionDate,
	}, r.Customer.fingerprint()...)
	if r.Bank != "" { // the fingerprints of requests without one stay what they were
		parts = append(parts, "bank", strings.ToLower(r.Bank))
	}
	return fingerprint("create", of, parts...)
}
