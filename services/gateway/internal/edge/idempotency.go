package edge

import (
	"crypto/sha256"
	"encoding/binary"
	"strconv"

	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/gateway/internal/account"
)

const (
	headerIdempotencyKey      = "Idempotency-Key"
	headerReplayed            = "Idempotent-Replayed"
	maxIdempotencyKey         = 255
	firstPrintable, lastASCII = ' ', '~'
)

// idempotencyKey reads the header; "" when the request has none.
func idempotencyKey(c echo.Context) (string, error) {
	values := c.Request().Header.Values(headerIdempotencyKey)
	if len(values) == 0 {
		return "", nil
	}
	key := values[0]
	good := len(values) == 1 && key != "" && len(key) <= maxIdempotencyKey
	for i := range len(key) {
		good = good && key[i] >= firstPrintable && key[i] <= lastASCII
	}
	if !good {
		return "", errs.Invalid(errs.Field{
			Field:   headerIdempotencyKey,
			Message: headerIdempotencyKey + " must be sent once, with 1 to 255 printable ASCII characters.",
		})
	}
	return key, nil
}

// fingerprint identifies what the caller asked for: two requests have the same one exactly when they mean the same. Each
// part is preceded by its length, so that no two lists of parts run together.
func fingerprint(endpoint string, key account.Key, parts ...string) []byte {
	h := sha256.New()
	var size [8]byte
	for _, part := range append([]string{endpoint, key.Merchant.ID, strconv.FormatBool(key.Livemode)}, parts...) {
		binary.BigEndian.PutUint64(size[:], uint64(len(part)))
		h.Write(size[:])
		h.Write([]byte(part))
	}
	return h.Sum(nil)
}

func (r *createRequest) fingerprint(key account.Key) []byte {
	return fingerprint("create", key, append([]string{
		r.Amount.Cents().String(), r.Currency, r.Description, r.Reference,
		r.SuccessURL, r.CancelURL, string(sortedMetadata(r.Metadata)), r.ExecutionType, r.ExecutionDate,
	}, r.Customer.fingerprint()...)...)
}
