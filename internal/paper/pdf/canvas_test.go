package pdf

import (
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
	for text, want := range map[string]string{"abc é": "abc é", "א": "א", "1 אבג דה, x": "1 הד גבא, x", " אב ": " בא "} {
		if got := visual(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}
