package render

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/makiuchi-d/gozxing"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/paper/logo"
)

func mustText(t testing.TB, text string) *Code {
	t.Helper()
	c, err := Text(text)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestEveryPictureIsReadBack(t *testing.T) {
	t.Parallel()
	logos := [][]byte{
		nil, pngFile(t, roundel(200, 200)), pngFile(t, roundel(300, 120)), jpegFile(t, roundel(90, 300)),
		pngFile(t, image.NewGray(image.Rect(0, 0, 50, 50))), pngFile(t, roundel(2, 2)),
	}
	colours := [][2]string{{"", ""}, {"#1a237e", "#ffffff"}, {"#5d001e", "#ffe9d6"}, {"#000000", "#7f8c8d"}, {"#0B6623", "#F4FFF4"}}
	r := rand.New(rand.NewPCG(1, 2))
	for length := 20; length <= 600; length += 29 {
		text := textOf(r, length)
		code := mustText(t, text)
		for range 2 {
			name := r.IntN(len(logos))
			logo := logos[name]
			colour := colours[r.IntN(len(colours))]
			o := Options{Scale: 2 + r.IntN(3), Margin: r.IntN(9), Dark: colour[0], Light: colour[1], Logo: logo}
			if o.Margin == 0 && logo != nil {
				o.Margin = 1
			}
			file, err := code.PNG(o)
			if err != nil {
				t.Fatal(err)
			}
			if got := read(t, pngImage(t, file)); got != text {
				t.Fatalf("PNG of %d bytes, logo %d: read %q, want %q", length, name, got, text)
			}
			if file, err = code.SVG(o); err != nil {
				t.Fatal(err)
			}
			if got := read(t, rasterise(t, file)); got != text {
				t.Fatalf("SVG of %d bytes, logo %d: read %q, want %q", length, name, got, text)
			}
		}
	}
}

func TestShortAndLongAndNumericTexts(t *testing.T) {
	t.Parallel()
	logo := pngFile(t, roundel(64, 64))
	for _, text := range []string{"1", "PAY-20260617", "12345678901234567890", "a", "é", strings.Repeat("x", maxText), strings.Repeat("7", maxText)} {
		file, err := mustText(t, text).PNG(Options{Margin: 2, Logo: logo})
		if err != nil {
			t.Fatal(err)
		}
		if got := read(t, pngImage(t, file)); got != text {
			t.Errorf("read %.20q, want %.20q", got, text)
		}
	}
	for _, text := range []string{"", strings.Repeat("x", maxText+1), "\xff"} {
		if _, err := Text(text); !errs.Is(err, errs.ValidationError) {
			t.Errorf("%.10q: %v", text, err)
		}
	}
}

func TestTheLevelIsH(t *testing.T) {
	t.Parallel()
	code := mustText(t, paymentURL)
	if code.Size != 117 {
		t.Errorf("%d modules, want 117", code.Size)
	}
	file, err := code.PNG(Options{})
	if err != nil {
		t.Fatal(err)
	}
	result, err := try(pngImage(t, file))
	if err != nil {
		t.Fatal(err)
	}
	if level := result.GetResultMetadata()[gozxing.ResultMetadataType_ERROR_CORRECTION_LEVEL]; level != "H" {
		t.Errorf("level %v", level)
	}
}

func TestThePictureHasTheSizeAskedForAndWholeModules(t *testing.T) {
	t.Parallel()
	code := mustText(t, paymentURL)
	for _, c := range []struct {
		o     Options
		side  int
		scale int
	}{
		{Options{Margin: 4}, 500, 4},
		{Options{Margin: 4, Size: 900}, 900, 7},
		{Options{Margin: 0, Size: 400}, 400, 3},
		{Options{Margin: 16, Scale: 2}, 298, 2},
		{Options{Margin: 4, Size: 2048}, 2048, 16},
	} {
		file, err := code.PNG(c.o)
		if err != nil {
			t.Fatal(err)
		}
		m := pngImage(t, file)
		if m.Bounds().Dx() != c.side || m.Bounds().Dy() != c.side {
			t.Errorf("%+v: %v", c.o, m.Bounds())
		}
		offset := (c.side - code.Size*c.scale) / 2
		for y := range code.Size * c.scale {
			for x := range code.Size * c.scale {
				r, _, _, _ := m.At(offset+x, offset+y).RGBA()
				if dark := r == 0; dark != code.Dark(x/c.scale, y/c.scale) {
					t.Fatalf("%+v: pixel %d,%d is wrong", c.o, x, y)
				}
			}
		}
		if svg, err := code.SVG(c.o); err != nil || !strings.Contains(string(svg), fmt.Sprintf(`width="%d" height="%d"`, c.side, c.side)) {
			t.Errorf("%+v: %v, %.100s", c.o, err, svg)
		}
	}
}

func TestTheSameOptionsGiveTheSameBytes(t *testing.T) {
	t.Parallel()
	o := Options{Margin: 4, Logo: jpegFile(t, roundel(300, 200)), Dark: "#102030"}
	draw := func() string {
		code := mustText(t, paymentURL)
		a, err := code.PNG(o)
		if err != nil {
			t.Fatal(err)
		}
		b, err := code.SVG(o)
		if err != nil {
			t.Fatal(err)
		}
		c, err := Card{Kind: Order, Text: paymentURL, Name: "Café", Logo: o.Logo}.PDF()
		if err != nil {
			t.Fatal(err)
		}
		return string(a) + string(b) + string(c)
	}
	first := draw()
	for range 5 {
		if draw() != first {
			t.Fatal("not deterministic")
		}
	}
}

func TestBadOptionsAreNamed(t *testing.T) {
	t.Parallel()
	code := mustText(t, paymentURL)
	for want, o := range map[string]Options{
		"size":              {Size: 63},
		"size ":             {Size: 2049},
		"size  ":            {Size: 249, Margin: 4}, // one pixel a module cannot be scanned
		"scale":             {Scale: 1},
		"scale ":            {Scale: 17},
		"scale  ":           {Scale: 16, Margin: 16}, // larger than the largest size
		"scale   ":          {Scale: 4, Size: 400},
		"margin":            {Margin: 17},
		"margin ":           {Margin: -1},
		"dark":              {Dark: "black"},
		"dark ":             {Dark: "#00000g"},
		"dark  ":            {Dark: "#ffffff", Light: "#000000"}, // light on dark
		"dark   ":           {Dark: "#777777", Light: "#888888"},
		"dark    ":          {Dark: "#969696"}, // 2.96:1
		"light":             {Light: `#fff"/><script>`},
		"margin dark light": {Margin: 99, Dark: "x", Light: "y"},
		"logo":              {Logo: []byte("<svg/>")},
		"logo ":             {Logo: bytes.Repeat([]byte{1}, logo.MaxFile+1)},
		"logo  ":            {Logo: []byte{0xff, 0xd8, 0xff}},
	} {
		for name, draw := range map[string]func(Options) ([]byte, error){"PNG": code.PNG, "SVG": code.SVG} {
			_, err := draw(o)
			if got := fields(err); got != strings.TrimSpace(want) {
				t.Errorf("%s %s: refused %q, %v", name, want, got, err)
			}
		}
	}
	if _, err := code.PNG(Options{Dark: "#949494"}); err != nil { // 3.03:1
		t.Error(err)
	}
}

func fields(err error) string {
	var names []string
	if err != nil {
		for _, f := range errs.From(err).Fields {
			names = append(names, f.Field)
		}
	}
	return strings.Join(names, " ")
}

func TestTheLogoIsInTheMiddleAndNotLargerThanItMay(t *testing.T) {
	t.Parallel()
	red := image.NewRGBA(image.Rect(0, 0, 30, 30))
	for i := range red.Pix {
		red.Pix[i] = []uint8{200, 10, 10, 255}[i%4]
	}
	code := mustText(t, paymentURL)
	file, err := code.PNG(Options{Scale: 4, Margin: 4, Logo: pngFile(t, red)})
	if err != nil {
		t.Fatal(err)
	}
	m := pngImage(t, file)
	covered := image.Rectangle{}
	for y := range m.Bounds().Dy() {
		for x := range m.Bounds().Dx() {
			if color.RGBAModel.Convert(m.At(x, y)) == (color.RGBA{200, 10, 10, 255}) {
				covered = covered.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	if covered.Dx() != covered.Dy() || covered.Dx()*100 > 20*code.Size*4 || covered.Dx()*100 < 15*code.Size*4 {
		t.Errorf("the logo covers %v of %d", covered, code.Size*4)
	}
	if covered.Min.X != m.Bounds().Dx()-covered.Max.X || covered.Min.Y != m.Bounds().Dy()-covered.Max.Y {
		t.Errorf("the logo is at %v of %v", covered, m.Bounds())
	}
}
