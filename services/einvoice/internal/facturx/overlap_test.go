package facturx

import (
	"regexp"
	"strconv"
	"testing"
)

// wordBox is a word of `pdftotext -bbox` with its place on the page, in points.
var wordBox = regexp.MustCompile(`<word xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)">(.*?)</word>`)

// TestNoWordIsPrintedOverAnother: the name of a deposit was printed over its amount.
func TestNoWordIsPrintedOverAnother(t *testing.T) {
	const touching = 0.5 // points
	for _, c := range all() {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			text := tool(t, "pdftotext", "-l", "1", "-bbox", saved(t, render(t, c.Document, Look{})), "-")
			var words [][4]float64
			var names []string
			for _, m := range wordBox.FindAllStringSubmatch(text, -1) {
				var at [4]float64
				for i := range at {
					at[i], _ = strconv.ParseFloat(m[i+1], 64)
				}
				for i, w := range words {
					if at[1] == w[1] && at[0] < w[2]-touching && w[0] < at[2]-touching {
						t.Errorf("%q is over %q", m[5], names[i])
					}
				}
				words, names = append(words, at), append(names, m[5])
			}
			if len(words) < 50 {
				t.Errorf("only %d words are on the page", len(words))
			}
		})
	}
}
