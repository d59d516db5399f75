// Package render draws QR codes as PNG, as SVG, and on printable cards as PDF. It is stateless, and the same input gives the same
// bytes.
package render

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/paper/epc"
	"european-pay.eu/eupay/internal/paper/qrcode"
)

// maxText is the capacity of the largest code at level H, in bytes (ISO/IEC 18004, version 40).
const maxText = 1273

// invalid returns a VALIDATION_ERROR for one field. The message begins with the field's name.
func invalid(field, format string, args ...any) *errs.Error {
	return errs.Invalid(errs.Field{Field: field, Message: field + " " + fmt.Sprintf(format, args...) + "."})
}

// Code is a QR code that can be drawn.
type Code struct{ *qrcode.Code }

func encode(text string, level qrcode.Level, highest int) (*Code, error) {
	code, err := qrcode.Encode(text, level, highest)
	if errors.Is(err, qrcode.ErrTooLong) {
		return nil, invalid("text", "does not fit into a QR code of version %d", highest)
	}
	return &Code{code}, err
}

// Text returns the code of a text at level H, the only one that leaves room for a logo. The text must be UTF-8 of 1 to 1273
// bytes.
func Text(text string) (*Code, error) {
	if text == "" || len(text) > maxText || !utf8.ValidString(text) {
		return nil, invalid("text", "must be UTF-8 of 1 to %d bytes", maxText)
	}
	return encode(text, qrcode.H, qrcode.MaxVersion)
}

// EPC returns the code of a SEPA credit transfer at level M in at most version 13, as EPC069-12 requires.
func EPC(payload string) (*Code, error) { return encode(payload, qrcode.M, epc.MaxVersion) }
