package facturx

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"strings"
	"testing"

	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/paper/logo"
	"european-pay.eu/eupay/services/einvoice/internal/invoice"
	"european-pay.eu/eupay/services/einvoice/internal/invoice/invoicetest"
)

func TestFrenchNumbers(t *testing.T) {
	for got, want := range map[string]string{
		euros(0): "0,00 €", euros(123_456): "1 234,56 €", euros(-5): "−0,05 €", euros(money.Cents(99_999_999_999)): "999 999 999,99 €",
		price(18_863_333): "18,86 €", price(1_250_000_000): "1 250,00 €", percent(55): "5,5 %", percent(200): "20 %",
		quantity(23_333): "2,3333", quantity(10_000_000): "1 000", date("2026-11-21"): "21/11/2026",
		grouped("73282932000074", 3, 3, 3, 5): "732 829 320 00074", vatNumber("FR44732829320"): "FR 44 732 829 320", vatNumber("BE0123"): "BE0123",
	} {
		if want = strings.ReplaceAll(want, " ", space); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func be32(b []byte, at int) uint32 { return binary.BigEndian.Uint32(b[at:]) }

// The profile is checked against the formulas of IEC 61966-2-1 and the sums that its columns must have.
func TestTheColourProfileIsSRGB(t *testing.T) {
	if n := be32(srgb, 0); int(n) != len(srgb) || string(srgb[12:24]) != "mntrRGB XYZ " || string(srgb[36:40]) != "acsp" {
		t.Fatalf("the header says %d bytes, %q", n, srgb[12:24])
	}
	tags := map[string][]byte{}
	for i := range int(be32(srgb, 128)) {
		entry := srgb[132+12*i:]
		tags[string(entry[:4])] = srgb[be32(entry, 4) : be32(entry, 4)+be32(entry, 8)]
	}
	for i := range 3 {
		var sum uint32
		for _, name := range []string{"rXYZ", "gXYZ", "bXYZ"} {
			sum += be32(tags[name], 8+4*i)
		}
		if white := be32(tags["wtpt"], 8+4*i); max(sum, white)-min(sum, white) > 2 {
			t.Errorf("the primaries add up to %d, white is %d", sum, white)
		}
	}
	for _, name := range []string{"rTRC", "gTRC", "bTRC"} {
		n := int(be32(tags[name], 8))
		for i := range n {
			v := float64(i) / float64(n-1)
			want := v / 12.92
			if v > 0.04045 {
				want = math.Pow((v+0.055)/1.055, 2.4)
			}
			if got := float64(binary.BigEndian.Uint16(tags[name][12+2*i:])) / 65535; math.Abs(got-want) > 1e-5 {
				t.Fatalf("%s: %d is %f, want %f", name, i, got, want)
			}
		}
	}
}

func TestALogoIsDrawnAndABadOneIsLeftOut(t *testing.T) {
	d := invoicetest.Find("b2b")
	var photo bytes.Buffer
	m := image.NewGray(image.Rect(0, 0, 900, 300))
	m.SetGray(5, 5, color.Gray{200})
	if err := jpeg.Encode(&photo, m, nil); err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string][]byte{"png": roundel(400, 160), "jpeg": photo.Bytes()} {
		if err := CheckLogo(file); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if list := tool(t, "pdfimages", "-list", saved(t, render(t, d, Look{Logo: file}))); !strings.Contains(list, "rgb") {
			t.Errorf("%s: no picture in %s", name, list)
		}
	}
	plainly := render(t, d, Look{})
	wide := roundel(2049, 1)
	for name, bad := range map[string][]byte{"text": []byte("logo"), "half": roundel(40, 40)[:60], "large": make([]byte, logo.MaxFile+1), "wide": wide} {
		if err := CheckLogo(bad); err == nil {
			t.Errorf("%s: passed", name)
		}
		if !bytes.Equal(render(t, d, Look{Logo: bad}), plainly) {
			t.Errorf("%s: changes the page", name)
		}
	}
	if CheckLogo(nil) != nil {
		t.Error("no logo is no mistake")
	}
}

// An odd document is drawn as well as can be: the page is no place to refuse it.
func TestAnEmptyDocumentIsDrawn(t *testing.T) {
	for _, d := range []invoice.Document{{}, {Type: "999", Process: "Z9", Lines: make([]invoice.Line, 1), Notes: []invoice.Note{{Subject: "XYZ", Text: "?"}}}} {
		tool(t, "qpdf", "--check", saved(t, render(t, d, Look{})))
	}
}
