package render

import (
	"fmt"
	"image/color"
	"math"

	"european-pay.eu/eupay/internal/paper/logo"
	"european-pay.eu/eupay/internal/paper/qrcode"
	"european-pay.eu/eupay/internal/refuse"
)

// The limits of Options, in pixels and modules.
const (
	minSize      = 64
	maxSize      = 2048
	minScale     = 2
	maxScale     = 16
	defaultScale = 4
	maxMargin    = 16
	// minContrast is the minimum contrast (WCAG 2) that cameras can read in bad light.
	minContrast = 3
)

// DefaultMargin is the margin that ISO/IEC 18004 requires, in modules.
const DefaultMargin = qrcode.Quiet

// Options of a picture.
type Options struct {
	// Size is the side in pixels; Scale is the pixels per module. At most one of them is given.
	Size, Scale int
	// Margin is the minimum margin in modules.
	Margin int
	// Dark and Light are colours as #rrggbb. Default: black and white.
	Dark, Light string
	// Logo is a PNG or JPEG; empty if none.
	Logo []byte
}

// style is validated Options.
type style struct {
	size, scale, margin int
	dark, light         color.RGBA
	logo                *logo.Picture
}

// check validates the options.
func (o Options) check() (style, error) {
	var bad refuse.Problems
	switch {
	case o.Size != 0 && o.Scale != 0:
		bad.Add("scale", "cannot be given together with size")
	case o.Size != 0 && (o.Size < minSize || o.Size > maxSize):
		bad.Add("size", "must be from %d to %d pixels", minSize, maxSize)
	case o.Scale != 0 && (o.Scale < minScale || o.Scale > maxScale):
		bad.Add("scale", "must be from %d to %d pixels", minScale, maxScale)
	}
	if o.Margin < 0 || o.Margin > maxMargin {
		bad.Add("margin", "must be from 0 to %d modules", maxMargin)
	}
	s := style{size: o.Size, scale: o.Scale, margin: o.Margin}
	var darkOK, lightOK bool
	if s.dark, darkOK = parseColour(o.Dark, color.RGBA{A: 255}); !darkOK {
		bad.Add("dark", "must be a colour such as #000000")
	}
	if s.light, lightOK = parseColour(o.Light, color.RGBA{255, 255, 255, 255}); !lightOK {
		bad.Add("light", "must be a colour such as #ffffff")
	}
	if darkOK && lightOK && contrast(s.dark, s.light) < minContrast {
		bad.Add("dark", "must be darker than light, with a contrast of at least %d:1, or the code cannot be scanned", minContrast)
	}
	if err := bad.Err(); err != nil {
		return style{}, err
	}
	var err error
	s.logo, err = readLogo(o.Logo)
	return s, err
}

// parseColour parses #rrggbb.
func parseColour(text string, fallback color.RGBA) (color.RGBA, bool) {
	if text == "" {
		return fallback, true
	}
	c := color.RGBA{A: 255}
	if len(text) != 7 || text[0] != '#' {
		return c, false
	}
	for i, channel := range []*uint8{&c.R, &c.G, &c.B} {
		high, low := hexDigit(text[1+2*i]), hexDigit(text[2+2*i])
		if high < 0 || low < 0 {
			return c, false
		}
		*channel = uint8(high<<4 | low)
	}
	return c, true
}

func hexDigit(b byte) int {
	switch {
	case b >= '0' && b <= '9':
		return int(b - '0')
	case b >= 'a' && b <= 'f':
		return int(b-'a') + 10
	case b >= 'A' && b <= 'F':
		return int(b-'A') + 10
	}
	return -1
}

func hex(c color.RGBA) string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }

// contrast returns the contrast ratio of WCAG 2.2; below 1 if dark is the lighter one.
func contrast(dark, light color.RGBA) float64 {
	return (luminance(light) + 0.05) / (luminance(dark) + 0.05)
}

// luminance returns the relative luminance of WCAG 2.2.
func luminance(c color.RGBA) float64 {
	linear := func(channel uint8) float64 {
		v := float64(channel) / 255
		if v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
}

// layout is the position of the modules in whole pixels, so that every edge is crisp.
type layout struct {
	// side of the picture, scale of a module, and offset of the first module from the edge.
	side, scale, offset int
}

// layout fits a code of that many modules. The remaining pixels are distributed over the margins.
func (s style) layout(modules int) (layout, error) {
	all := modules + 2*s.margin
	if s.size == 0 {
		scale := s.scale
		if scale == 0 {
			scale = defaultScale
		}
		if all*scale > maxSize {
			return layout{}, invalid("scale", "must be at most %d for this text", maxSize/all)
		}
		return layout{side: all * scale, scale: scale, offset: s.margin * scale}, nil
	}
	scale := s.size / all
	if scale < minScale {
		return layout{}, invalid("size", "must be at least %d pixels for this text", all*minScale)
	}
	return layout{side: s.size, scale: scale, offset: (s.size - modules*scale) / 2}, nil
}
