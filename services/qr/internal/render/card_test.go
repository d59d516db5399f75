package render

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"image"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const tableURL = "https://european-pay.fr/order/0b8e7f5a-7c1f-4a51-9a35-d0a1c4b8d7e2/a1b2c3d4e5f6a1b2c3d4e5f6a1b2c3d4"

func cards(t testing.TB) map[string]Card {
	t.Helper()
	logo := pngFile(t, roundel(300, 300))
	return map[string]Card{
		"table a6": {Kind: Order, Text: tableURL, Name: "Café Noisette", Subject: "Table 4", Detail: "Terrasse côté cœur", URL: tableURL, Logo: logo},
		"table a4": {Kind: Order, Text: tableURL, Name: "Café Noisette", Subject: "Table 4", Detail: "Terrasse", URL: tableURL, Language: "en", Sheet: true, Logo: logo},
		"pay a6":   {Kind: Pay, Text: paymentURL, Name: "Boulangerie-Pâtisserie de l’Œuvre " + strings.Repeat("très ", 8) + "longue", Language: "fr", Logo: jpegFile(t, roundel(300, 100))},
		"pay a4":   {Kind: Pay, Text: paymentURL, Name: "Ŝtrangĝa Ñame Żółć", URL: "https://www.european-pay.fr/m/0b8e7f5a", Language: "en", Sheet: true},
	}
}

// streams are the decompressed streams of a PDF.
func streams(t testing.TB, pdf []byte) []string {
	t.Helper()
	var out []string
	for _, part := range bytes.Split(pdf, []byte("stream\n"))[1:] {
		r, err := zlib.NewReader(bytes.NewReader(part))
		if err != nil {
			continue // the end of a stream, or an image
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, string(content))
	}
	return out
}

// modulesOf draws the code from the rectangles of the page's content: 8 pixels a module.
func modulesOf(t testing.TB, pdf []byte) []image.Image {
	t.Helper()
	var out []image.Image
	for _, content := range streams(t, pdf) {
		for _, part := range strings.Split(content, "q 0 g ")[1:] {
			path, _, _ := strings.Cut(part, "f Q")
			_, path, ok := strings.Cut(path, " cm\n")
			if !ok {
				t.Fatalf("not the path of a code: %.80q", part)
			}
			out = append(out, drawPath(t, path))
		}
	}
	return out
}

func drawPath(t testing.TB, path string) image.Image {
	t.Helper()
	type rect struct{ x, y, w, h float64 }
	var rects []rect
	left, top := 1e9, 0.0
	for _, line := range strings.Split(strings.TrimSpace(path), "\n") {
		var r rect
		if _, err := fmt.Sscanf(line, "%f %f %f %f re", &r.x, &r.y, &r.w, &r.h); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		rects = append(rects, r)
		left, top = min(left, r.x), max(top, r.y+r.h)
	}
	m := image.NewGray(image.Rect(0, 0, 8*(185+8), 8*(185+8)))
	for i := range m.Pix {
		m.Pix[i] = 255
	}
	pixel := func(v, module float64) int { return int(8*v/module+0.5) + 32 }
	edge := 0
	for _, r := range rects {
		x0, x1 := pixel(r.x-left, r.h), pixel(r.x+r.w-left, r.h)
		y0, y1 := pixel(top-r.y-r.h, r.h), pixel(top-r.y, r.h)
		for y := y0; y < y1; y++ {
			for x := x0; x < x1; x++ {
				m.Pix[y*m.Stride+x] = 0
			}
		}
		edge = max(edge, x1, y1)
	}
	return m.SubImage(image.Rect(0, 0, edge+32, edge+32))
}

func TestTheCodeOfACardIsVectorsAndIsReadBack(t *testing.T) {
	t.Parallel()
	for name, c := range cards(t) {
		pdf, err := c.PDF()
		if err != nil {
			t.Fatal(err)
		}
		codes := modulesOf(t, pdf)
		want := 1
		if c.Sheet {
			want = 4
		}
		if len(codes) != want {
			t.Fatalf("%s has %d codes", name, len(codes))
		}
		for _, m := range codes {
			if got := read(t, m); got != c.Text {
				t.Errorf("%s: read %q", name, got)
			}
		}
	}
}

// The whole way of a printer: a program that is not ours draws the PDF, and the code with its logo is read from the paper.
func TestAPrintedCardIsReadBack(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("pdftoppm"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("pdftoppm is missing: install poppler-utils")
		}
		t.Log("NOT TESTED: no printed card was read, as pdftoppm is missing: install poppler-utils")
		return
	}
	for name, c := range cards(t) {
		pdf, err := c.PDF()
		if err != nil {
			t.Fatal(err)
		}
		modules := mustText(t, c.Text).Size
		const dpi = 300
		m := printed(t, pdf, dpi)
		origins := [][2]int{{0, 0}}
		if c.Sheet {
			origins = [][2]int{{0, 0}, {a6Width, 0}, {0, a6Height}, {a6Width, a6Height}}
		}
		for _, o := range origins {
			// The decoder wants whole pixels a module, so each module is looked at in its middle.
			at := func(i, from int) int {
				return int((float64(from) + codeSide*(float64(i/4)+0.5)/float64(modules+2*DefaultMargin)) / 254 * dpi)
			}
			code := image.NewGray(image.Rect(0, 0, 4*(modules+2*DefaultMargin), 4*(modules+2*DefaultMargin)))
			for y := range code.Rect.Dy() {
				for x := range code.Rect.Dx() {
					code.Set(x, y, m.At(at(x, o[0]+(a6Width-codeSide)/2), at(y, o[1]+codeTop)))
				}
			}
			if got := read(t, code); got != c.Text {
				t.Errorf("%s at %v: read %q", name, o, got)
			}
		}
		if keep := os.Getenv("CARDS_DIR"); keep != "" {
			if err := os.WriteFile(filepath.Join(keep, strings.ReplaceAll(name, " ", "-")+".pdf"), pdf, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func printed(t testing.TB, pdf []byte, dpi int) image.Image {
	t.Helper()
	file := filepath.Join(t.TempDir(), "card.pdf")
	if err := os.WriteFile(file, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "pdftoppm", "-r", fmt.Sprint(dpi), "-png", file).Output()
	if err != nil {
		t.Fatalf("pdftoppm: %v", err)
	}
	return pngImage(t, out)
}

func TestTheTextsOfACardAreThere(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("pdftotext"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("pdftotext is missing: install poppler-utils")
		}
		t.Log("NOT TESTED: the texts of a card, as pdftotext is missing: install poppler-utils")
		return
	}
	for name, want := range map[string][]string{
		"table a6": {"Café Noisette", "Scannez pour commander", "Table 4", "Terrasse côté cœur", "european-pay.fr/order/0b8e7f5a"},
		"table a4": {"Scan to order"},
		"pay a6":   {"Scannez pour payer", "Boulangerie-Pâtisserie de l’Œuvre"},
		"pay a4":   {"Scan to pay", "Ŝtrangĝa Ñame Żółć", "european-pay.fr/m/0b8e7f5a"},
	} {
		pdf, err := cards(t)[name].PDF()
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), "pdftotext", "-layout", "-", "-")
		cmd.Stdin = bytes.NewReader(pdf)
		text, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range want {
			if !strings.Contains(string(text), w) {
				t.Errorf("%s lacks %q: %s", name, w, text)
			}
		}
	}
}

func TestBadCardsAreNamed(t *testing.T) {
	t.Parallel()
	good := Card{Kind: Pay, Text: "x", Name: "Shop 🥐\x00\nnext"}
	if _, err := good.PDF(); err != nil {
		t.Error(err)
	}
	for want, spoil := range map[string]func(*Card){
		"kind":     func(c *Card) { c.Kind = 0 },
		"language": func(c *Card) { c.Language = "de" },
		"name":     func(c *Card) { c.Name = "" },
		"subject":  func(c *Card) { c.Subject = strings.Repeat("x", 561) },
		"detail":   func(c *Card) { c.Detail = strings.Repeat("x", 561) },
		"url":      func(c *Card) { c.URL = strings.Repeat("x", 513) },
		"text":     func(c *Card) { c.Text = "" },
		"logo":     func(c *Card) { c.Logo = []byte("GIF89a") },
	} {
		c := good
		spoil(&c)
		if _, err := c.PDF(); fields(err) != want {
			t.Errorf("%s: %v", want, err)
		}
	}
}
