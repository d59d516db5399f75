package web

import (
	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
)

// HeaderReplayed is "true" in an answer that repeats an earlier one.
const HeaderReplayed = "Idempotent-Replayed"

const (
	headerIdempotencyKey      = "Idempotency-Key"
	maxIdempotencyKey         = 255
	firstPrintable, lastASCII = ' ', '~'
)

// IdempotencyKey returns the Idempotency-Key header; "" if there is none.
func IdempotencyKey(c echo.Context) (string, error) {
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
