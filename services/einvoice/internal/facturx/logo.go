package facturx

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"image"
	"image/draw"
	"image/jpeg"
	"image/png"
	"runtime"
	"sync"

	"european-pay.eu/eupay/internal/errs"
)

const (
	// MaxLogo is the largest file of a logo in bytes.
	MaxLogo = 512 << 10
	// maxLogoSide bounds what a small file may blow up to: 2048 by 2048 are 16 MB in memory.
	maxLogoSide = 2048
	// keptSide is what is printed on 58 by 22 mm: 250 points an inch.
	keptSide = 576
	// keptLogos at most half a megabyte each: a merchant issues many documents, and decoding costs more than all the rest.
	keptLogos = 64
)

// logo is a picture as a PDF has it: never the bytes that somebody sent.
type logo struct {
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

func refuse(format string, args ...any) error {
	return errs.Invalid(errs.Field{Field: "logo", Message: fmt.Sprintf(format, args...)})
}

// decoding bounds the pictures in memory: one for each core.
var decoding = make(chan struct{}, runtime.GOMAXPROCS(0))

// decodeLogo reads a PNG or JPEG after a look at its size, puts it on white and makes it as small as it is printed.
func decodeLogo(file []byte) (*logo, error) {
	if len(file) > MaxLogo {
		return nil, refuse("must be a file of at most %d KiB", MaxLogo>>10)
	}
	dimensions, decode := png.DecodeConfig, png.Decode
	photo := bytes.HasPrefix(file, []byte{0xff, 0xd8})
	if photo {
		dimensions, decode = jpeg.DecodeConfig, jpeg.Decode
	}
	config, err := dimensions(bytes.NewReader(file))
	if err != nil {
		return nil, refuse("must be a whole PNG or JPEG picture")
	}
	if config.Width < 1 || config.Height < 1 || config.Width > maxLogoSide || config.Height > maxLogoSide {
		return nil, refuse("must have at most %d by %d pixels", maxLogoSide, maxLogoSide)
	}
	decoding <- struct{}{}
	defer func() { <-decoding }()
	decoded, err := decode(bytes.NewReader(file))
	if err != nil {
		return nil, refuse("must be a whole PNG or JPEG picture")
	}
	whole := image.NewRGBA(image.Rect(0, 0, config.Width, config.Height))
	draw.Draw(whole, whole.Bounds(), image.White, image.Point{}, draw.Src)
	draw.Draw(whole, whole.Bounds(), decoded, decoded.Bounds().Min, draw.Over)
	return packLogo(shrink(whole), photo)
}

// packLogo compresses a photograph as one, and anything else without loss.
func packLogo(m *image.RGBA, photo bool) (*logo, error) {
	l := &logo{width: m.Rect.Dx(), height: m.Rect.Dy(), filter: "/FlateDecode"}
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

// shrink makes a picture at most as large as it is printed; every pixel is the mean of those that it stands for.
func shrink(from *image.RGBA) *image.RGBA {
	w, h := from.Rect.Dx(), from.Rect.Dy()
	longer := max(w, h)
	if longer <= keptSide {
		return from
	}
	to := image.NewRGBA(image.Rect(0, 0, max(w*keptSide/longer, 1), max(h*keptSide/longer, 1)))
	for y := range to.Rect.Dy() {
		for x := range to.Rect.Dx() {
			part := image.Rect(x*w/to.Rect.Dx(), y*h/to.Rect.Dy(), (x+1)*w/to.Rect.Dx(), (y+1)*h/to.Rect.Dy())
			mean(to.Pix[to.PixOffset(x, y):], from, part)
		}
	}
	return to
}

func mean(to []uint8, from *image.RGBA, part image.Rectangle) {
	var sum [4]int
	for y := part.Min.Y; y < part.Max.Y; y++ {
		for i, v := range from.Pix[from.PixOffset(part.Min.X, y):from.PixOffset(part.Max.X, y)] {
			sum[i%4] += int(v)
		}
	}
	n := part.Dx() * part.Dy()
	for i := range sum {
		to[i] = uint8((sum[i] + n/2) / n)
	}
}

// memory keeps the logos that were used.
type memory struct {
	mu    sync.Mutex
	logos map[[sha256.Size]byte]*logo
}

var known = &memory{logos: map[[sha256.Size]byte]*logo{}}

// readLogo returns nil for no picture, and for one that cannot be shown.
func readLogo(file []byte) *logo {
	if len(file) == 0 {
		return nil
	}
	key := sha256.Sum256(file)
	known.mu.Lock()
	l := known.logos[key]
	known.mu.Unlock()
	if l != nil {
		return l
	}
	l, err := decodeLogo(file)
	if err != nil {
		return nil
	}
	known.mu.Lock()
	defer known.mu.Unlock()
	for old := range known.logos {
		if len(known.logos) < keptLogos {
			break
		}
		delete(known.logos, old)
	}
	known.logos[key] = l
	return l
}

// entries of the picture's dictionary (ISO 32000-1, 8.9.5).
func (l *logo) entries() string {
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
