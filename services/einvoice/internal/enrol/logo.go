package enrol

import (
	"bytes"
	"image"
	_ "image/jpeg" // the formats of a logo
	_ "image/png"

	"european-pay.eu/eupay/internal/errs"
)

// The bounds of a logo: of its file, and of its sides, since a small file can blow up to gigabytes.
const (
	maxLogo     = 512 << 10
	maxLogoSide = 2048
)

// checkLogo reads the header of a PNG or JPEG; none is fine.
func checkLogo(logo []byte) error {
	if len(logo) == 0 {
		return nil
	}
	refuse := func(what string) error { return errs.Invalid(errs.Field{Field: "logo", Message: "logo " + what}) }
	if len(logo) > maxLogo {
		return refuse("must have at most 512 KiB")
	}
	head, format, err := image.DecodeConfig(bytes.NewReader(logo))
	if err != nil || format != "png" && format != "jpeg" {
		return refuse("must be a PNG or JPEG picture")
	}
	if head.Width < 1 || head.Height < 1 || head.Width > maxLogoSide || head.Height > maxLogoSide {
		return refuse("must have at most 2048 by 2048 pixels")
	}
	return nil
}
