package pdf

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
)

// Image is a picture encoded for a PDF. It never contains uploaded bytes.
type Image struct {
	width, height int
	filter        string
	data          []byte
}

// NewImage compresses a photograph as JPEG, and any other picture losslessly. The picture has no transparent pixels.
func NewImage(m *image.RGBA, photo bool) (*Image, error) {
	l := &Image{width: m.Rect.Dx(), height: m.Rect.Dy(), filter: "/FlateDecode"}
	if photo {
		var out bytes.Buffer
		if err := jpeg.Encode(&out, m, &jpeg.Options{Quality: 92}); err != nil {
			return nil, fmt.Errorf("compress picture: %w", err)
		}
		l.filter, l.data = "/DCTDecode", out.Bytes()
		return l, nil
	}
	pixels := make([]byte, 0, 3*l.width*l.height)
	for p := m.Pix; len(p) > 0; p = p[4:] {
		pixels = append(pixels, p[0], p[1], p[2])
	}
	l.data = Deflate(pixels)
	return l, nil
}

// entries returns the picture's dictionary entries (8.9.5).
func (l *Image) entries() string {
	return fmt.Sprintf("/Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter%s", l.width, l.height, l.filter)
}

// Within returns the largest size of the picture that fits into a box.
func (l *Image) Within(w, h int) (width, height int) {
	if l.width*h < l.height*w {
		return h * l.width / l.height, h
	}
	return w, w * l.height / l.width
}

// Picture draws the canvas's picture; x and y are its upper left corner.
func (c *Canvas) Picture(x, y, w, h int) {
	c.mark(c.Into)
	p := c.Page
	p.pictured = true
	p.WriteString("q ")
	p.number(w)
	p.WriteString("0 0 ")
	p.number(h)
	p.number(x)
	p.number(c.height - y - h)
	p.WriteString("cm/Logo Do Q\n")
}
