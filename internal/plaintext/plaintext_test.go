package plaintext

import (
	"strings"
	"testing"
)

// line is a text as Line leaves it.
func line(t *testing.T, s string) string {
	t.Helper()
	out, ok := Line(s, 1000)
	if !ok {
		t.Errorf("%q is refused", s)
	}
	return out
}

func TestTagsAndInvisibleCharactersAreRemoved(t *testing.T) {
	t.Parallel()
	for dirty, want := range map[string]string{
		"<<b>script>alert(1)</script>": "alert(1)", "<svg/onload=x>": "", "a\u202eb\x00c\nd": "ab c d", "</p": "</p", "<!--x-->y": "y", "x<a\n>y": "xy",
		"<b>noix</b>": "noix", "<B CLASS='x' data-y=\"<z>\" hidden>noix</B >": "noix", "<br/>a<br />b": "ab", "a <img src=x onerror=alert(1)> b": "a  b",
		"<a href=\"https://x.example\">là</a>": "là", "<scr<script>ipt>": "", "<!DOCTYPE html>x<!-- y\nz -->": "x", "\u2066a\u2069": "a", "a\u2028b": "a b",
		" \u200f a\xff ": "a", "\u202e": "", "<scr\u202eipt>x": "x", "\u200f ": "",
	} {
		if got := line(t, dirty); got != want {
			t.Errorf("%q becomes %q, want %q", dirty, got, want)
		}
	}
}

func TestAnAllergyInANoteIsNotAnHTMLTag(t *testing.T) {
	t.Parallel()
	for _, note := range []string{
		"ALLERGIE <arachide, merci de vérifier", "ALLERGIE <arachide>", "sans <gluten et lait>", "<arachide> ou <noix>!", "2 <3 et 5> 4", "a <b et c",
		"<p", "<b c=\"d", "<", "<>", "</>", "<-- ici", "<sans sel / poivre>", "x<y", "<arachide", "<i love it", "Crêpe « Suzette » & Cie", "مقهى", "咖啡 👩‍🍳",
	} {
		if got := line(t, note); got != note {
			t.Errorf("%q becomes %q", note, got)
		}
	}
}

func TestSeveralLinesStayLines(t *testing.T) {
	t.Parallel()
	for dirty, want := range map[string]string{
		"Lait\r\nŒufs\n\nNoix": "Lait\nŒufs\n\nNoix", "a\u202e\n<b\n>c\x00": "a\nc", "\na\n": "a", "a\rb": "a b", "<!-- x\ny -->z": "z",
	} {
		if got, ok := Lines(dirty, 1000); !ok || got != want {
			t.Errorf("%q becomes %q, want %q", dirty, got, want)
		}
	}
}

func TestTooLongTextsAreRefusedBeforeCleaning(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{"ééé": true, "éééé": false, "<b>": true, "<b>x": false, strings.Repeat("<", 1<<20): false} {
		_, one := Line(s, 3)
		_, several := Lines(s, 3)
		if one != want || several != want {
			t.Errorf("%.9q: %v, %v", s, one, several)
		}
	}
}

func FuzzLine(f *testing.F) {
	f.Add("<<b>script>alert(1)</script>")
	f.Add("a\u202e<b\n>")
	f.Fuzz(func(t *testing.T, s string) {
		once, ok := Line(s, 200)
		if again, _ := Line(once, 200); ok && again != once {
			t.Errorf("%q becomes %q, then %q", s, once, again)
		}
	})
}
