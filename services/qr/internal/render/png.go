package render

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"sync"

	"european-pay.eu/eupay/internal/paper/logo"
)

// The first indices of every palette.
const (
	indexLight = iota
	indexDark
	indexWhite
	indexLogo
)

// PNG draws the code.
func (c *Code) PNG(o Options) ([]byte, error) {
	s, err := o.check()
	if err != nil {
		return nil, err
	}
	at, err := s.layout(c.Size)
	if err != nil {
		return nil, err
	}
	m := &image.Paletted{
		Pix: make([]uint8, at.side*at.side), Stride: at.side, Rect: image.Rect(0, 0, at.side, at.side),
		Palette: color.Palette{s.light, s.dark},
	}
	c.fill(m, at)
	if s.logo != nil {
		m.Palette = append(m.Palette, color.RGBA{255, 255, 255, 255})
		c.place(m, at, s.logo)
	}
	return encodePNG(m)
}

// fill draws the modules: the first line of each row of modules, then copies of it.
func (c *Code) fill(m *image.Paletted, at layout) {
	c.Runs(func(x, y, length int) {
		line := m.Pix[(at.offset+y*at.scale)*m.Stride:]
		for i := at.offset + x*at.scale; i < at.offset+(x+length)*at.scale; i++ {
			line[i] = indexDark
		}
	})
	for y := range c.Size {
		first := (at.offset + y*at.scale) * m.Stride
		for i := 1; i < at.scale; i++ {
			copy(m.Pix[first+i*m.Stride:first+(i+1)*m.Stride], m.Pix[first:first+m.Stride])
		}
	}
}

// place draws the pad, and the logo within it, half a module from its edge.
func (c *Code) place(m *image.Paletted, at layout, l *logo.Picture) {
	side := pad(c.Size) * at.scale
	start := at.offset + (c.Size-pad(c.Size))/2*at.scale
	for y := range side {
		for x := range side {
			if !cornered(x, y, side, at.scale) {
				m.Pix[(start+y)*m.Stride+start+x] = indexWhite
			}
		}
	}
	scaled := l.Within(side - at.scale)
	colours, pixels := paletted(scaled, indexLogo)
	m.Palette = append(m.Palette, palette(colours)...)
	w, h := scaled.Rect.Dx(), scaled.Rect.Dy()
	left, top := start+(side-w)/2, start+(side-h)/2
	for y := range h {
		copy(m.Pix[(top+y)*m.Stride+left:], pixels[y*w:(y+1)*w])
	}
}

// cornered reports whether a pixel of a square is outside of its rounded corner. It calculates in half pixels, from the centre of
// the pixel to the centre of the circle.
func cornered(x, y, side, radius int) bool {
	x, y = min(x, side-1-x), min(y, side-1-y)
	if x >= radius || y >= radius {
		return false
	}
	dx, dy := 2*(radius-x)-1, 2*(radius-y)-1
	return dx*dx+dy*dy > 4*radius*radius
}

// buffers pools the encoder's tables, which are large compared with a picture.
type buffers struct{ pool sync.Pool }

func (b *buffers) Get() *png.EncoderBuffer {
	buffer, _ := b.pool.Get().(*png.EncoderBuffer)
	return buffer
}

func (b *buffers) Put(buffer *png.EncoderBuffer) { b.pool.Put(buffer) }

var encoder = png.Encoder{CompressionLevel: png.BestSpeed, BufferPool: &buffers{}}

func encodePNG(m *image.Paletted) ([]byte, error) {
	var out bytes.Buffer
	if err := encoder.Encode(&out, m); err != nil {
		return nil, fmt.Errorf("write PNG: %w", err)
	}
	return out.Bytes(), nil
}
