package slip

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestLettersArePrintedAsThePrinterHasThem(t *testing.T) {
	t.Parallel()
	s := New(32)
	s.Text(Big, "Crème 3 €")
	s.Text(Normal, "l’œuf Ő 卵")
	want := []byte("\x1b@\x1b\x1dt\x04" + "\x1bi\x01\x01Cr\x8ame 3 \xd5\x1bi\x00\x00\n" + "l'oeuf O ?\n" + "\x1bd\x03")
	if got := s.Star(); !bytes.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if got := string(s.Plain(false)); got != "Creme 3 EUR\nl'oeuf O ?\n" {
		t.Errorf("in ASCII: %q", got)
	}
	if got := string(s.Plain(true)); got != "Crème 3 €\nl’œuf Ő 卵\n" {
		t.Errorf("in UTF-8: %q", got)
	}
}

// A guest who writes a command into a note must not cut the paper, open the drawer or change what follows.
func TestNothingThatPeopleTypeIsACommand(t *testing.T) {
	t.Parallel()
	clean := New(48)
	clean.Text(Bold, "a b")
	for _, hostile := range []string{"a\x1bb", "a\x1b\x1bb", "a\u009bb", "a\rb", "a\n\nb", "a\x07b", "a\u2028b"} {
		s := New(48)
		s.Text(Bold, hostile)
		if got := s.Star(); !bytes.Equal(got, clean.Star()) {
			t.Errorf("%q prints %q", hostile, got)
		}
	}
}

func TestLongTextsAreBrokenBetweenWords(t *testing.T) {
	t.Parallel()
	s := New(20)
	s.Text(Normal, "   + sauce au poivre vert et beurre")
	s.Text(Big, "anticonstitutionnellement bon")
	s.Rule()
	want := []string{"   + sauce au poivre", "   vert et beurre", "anticonsti", "tutionnell", "ement bon", strings.Repeat("-", 20)}
	got := strings.Split(strings.TrimSuffix(string(s.Plain(true)), "\n"), "\n")
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	for _, width := range []int{24, 25, 48} {
		s := New(width)
		s.Text(Big, strings.Repeat("é ", 40)+strings.Repeat("x", 100))
		for _, l := range s.lines {
			if utf8.RuneCountInString(l.text)*2 > width {
				t.Errorf("%q is wider than %d", l.text, width)
			}
		}
	}
}
