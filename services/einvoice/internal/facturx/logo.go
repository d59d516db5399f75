package facturx

import (
	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/paper/logo"
	"european-pay.eu/eupay/internal/paper/pdf"
)

const (
	// keptSide is what is printed on 58 by 22 mm: 250 points an inch.
	keptSide = 576
	// keptLogos at most half a megabyte each: a merchant issues many documents, and decoding costs more than all the rest.
	keptLogos = 64
)

// CheckLogo returns an errs.Error that says what is wrong with a logo; nil for none.
func CheckLogo(file []byte) error {
	if len(file) == 0 {
		return nil
	}
	_, err := decodeLogo(file)
	return err
}

// decodeLogo makes a logo as small as it is printed. The error is an errs.Error.
func decodeLogo(file []byte) (*pdf.Image, error) {
	picture, err := logo.Decode(file, keptSide)
	if err != nil {
		return nil, errs.Invalid(errs.Field{Field: "logo", Message: err.Error()})
	}
	return pdf.NewImage(picture.Image, picture.Photo)
}

// known are the logos that were used.
var known = logo.NewMemory[*pdf.Image](keptLogos)

// readLogo returns nil for no picture, and for one that cannot be shown.
func readLogo(file []byte) *pdf.Image {
	if len(file) == 0 {
		return nil
	}
	l, err := known.Get(file, decodeLogo)
	if err != nil {
		return nil
	}
	return l
}
