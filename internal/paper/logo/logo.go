// Package logo decodes and scales the pictures that merchants upload, within limits on bytes, pixels and memory.
package logo

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"runtime"
)

const (
	// MaxFile is the maximum size of a logo file in bytes.
	MaxFile = 512 << 10
	// maxSide limits how large a small file may become in memory: 2048 by 2048 pixels are 16 MB.
	maxSide = 2048
)

// Refused is the reason why a file is refused, formulated to follow the name of its field: "must be …".
type Refused string

// Error implements error.
func (r Refused) Error() string { return string(r) }

const notWhole = Refused("must be a whole PNG or JPEG picture")

// Picture is a decoded logo on a white background.
type Picture struct {
	// Image has no transparent pixel.
	Image *image.RGBA
	// Photo is true if the file was a JPEG.
	Photo bool
}

// decoding limits the pictures that are decoded concurrently: one for each core.
var decoding = make(chan struct{}, runtime.GOMAXPROCS(0))

// Decode decodes a PNG or JPEG after checking its size, puts it on a white background, and scales its longer side to at most kept
// pixels. The error is of type Refused.
func Decode(file []byte, kept int) (*Picture, error) {
	if len(file) > MaxFile {
		return nil, Refused(fmt.Sprintf("must be a file of at most %d KiB", MaxFile>>10))
	}
	dimensions, decode := png.DecodeConfig, png.Decode
	photo := bytes.HasPrefix(file, []byte{0xff, 0xd8})
	if photo {
		dimensions, decode = jpeg.DecodeConfig, jpeg.Decode
	}
	config, err := dimensions(bytes.NewReader(file))
	if err != nil {
		return nil, notWhole
	}
	if config.Width < 1 || config.Height < 1 || config.Width > maxSide || config.Height > maxSide {
		return nil, Refused(fmt.Sprintf("must have at most %d by %d pixels", maxSide, maxSide))
	}
	decoding <- struct{}{}
	defer func() { <-decoding }()
	decoded, err := decode(bytes.NewReader(file))
	if err != nil {
		return nil, notWhole
	}
	whole := image.NewRGBA(image.Rect(0, 0, config.Width, config.Height))
	draw.Draw(whole, whole.Bounds(), image.White, image.Point{}, draw.Src)
	draw.Draw(whole, whole.Bounds(), decoded, decoded.Bounds().Min, draw.Over)
	p := &Picture{Image: whole, Photo: photo}
	if max(config.Width, config.Height) > kept {
		p.Image = p.Within(kept)
	}
	return p, nil
}

// Within scales the picture into a square, keeping its proportions. Every pixel is the mean of the pixels it represents.
func (p *Picture) Within(side int) *image.RGBA {
	from := p.Image.Bounds()
	longer := max(from.Dx(), from.Dy())
	w, h := max(side*from.Dx()/longer, 1), max(side*from.Dy()/longer, 1)
	to := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		y0, y1 := span(y, h, from.Dy())
		for x := range w {
			x0, x1 := span(x, w, from.Dx())
			to.SetRGBA(x, y, p.mean(x0, y0, x1, y1))
		}
	}
	return to
}

// span returns the range of pixels, in a line of `from` pixels, that pixel i of `to` represents.
func span(i, to, from int) (first, end int) {
	first = i * from / to
	return first, max((i+1)*from/to, first+1)
}

func (p *Picture) mean(x0, y0, x1, y1 int) color.RGBA {
	var r, g, b int
	for y := y0; y < y1; y++ {
		for px := p.Image.Pix[y*p.Image.Stride+4*x0 : y*p.Image.Stride+4*x1]; len(px) > 0; px = px[4:] {
			r, g, b = r+int(px[0]), g+int(px[1]), b+int(px[2])
		}
	}
	n := (x1 - x0) * (y1 - y0)
	return color.RGBA{uint8((r + n/2) / n), uint8((g + n/2) / n), uint8((b + n/2) / n), 255}
}
