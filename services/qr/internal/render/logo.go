package render

import (
	"cmp"
	"image"
	"image/color"
	"slices"

	"european-pay.eu/eupay/internal/paper/logo"
)

const (
	// logoPercent is the part of the code's width that the pad of the logo may cover. Level H would tolerate more, but phones do
	// not.
	logoPercent = 20
	// minPad is the minimum pad in modules: a smaller logo would be invisible. The smallest codes tolerate it.
	minPad = 5
	// keptSide is larger than the largest logo in the largest picture; at full size a logo would take a megabyte.
	keptSide  = 512
	keptLogos = 32
	// vectorLogo is the side of a logo in an SVG or PDF, in pixels.
	vectorLogo = 256
	// logoColours leave room for dark, light and white in a palette of 256.
	logoColours = 253
)

// logoCache caches recently used logos.
var logoCache = logo.NewMemory[*logo.Picture](keptLogos)

// readLogo returns nil for an empty file.
func readLogo(file []byte) (*logo.Picture, error) {
	if len(file) == 0 {
		return nil, nil
	}
	picture, err := logoCache.Get(file, func(file []byte) (*logo.Picture, error) { return logo.Decode(file, keptSide) })
	if err != nil {
		return nil, invalid("logo", "%s", err)
	}
	return picture, nil
}

// pad returns the side of the white square behind a logo in modules: an odd number, so that it is centred on whole modules.
func pad(modules int) int {
	side := max(modules*logoPercent/100, minPad)
	return side - 1 + side%2
}

// tone is a group of pixels whose colours agree in the highest five bits of each channel.
type tone struct{ r, g, b, n, key, index int }

func toneKey(p []uint8) int { return int(p[0]>>3)<<10 | int(p[1]>>3)<<5 | int(p[2]>>3) }

func (t *tone) colour() color.RGBA {
	return color.RGBA{uint8(t.r / t.n), uint8(t.g / t.n), uint8(t.b / t.n), 255}
}

// paletted maps the pixels to the most frequent tones, which preserves the flat colours of a logo exactly. The indices start at
// start.
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

// logoFile re-encodes a logo as PNG for SVG, so that uploaded bytes are never served.
func logoFile(l *logo.Picture) ([]byte, error) {
	scaled := l.Within(vectorLogo)
	colours, pixels := paletted(scaled, 0)
	m := &image.Paletted{Pix: pixels, Stride: scaled.Rect.Dx(), Rect: scaled.Rect, Palette: palette(colours)}
	return encodePNG(m)
}

func palette(colours []color.RGBA) color.Palette {
	p := make(color.Palette, len(colours))
	for i, c := range colours {
		p[i] = c
	}
	return p
}
