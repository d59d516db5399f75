package paying

import (
	"github.com/labstack/echo/v4"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/reference"
)

// The bounds of the amount of a payment and of a refund, as the API reference has them.
const (
	MinAmount money.Cents = 1
	MaxAmount money.Cents = 10_000_00
)

// CheckAmount refuses an amount that no payment may have: VALIDATION_ERROR of the field amount.
func CheckAmount(cents money.Cents) error {
	if cents >= MinAmount && cents <= MaxAmount {
		return nil
	}
	return errs.Invalid(errs.Field{Field: "amount", Message: "amount must be between " + MinAmount.String() + " and " + MaxAmount.String() + "."})
}

// ReferenceOf reads the path parameter; a malformed one is answered like an unknown one.
func ReferenceOf(c echo.Context) (string, error) {
	ref := c.Param("reference")
	if !reference.Valid(ref) {
		return "", errs.NotFound("Payment")
	}
	return ref, nil
}
