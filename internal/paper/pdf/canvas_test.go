package pdf

import (
	"image"
	"strings"
	"testing"
)

var plain = Style{Size: 8.5 * Point, Colour: "0 0 0"}

// squeezed drops the blanks.
func squeezed(s string) string { return strings.Join(strings.Fields(s), "") }

func TestWrappingLosesNothingAndFits(t *testing.T) {
	c := NewCanvas(59528, 84189)
	for _, text := range []string{
		"", " ", "un", "deux mots", strings.Repeat("x", 500), "a\nb\r\nc\rd\te", strings.Repeat("long ", 100) + strings.Repeat("w", 90), "漢字" + strings.Repeat("é", 200),
	} {
		const width = 100 * Point
		lines := c.Wrap(plain, width, text)
		if got, want := squeezed(strings.Join(lines, "")), squeezed(text); got != want {
			t.Errorf("%q became %q", want, got)
		}
		for _, line := range lines {
			if w := c.Width(plain, line); w > width {
				t.Errorf("%q is %d wide", line, w)
			}
		}
	}
}

func TestLettersFromRightToLeftStandAsTheyAreRead(t *testing.T) {
	for text, want := range map[string]string{
		"abc é": "abc é", "א": "א", "1 אבג דה, x": "1 הד גבא, x", " אב ": " בא ",
		"rue אבג 12 דה": "rue הד 12 גבא", "אב 12,50 €": "12,50 בא €", "x אב (גד)": "x (דג) בא", "א (ב) ג": "ג (ב) א",
	} {
		if got := visual(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

// The points of the path are those of the box whose corners are cut, from left to right and from bottom to top.
func TestARoundedBoxReachesItsEdgesAndIsClosed(t *testing.T) {
	c := NewCanvas(100*Point, 100*Point)
	c.NewPage()
	c.Rounded("1 1 1", 10*Point, 20*Point, 30*Point, 40*Point, 5*Point)
	path := strings.Split(strings.TrimSpace(c.Page.String()), "\n")
	if path[0] != "1 1 1 rg" || path[1] != "15 40 m" || path[len(path)-1] != "f" || !strings.HasSuffix(path[len(path)-2], " 15 40 c") {
		t.Errorf("the path is %q", path)
	}
	for _, point := range []string{"35 40 l", "40 45 c", "40 75 l", "35 80 c", "15 80 l", "10 75 c", "10 45 l"} {
		if !strings.Contains(c.Page.String(), point+"\n") {
			t.Errorf("the path does not go through %q: %q", point, path)
		}
	}
}

func TestAPictureKeepsItsProportions(t *testing.T) {
	for _, c := range []struct{ w, h, width, height int }{{400, 100, 200, 50}, {100, 400, 25, 100}, {10, 10, 100, 100}} {
		m, err := NewImage(image.NewRGBA(image.Rect(0, 0, c.w, c.h)), false)
		if err != nil {
			t.Fatal(err)
		}
		if w, h := m.Within(200, 100); w != c.width || h != c.height {
			t.Errorf("%d by %d is drawn %d by %d, want %d by %d", c.w, c.h, w, h, c.width, c.height)
		}
	}
}

func TestChineseAndJapaneseAreBrokenBetweenTheirLetters(t *testing.T) {
	c := NewCanvas(59528, 84189)
	for text, want := range map[string]string{
		"Vin 日本酒、純米大吟醸（生）です": "Vin 日本酒、|純米大吟醸|（生）です",
		"日本酒日本酒、純米":          "日本酒日本|酒、純米",
		"コーヒーコーヒーコーヒー":       "コーヒーコー|ヒーコーヒー",
		"한국어 상품 이름입니다":       "한국어 상품|이름입니다",
	} {
		if got := strings.Join(c.Wrap(plain, 6*plain.Size+plain.Size/2, text), "|"); got != want {
			t.Errorf("%q is broken as %q, want %q", text, got, want)
		}
	}
}

// The text of the page names another font where the first one lacks the letters, and comes back to it.
func TestLettersOfOtherScriptsComeFromTheirFonts(t *testing.T) {
	c := NewCanvas(59528, 84189)
	c.NewPage()
	bold := plain
	bold.Bold = true
	c.Text(bold, 0, 0, "a漢b한")
	want := "0 0 0 rg\nBT/B 8.5 Tf 0 841.89 Td<0001>Tj/O0 8.5 Tf 2 Tr 0.24 w 0 0 0 RG <0001>Tj/B 8.5 Tf 0 Tr <0002>Tj/O1 8.5 Tf 2 Tr 0.24 w 0 0 0 RG <0001>Tj 0 Tr ET\n"
	if got := c.Page.String(); got != want {
		t.Errorf("the page is  %q\nit ought to be %q", got, want)
	}
}
