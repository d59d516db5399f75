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
		price(18_863_333): "18,863333 €", price(1_250_000_000): "1 250,00 €", percent(55): "5,5 %", percent(200): "20 %",
		quantity(23_333): "2,3333", quantity(10_000_000): "1 000", date("2026-11-21"): "21/11/2026",
		every("73282932000074", 3, 3, 3, 5): "732 829 320 00074", vatNumber("FR44732829320"): "FR 44 732 829 320", vatNumber("BE0123"): "BE0123",
	} {
		if want = strings.ReplaceAll(want, " ", space); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestWrappingLosesNothingAndFits(t *testing.T) {
	c := newCanvas()
	for _, text := range []string{
		"", " ", "un", "deux mots", strings.Repeat("x", 500), "a\nb\r\nc\rd\te", strings.Repeat("long ", 100) + strings.Repeat("w", 90), "漢字" + strings.Repeat("é", 200),
	} {
		const width = 100 * pt
		lines := c.wrap(plain, width, text)
		if got, want := squeezed(strings.Join(lines, "")), squeezed(text); got != want {
			t.Errorf("%q became %q", want, got)
		}
		for _, line := range lines {
			if w := c.width(plain, line); w > width {
				t.Errorf("%q is %d wide", line, w)
			}
		}
	}
}

func TestWhatCannotBeShownGetsAMark(t *testing.T) {
	f := regularFont()
	for _, r := range "aé€Żđőș—“”…✓ΩЖא\u00a0\u202f" {
		if got, glyph := f.shown(r); got != r || glyph == 0 {
			t.Errorf("%q is not in the font", r)
		}
	}
	for _, r := range "🎁漢\u200b\u200d\u202e\u0007\ue000\U0010ffff" {
		if got, glyph := f.shown(r); got != mark || glyph == 0 {
			t.Errorf("%U is shown as %q", r, got)
		}
	}
}

// outlines are the simple glyphs that a glyph is made of.
func (f *font) outlines(glyph uint16) (out [][]byte) {
	data := f.outline(glyph)
	if len(data) == 0 || int16(be16(data, 0)) >= 0 {
		return [][]byte{data}
	}
	parts(data, func(part uint16) uint16 { out = append(out, f.outlines(part)...); return part })
	return out
}

func TestTheEmbeddedFontDrawsWhatTheWholeOneDraws(t *testing.T) {
	for _, whole := range []*font{regularFont(), boldFont()} {
		s := newSubset(whole)
		for _, r := range "aéÀçǆệΏй€ " + string(mark) {
			s.code(r)
		}
		file := s.file()
		if sum(file) != 0xB1B0AFBA {
			t.Error("the sum of the file is wrong")
		}
		part := &font{tables: map[string][]byte{}}
		for i := range int(be16(file, 4)) {
			entry := file[12+16*i:]
			data := file[be32(entry, 8) : be32(entry, 8)+be32(entry, 12)]
			if part.tables[string(entry[:4])] = data; string(entry[:4]) != "head" && sum(data) != be32(entry, 4) {
				t.Errorf("the sum of %s is wrong", entry[:4])
			}
		}
		for code, r := range s.runes[1:] {
			_, glyph := whole.shown(r)
			for i, want := range whole.outlines(glyph) {
				if got := part.outlines(uint16(code + 1)); i >= len(got) || !bytes.Equal(bytes.TrimRight(got[i], "\x00"), bytes.TrimRight(want, "\x00")) {
					t.Errorf("%q is drawn otherwise", r)
				}
			}
			if advance := int(be16(part.tables["hmtx"], 4*(code+1))); whole.perMille(int16(advance)) != whole.advances[glyph] {
				t.Errorf("%q is %d wide", r, advance)
			}
		}
	}
}

func TestLettersFromRightToLeftStandAsTheyAreRead(t *testing.T) {
	for text, want := range map[string]string{"abc é": "abc é", "א": "א", "1 אבג דה, x": "1 הד גבא, x", " אב ": " בא "} {
		if got := visual(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

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
	for name, file := range map[string][]byte{"png": roundel(t, 400, 160), "jpeg": photo.Bytes()} {
		if err := CheckLogo(file); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if list := tool(t, "pdfimages", "-list", saved(t, render(t, d, Look{Logo: file}))); !strings.Contains(list, "rgb") {
			t.Errorf("%s: no picture in %s", name, list)
		}
	}
	plainly := render(t, d, Look{})
	wide := roundel(t, 2049, 1)
	for name, bad := range map[string][]byte{"text": []byte("logo"), "half": roundel(t, 40, 40)[:60], "large": make([]byte, logo.MaxFile+1), "wide": wide} {
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
