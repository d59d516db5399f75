package render

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// paymentURL has the length of a signed payment: a code of version 25.
var paymentURL = "https://www.european-pay.fr/pay?data=" + strings.Repeat("eyJwYXlsb2FkIjp7InYiOjEsInR5cGUi", 15)[:478]

// read decodes a picture with a decoder that shares no code with us.
func read(t testing.TB, m image.Image) string {
	t.Helper()
	result, err := try(m)
	if err != nil {
		t.Fatalf("not readable: %v", err)
	}
	return result.GetText()
}

func try(m image.Image) (*gozxing.Result, error) {
	bitmap, err := gozxing.NewBinaryBitmapFromImage(m)
	if err != nil {
		return nil, err
	}
	return qrcode.NewQRCodeReader().Decode(bitmap, map[gozxing.DecodeHintType]any{
		gozxing.DecodeHintType_PURE_BARCODE: true, gozxing.DecodeHintType_CHARACTER_SET: "UTF-8",
	})
}

func pngImage(t testing.TB, file []byte) image.Image {
	t.Helper()
	m, err := png.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// rasterise draws an SVG of ours from what stands in it, as a browser would.
func rasterise(t testing.TB, file []byte) image.Image {
	t.Helper()
	var doc struct {
		Width int `xml:"width,attr"`
		Paths []struct {
			Fill      string `xml:"fill,attr"`
			Transform string `xml:"transform,attr"`
			D         string `xml:"d,attr"`
		} `xml:"path"`
		Rects []struct {
			X     int `xml:"x,attr"`
			Width int `xml:"width,attr"`
		} `xml:"rect"`
		Images []struct {
			X     int    `xml:"x,attr"`
			Width int    `xml:"width,attr"`
			Href  string `xml:"href,attr"`
		} `xml:"image"`
	}
	if err := xml.Unmarshal(file, &doc); err != nil {
		t.Fatal(err)
	}
	m := image.NewRGBA(image.Rect(0, 0, doc.Width, doc.Width))
	for _, p := range doc.Paths {
		scale, offset := 1, 0
		if p.Transform != "" {
			n := numbers(t, p.Transform)
			offset, scale = n[0], n[2]
		}
		fill, ok := parseColour(p.Fill, color.RGBA{})
		if !ok {
			t.Fatalf("colour %q", p.Fill)
		}
		for _, run := range strings.Split(strings.TrimSuffix(p.D, "z"), "z") {
			n := numbers(t, run)
			if len(n) != 5 || n[2] != n[4] {
				t.Fatalf("path %q", run)
			}
			at := image.Rect(n[0], n[1], n[0]+n[2], n[1]+n[3])
			at = image.Rect(at.Min.X*scale+offset, at.Min.Y*scale+offset, at.Max.X*scale+offset, at.Max.Y*scale+offset)
			draw.Draw(m, at, image.NewUniform(fill), image.Point{}, draw.Src)
		}
	}
	for _, r := range doc.Rects {
		draw.Draw(m, image.Rect(r.X, r.X, r.X+r.Width, r.X+r.Width), image.White, image.Point{}, draw.Src)
	}
	for _, i := range doc.Images {
		data, ok := strings.CutPrefix(i.Href, "data:image/png;base64,")
		raw, err := base64.StdEncoding.DecodeString(data)
		if !ok || err != nil {
			t.Fatalf("image %.30q, %v", i.Href, err)
		}
		logo := pngImage(t, raw)
		for y := range i.Width {
			for x := range i.Width {
				m.Set(i.X+x, i.X+y, logo.At(x*logo.Bounds().Dx()/i.Width, y*logo.Bounds().Dy()/i.Width))
			}
		}
	}
	return m
}

func numbers(t testing.TB, text string) []int {
	t.Helper()
	var out []int
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r < '0' || r > '9' }) {
		n, err := strconv.Atoi(word)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, n)
	}
	return out
}

// textOf makes a text of that many bytes, with accents in it.
func textOf(r *rand.Rand, length int) string {
	letters := []rune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~/?=&éàçœ€")
	var b strings.Builder
	for b.Len() < length-3 {
		b.WriteRune(letters[r.IntN(len(letters))])
	}
	for b.Len() < length {
		b.WriteByte('x')
	}
	return b.String()
}

// roundel is a logo: a disc with a transparent surrounding and a bar.
func roundel(w, h int) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			d := math.Hypot(2*float64(x)/float64(w)-1, 2*float64(y)/float64(h)-1)
			switch {
			case d > 1:
			case math.Abs(2*float64(y)/float64(h)-1) < 0.2:
				m.SetNRGBA(x, y, color.NRGBA{250, 200, 20, 255})
			default:
				m.SetNRGBA(x, y, color.NRGBA{10, 60, uint8(120 + 100*d), 255})
			}
		}
	}
	return m
}

func pngFile(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func jpegFile(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
