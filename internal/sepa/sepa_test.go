package sepa

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// The letters are those of EPC217-08's table; ß, Œ and their like are written as two letters.
func TestNamesWithoutLatinLettersAreTransliterated(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Bäckerei Groß & Söhne":                "Backerei Gross + Sohne",
		"ŒUVRE œuvre Ærø":                      "OEUVRE oeuvre AEro",
		"Łódź Żubrówka":                        "Lodz Zubrowka",
		"Ταβέρνα Ψάρι Θεός":                    "Taverna PSari THeos",
		"ΧΡΥΣΟΥΛΑ Ξένος ώρα":                   "CHRYSOYLA Xenos ora",
		"Щъркел и Жаба ЮЯ":                     "SHTarkel i ZHaba YUYA",
		"Кафе Йордан":                          "Kafe Yordan",
		"Їжак Єва Ґанок":                       "Izhak Eva Ganok",
		"Эрмитаж Ёлка":                         "Ermitazh Elka",
		"Ђорђе Љубљана":                        "DJordje LJubljana",
		"Ðakovo þing Đurić":                    "Dakovo thing Duric",
		"Ŧest Ħal ıSTANBUL İ":                  "Test Hal iSTANBUL I",
		"Cafe\u0301 de l’E\u0301te\u0301 – №5": "Cafe de l'Ete - No5",
		"ＡＢＣ ﬁn":                               "ABC fin",
		"a_b;c{d}[e]\\f|g@h€":                  "a-b,c(d)(e)/f/g.hE",
		"a\tb\nc  d ":                          "a b c d",
		"“Chez Nous”…":                         "'Chez Nous'...",
		"☕ Coffee 咖啡":                          "Coffee",
		"Order 1042":                           "Order 1042",
		"":                                     "",
	} {
		if got := Text(text); got != want {
			t.Errorf("Text(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestANameThatHasNoLatinFormIsAnError(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", " ", "咖啡", "مقهى", "☕☕", "...", "!!!"} {
		if got, err := Name(name); !errors.Is(err, ErrEmpty) {
			t.Errorf("Name(%q) = %q, %v", name, got, err)
		}
	}
	for name, complete := range map[string]bool{
		"Café de l'Été ☕": true, "Ταβέρνα": true, "7-Eleven": true, "Кафе": true, "Cafe 咖啡": false, "قهوة": false, "Bar २": false,
	} {
		if Complete(name) != complete {
			t.Errorf("Complete(%q) is %v", name, !complete)
		}
	}
}

func TestALongNameEndsAfterAWord(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		strings.Repeat("ab ", 30):                strings.TrimSpace(strings.Repeat("ab ", 23)),
		strings.Repeat("x", 80):                  strings.Repeat("x", 70),
		strings.Repeat("x", 70):                  strings.Repeat("x", 70),
		strings.Repeat("Щ", 30):                  strings.Repeat("SHT", 23) + "S",
		"A " + strings.Repeat("y", 80):           "A " + strings.Repeat("y", 68),
		strings.Repeat("x", 60) + " gardeners. ": strings.Repeat("x", 60),
		strings.Repeat("x", 66) + " abc defgh":   strings.Repeat("x", 66) + " abc",
	} {
		if got, err := Name(name); got != want || err != nil {
			t.Errorf("Name(%q) = %q, %v, want %q", name, got, err, want)
		}
	}
}

func TestTheReferenceStaysWhenTheDescriptionIsTooLong(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ description, reference, want string }{
		{"Order 1042", "ORDER-1042", "Order 1042 - ORDER-1042"},
		{"Order 1042", "", "Order 1042"},
		{"☕", "ORDER-1042", "ORDER-1042"},
		{"Café - ", "A1", "Cafe - A1"},
		{"pdng/done - Test", "A1", "pdng/done - Test - A1"},
		{strings.Repeat("abcde ", 40), "ORDER-1042", strings.TrimSpace(strings.Repeat("abcde ", 20)) + "... - ORDER-1042"},
		{strings.Repeat("ß", 140), "A1", strings.Repeat("s", 132) + "... - A1"},
		{strings.Repeat("x", 141), "", strings.Repeat("x", 137) + "..."},
	} {
		if got, err := Label(c.description, c.reference); got != c.want || err != nil {
			t.Errorf("Label(%q, %q) = %q (%d), %v, want %q", c.description, c.reference, got, len(got), err, c.want)
		}
	}
	if got, err := Label("☕", "咖啡"); !errors.Is(err, ErrEmpty) {
		t.Errorf("a label of nothing is %q, %v", got, err)
	}
}

func TestEveryTextFits(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s, ref := rapid.String().Draw(t, "text"), rapid.StringMatching(`[A-Z0-9/-]{1,70}`).Draw(t, "reference")
		text := Text(s)
		if Text(text) != text || !Basic(text) || !utf8.ValidString(text) {
			t.Fatalf("%q became %q", s, text)
		}
		label, err := Label(s, ref)
		if err == nil && (len(label) > MaxLabel || !Basic(label) || !strings.HasSuffix(label, ref)) {
			t.Fatalf("label %q", label)
		}
		if name, err := Name(s); err == nil && (len(name) > MaxName || !Basic(name)) || name != "" && err != nil {
			t.Fatalf("name %q, %v", name, err)
		}
	})
}
