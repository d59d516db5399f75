package facturx

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/paper/logo"
)

const (
	// keptSide is what is printed on 58 by 22 mm: 250 points an inch.
	keptSide = 576
	// keptLogos at most half a megabyte each: a merchant issues many documents, and decoding costs more than all the rest.
	keptLogos = 64
)

// bitmap is a picture as a PDF has it: never the bytes that somebody sent.
type bitmap struct {
	width, height int
	filter        string
	data          []byte
}

// CheckLogo returns an errs.Error that says what is wrong with a logo; nil for none.
func CheckLogo(file []byte) error {
	if len(file) == 0 {
		return nil
	}
	_, err := decodeLogo(file)
	return err
}

// decodeLogo makes a logo as small as it is printed. The error is an errs.Error.
func decodeLogo(file []byte) (*bitmap, error) {
	picture, err := logo.Decode(file, keptSide)
	if err != nil {
		return nil, errs.Invalid(errs.Field{Field: "logo", Message: err.Error()})
	}
	return packLogo(picture.Image, picture.Photo)
}

// packLogo compresses a photograph as one, and anything else without loss.
func packLogo(m *image.RGBA, photo bool) (*bitmap, error) {
	l := &bitmap{width: m.Rect.Dx(), height: m.Rect.Dy(), filter: "/FlateDecode"}
	if photo {
		var out bytes.Buffer
		if err := jpeg.Encode(&out, m, &jpeg.Options{Quality: 92}); err != nil {
			return nil, fmt.Errorf("compress logo: %w", err)
		}
		l.filter, l.data = "/DCTDecode", out.Bytes()
		return l, nil
	}
	pixels := make([]byte, 0, 3*l.width*l.height)
	for p := m.Pix; len(p) > 0; p = p[4:] {
		pixels = append(pixels, p[0], p[1], p[2])
	}
	l.data = deflate(pixels)
	return l, nil
}

// known are the logos that were used.
var known = logo.NewMemory[*bitmap](keptLogos)

// readLogo returns nil for no picture, and for one that cannot be shown.
func readLogo(file []byte) *bitmap {
	if len(file) == 0 {
		return nil
	}
	l, err := known.Get(file, decodeLogo)
	if err != nil {
		return nil
	}
	return l
}

// entries of the picture's dictionary (ISO 32000-1, 8.9.5).
func (l *bitmap) entries() string {
	return fmt.Sprintf("/Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter%s", l.width, l.height, l.filter)
}

// picture draws the logo into the upper left of a box and returns its height there.
func (l *layout) picture(x, y, w, h int) int {
	if l.logo.width*h < l.logo.height*w {
		w = h * l.logo.width / l.logo.height
	} else {
		h = w * l.logo.height / l.logo.width
	}
	p := l.page
	p.images = true
	p.WriteString("q ")
	p.number(w)
	p.WriteString("0 0 ")
	p.number(h)
	p.number(x)
	p.number(pageHeight - y - h)
	p.WriteString("cm/Logo Do Q\n")
	return h
}
