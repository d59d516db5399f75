package render

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"runtime"
	"slices"
	"sync"
)

const (
	// MaxLogo is the largest file of a logo in bytes.
	MaxLogo = 512 << 10
	// maxLogoSide bounds what a small file may blow up to: 2048 by 2048 are 16 MB in memory.
	maxLogoSide = 2048
	// logoPercent is the part of the code's width that the pad of the logo may cover. Level H would bear more; phones do not.
	logoPercent = 20
	// minPad is the least pad in modules: below it nothing can be seen. The smallest codes bear it.
	minPad = 5
	// keptSide is more than the largest logo on the largest picture; kept as it is, one logo takes a megabyte.
	keptSide  = 512
	keptLogos = 32
	// vectorLogo is the side of a logo inside of an SVG or PDF, in pixels.
	vectorLogo = 256
	// logoColours leave room for dark, light and white in a palette of 256.
	logoColours = 253
)

// logo is a decoded picture.
type logo struct{ image *image.RGBA }

// decoding bounds the logos in memory: one for each core.
var decoding = make(chan struct{}, runtime.GOMAXPROCS(0))

// readLogo decodes a PNG or JPEG after a look at its size. It returns nil for no bytes.
func readLogo(file []byte) (*logo, error) {
	if len(file) == 0 {
		return nil, nil
	}
	if len(file) > MaxLogo {
		return nil, invalid("logo", "must be a file of at most %d KiB", MaxLogo>>10)
	}
	dimensions, decode := png.DecodeConfig, png.Decode
	if bytes.HasPrefix(file, []byte{0xff, 0xd8}) {
		dimensions, decode = jpeg.DecodeConfig, jpeg.Decode
	}
	refused := invalid("logo", "must be a whole PNG or JPEG picture")
	config, err := dimensions(bytes.NewReader(file))
	if err != nil {
		return nil, refused
	}
	if config.Width < 1 || config.Height < 1 || config.Width > maxLogoSide || config.Height > maxLogoSide {
		return nil, invalid("logo", "must have at most %d by %d pixels", maxLogoSide, maxLogoSide)
	}
	key := sha256.Sum256(file)
	if l := known.get(key); l != nil {
		return l, nil
	}
	decoding <- struct{}{}
	defer func() { <-decoding }()
	decoded, err := decode(bytes.NewReader(file))
	if err != nil {
		return nil, refused
	}
	whole := image.NewRGBA(image.Rect(0, 0, config.Width, config.Height))
	draw.Draw(whole, whole.Bounds(), image.White, image.Point{}, draw.Src)
	draw.Draw(whole, whole.Bounds(), decoded, decoded.Bounds().Min, draw.Over)
	l := &logo{whole}
	if config.Width > keptSide || config.Height > keptSide {
		l = &logo{l.within(keptSide)}
	}
	known.put(key, l)
	return l, nil
}

// memory keeps the logos that were used: a shop shows many codes, and decoding is a third of the work for one.
type memory struct {
	mu    sync.Mutex
	logos map[[sha256.Size]byte]*logo
}

var known = &memory{logos: map[[sha256.Size]byte]*logo{}}

func (m *memory) get(key [sha256.Size]byte) *logo {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.logos[key]
}

// put forgets any other logo when there are too many.
func (m *memory) put(key [sha256.Size]byte, l *logo) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for old := range m.logos {
		if len(m.logos) < keptLogos {
			break
		}
		delete(m.logos, old)
	}
	m.logos[key] = l
}

// pad is the side of the white square below a logo, in modules: an odd number, so that it is centred on whole modules.
func pad(modules int) int {
	side := max(modules*logoPercent/100, minPad)
	return side - 1 + side%2
}

// within scales the logo into a square, keeping its proportions; every pixel is the mean of those that it stands for.
func (l *logo) within(side int) *image.RGBA {
	from := l.image.Bounds()
	longer := max(from.Dx(), from.Dy())
	w, h := max(side*from.Dx()/longer, 1), max(side*from.Dy()/longer, 1)
	to := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		y0, y1 := span(y, h, from.Dy())
		for x := range w {
			x0, x1 := span(x, w, from.Dx())
			to.SetRGBA(x, y, l.mean(x0, y0, x1, y1))
		}
	}
	return to
}

// span is the part of a line of `from` pixels that pixel i of `to` stands for.
func span(i, to, from int) (first, end int) {
	first = i * from / to
	return first, max((i+1)*from/to, first+1)
}

func (l *logo) mean(x0, y0, x1, y1 int) color.RGBA {
	var r, g, b int
	for y := y0; y < y1; y++ {
		for p := l.image.Pix[y*l.image.Stride+4*x0 : y*l.image.Stride+4*x1]; len(p) > 0; p = p[4:] {
			r, g, b = r+int(p[0]), g+int(p[1]), b+int(p[2])
		}
	}
	n := (x1 - x0) * (y1 - y0)
	return color.RGBA{uint8((r + n/2) / n), uint8((g + n/2) / n), uint8((b + n/2) / n), 255}
}

// tone is a group of pixels whose colours agree in the highest five bits of each channel.
type tone struct{ r, g, b, n, key, index int }

func toneKey(p []uint8) int { return int(p[0]>>3)<<10 | int(p[1]>>3)<<5 | int(p[2]>>3) }

func (t *tone) colour() color.RGBA {
	return color.RGBA{uint8(t.r / t.n), uint8(t.g / t.n), uint8(t.b / t.n), 255}
}

// paletted maps the pixels to the most frequent tones, which keeps the flat colours of a logo exact. The indices begin
// at start.
func paletted(m *image.RGBA, start int) (colours []color.RGBA, pixels []uint8) {
	var byKey [1 << 15]*tone
	var used []*tone
	for p := m.Pix; len(p) > 0; p = p[4:] {
		t := byKey[toneKey(p)]
		if t == nil {
			t = &tone{key: toneKey(p)}
			byKey[t.key], used = t, append(used, t)
		}
		t.r, t.g, t.b, t.n = t.r+int(p[0]), t.g+int(p[1]), t.b+int(p[2]), t.n+1
	}
	slices.SortFunc(used, func(a, b *tone) int { return cmp.Or(b.n-a.n, a.key-b.key) })
	for i, t := range used {
		if i < logoColours {
			colours = append(colours, t.colour())
			t.index = i
			continue
		}
		t.index = nearest(colours, t.colour())
	}
	pixels = make([]uint8, 0, len(m.Pix)/4)
	for p := m.Pix; len(p) > 0; p = p[4:] {
		pixels = append(pixels, uint8(start+byKey[toneKey(p)].index))
	}
	return colours, pixels
}

func nearest(colours []color.RGBA, c color.RGBA) int {
	best, least := 0, 1<<30
	for i, have := range colours {
		r, g, b := int(have.R)-int(c.R), int(have.G)-int(c.G), int(have.B)-int(c.B)
		if d := r*r + g*g + b*b; d < least {
			best, least = i, d
		}
	}
	return best
}

// file is the logo as a PNG of ours for SVG and PDF: never the bytes that somebody sent.
func (l *logo) file() ([]byte, image.Rectangle, error) {
	scaled := l.within(vectorLogo)
	colours, pixels := paletted(scaled, 0)
	m := &image.Paletted{Pix: pixels, Stride: scaled.Rect.Dx(), Rect: scaled.Rect, Palette: palette(colours)}
	b, err := encodePNG(m)
	return b, scaled.Rect, err
}

func palette(colours []color.RGBA) color.Palette {
	p := make(color.Palette, len(colours))
	for i, c := range colours {
		p[i] = c
	}
	return p
}
