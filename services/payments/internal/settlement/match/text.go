package match

import (
	"regexp"
	"slices"
	"strings"

	"european-pay.eu/eupay/internal/sepa"
)

const (
	// A word is long enough and has a digit, so that it is not an ordinary word of the language by accident.
	minWord, maxWord = 6, 40
	// maxRefs and maxTokens limit what is read of a text that somebody may have written to be slow.
	maxRefs, maxTokens = 20, 60
	// joined is how many neighbouring tokens are read as one word: banks break long words.
	joined = 4
	// tail is how many characters at the end of our references are unique: payment.BankLabel puts them alone into a transfer's text.
	tail = 16
)

// Compact leaves only letters and digits of a text, in capitals: what banks do not change of it.
func Compact(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		default:
			return -1
		}
	}, sepa.Text(s))
}

var (
	full  = regexp.MustCompile(`(PAY|REF|SUB)([0-9]{8})([0-9A-F]{16})`)
	short = regexp.MustCompile(`^[0-9A-F]{16}$`)
)

// References returns our references that a text names: whole ones as "PAY-20260617-0123456789ABCDEF", and ends of references alone as
// those 16 characters. Spaces, line breaks and punctuation that a bank put into them, or took out, do not matter.
func References(text string) []string {
	var list []string
	for _, m := range full.FindAllStringSubmatch(Compact(text), maxRefs) {
		list = append(list, m[1]+"-"+m[2]+"-"+m[3])
	}
	for _, t := range tokens(text) {
		if short.MatchString(t) && !slices.ContainsFunc(list, func(r string) bool { return strings.HasSuffix(r, t) }) {
			list = append(list, t)
		}
	}
	slices.Sort(list)
	if list = slices.Compact(list); len(list) > maxRefs {
		list = list[:maxRefs]
	}
	return list
}

// tokens returns the words of a text, and up to four neighbours as one.
func tokens(text string) []string {
	parts := strings.FieldsFunc(strings.ToUpper(sepa.Text(text)), func(r rune) bool { return (r < 'A' || r > 'Z') && (r < '0' || r > '9') })
	if len(parts) > maxTokens {
		parts = parts[:maxTokens]
	}
	var list []string
	for i := range parts {
		word := ""
		for j := i; j < min(i+joined, len(parts)); j++ {
			if word += parts[j]; len(word) > maxWord {
				break
			}
			list = append(list, word)
		}
	}
	return list
}

// Word returns a merchant's own reference as it is compared with texts; "" if it is too short or too ordinary to tell payments apart.
func Word(reference string) string {
	w := Compact(reference)
	if len(w) < minWord || len(w) > maxWord || !strings.ContainsAny(w, "0123456789") {
		return ""
	}
	return w
}

// Words returns what in a text may be a merchant's own reference.
func Words(text string) []string {
	var list []string
	for _, t := range tokens(text) {
		if w := Word(t); w != "" {
			list = append(list, w)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// Tail returns the end of one of our references, by which a text may name it.
func Tail(reference string) string { return reference[max(0, len(reference)-tail):] }
