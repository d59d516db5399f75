package facturx

import (
	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/paper/logo"
	"european-pay.eu/eupay/internal/paper/pdf"
)

const (
	// keptSide is the size for printing on 58 by 22 mm at 250 dpi.
	keptSide = 576
	// keptLogos are at most half a megabyte each. Merchants issue many documents, and decoding costs more than everything else.
	keptLogos = 64
)

// CheckLogo returns an errs.Error with the problem of a logo; nil if there is none.
func CheckLogo(file []byte) error {
	if len(file) == 0 {
		return nil
	}
	_, err := decodeLogo(file)
	return err
}

// decodeLogo decodes a logo at its printed size. The error is an errs.Error.
func decodeLogo(file []byte) (*pdf.Image, error) {
	picture, err := logo.Decode(file, keptSide)
	if err != nil {
		return nil, errs.Invalid(errs.Field{Field: "logo", Message: err.Error()})
	}
	return pdf.NewImage(picture.Image, picture.Photo)
}

// logoCache caches recently used logos.
var logoCache = logo.NewMemory[*pdf.Image](keptLogos)

// readLogo returns nil if there is no picture or it cannot be shown.
func readLogo(file []byte) *pdf.Image {
	if len(file) == 0 {
		return nil
	}
	l, err := logoCache.Get(file, decodeLogo)
	if err != nil {
		return nil
	}
	return l
}
