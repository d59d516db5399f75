// Package sepa converts texts to the basic Latin character set that every bank in SEPA accepts, with the conversion table of
// EPC217-08 ("SEPA Requirements for an Extended Character Set"). Texts that are too long are shortened by one rule, never in the
// middle of a reference.
package sepa

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// The maximum lengths of a SEPA credit transfer in characters: the name of a party and unstructured remittance information.
const (
	MaxName  = 70
	MaxLabel = 140
)

// ErrEmpty is returned when nothing of a text is left in the basic Latin set.
var ErrEmpty = errors.New("the text has no letter or digit that a SEPA transfer can carry")

const (
	marks     = "/-?:().,'+ "
	separator = " - "
	ellipsis  = "..."
)

// Text converts a text to the basic Latin set: letters and digits, / - ? : ( ) . , ' + and single spaces. Letters of other
// European alphabets become Latin ones; characters without a counterpart become a space. The result may be longer than the text.
func Text(s string) string {
	if Basic(s) {
		return s
	}
	text, _ := convert(s)
	return text
}

// Basic reports whether Text leaves s unchanged, so that it appears on a statement exactly as written.
func Basic(s string) bool {
	for i := range len(s) {
		if !basic(rune(s[i])) || s[i] == ' ' && (i == 0 || i == len(s)-1 || s[i-1] == ' ') {
			return false
		}
	}
	return true
}

// Complete reports whether every letter and digit of s has a counterpart in the basic Latin set.
func Complete(s string) bool {
	_, lost := convert(s)
	return !lost
}

// Name converts the name of an account holder. It is cut after the last word that fits into MaxName. It returns ErrEmpty if no
// letter or digit is left.
func Name(s string) (string, error) {
	name := Shorten(Text(s), MaxName)
	if !readable(name) {
		return "", ErrEmpty
	}
	return name, nil
}

// Label joins a description and the reference by which the transfer is found on a statement: "description - reference", at most
// MaxLabel characters. A long description is cut after its last word that fits and ends with "...". A reference of up to 70
// characters leaves room for it. It returns ErrEmpty if nothing is left of both.
func Label(description, reference string) (string, error) {
	text, ref := strings.TrimRight(Text(description), "- "), Text(reference)
	switch {
	case !readable(text) && !readable(ref):
		return "", ErrEmpty
	case !readable(text):
		return Shorten(ref, MaxLabel), nil
	case ref == "":
		return fit(text, MaxLabel), nil
	}
	return fit(text, MaxLabel-len(separator)-len(ref)) + separator + ref, nil
}

// Shorten cuts a converted text after the last word that fits, or within a word if that would remove more than half.
func Shorten(text string, most int) string {
	if len(text) <= most {
		return text
	}
	cut := max(most, 0)
	if space := strings.LastIndexByte(text[:cut+1], ' '); space > cut/2 {
		cut = space
	}
	return strings.TrimSpace(text[:cut])
}

// fit marks where it shortened.
func fit(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return Shorten(text, most-len(ellipsis)) + ellipsis
}

func readable(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })
}

func basic(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r < utf8.RuneSelf && strings.ContainsRune(marks, r)
}

// convert also reports whether a letter or digit was lost.
func convert(s string) (text string, lost bool) {
	var b strings.Builder
	for _, r := range norm.NFC.String(s) {
		latin, ok := lookup(r)
		if !ok {
			latin, ok = decomposed(r)
		}
		lost = lost || !ok && (unicode.IsLetter(r) || unicode.IsDigit(r))
		b.WriteString(latin)
	}
	return strings.Join(strings.Fields(b.String()), " "), lost
}

func lookup(r rune) (string, bool) {
	if basic(r) {
		return string(r), true
	}
	latin, ok := table[r]
	return latin, ok
}

// decomposed converts the parts of a composed letter, without its accents. Parts without a counterpart separate words.
func decomposed(r rune) (string, bool) {
	var b strings.Builder
	for _, part := range norm.NFKD.String(string(r)) {
		if unicode.Is(unicode.Mn, part) {
			continue
		}
		latin, ok := lookup(part)
		if !ok {
			return " ", false
		}
		b.WriteString(latin)
	}
	return b.String(), true
}
