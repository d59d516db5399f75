package pdf

import (
	"slices"
	"unicode"
)

// visual reorders runs of right-to-left letters into display order (Unicode Standard Annex 9, for a text from left to right without
// controls). It does not join letters.
func visual(text string) string {
	if !hasRightToLeft(text) {
		return text
	}
	runes := []rune(text)
	for i := 0; i < len(runes); i++ {
		if !rightToLeft(runes[i]) {
			continue
		}
		// The run goes on until a letter of another direction, and ends after its last letter, number or closed bracket.
		end, open := i+1, 0
		for j := end; j < len(runes) && (rightToLeft(runes[j]) || !unicode.IsLetter(runes[j])); j++ {
			closes := open > 0 && unicode.Is(unicode.Pe, runes[j])
			if rightToLeft(runes[j]) || unicode.IsDigit(runes[j]) || closes {
				end = j + 1
			}
			if closes {
				open--
			}
			if unicode.Is(unicode.Ps, runes[j]) {
				open++
			}
		}
		turn(runes[i:end])
		i = end - 1
	}
	return string(runes)
}

// turn reverses a run. Its numbers keep their order, and its brackets open to the other side.
func turn(run []rune) {
	slices.Reverse(run)
	for i := 0; i < len(run); i++ {
		if other, ok := mirrored[run[i]]; ok {
			run[i] = other
			continue
		}
		end := i
		for end < len(run) && (unicode.IsDigit(run[end]) || end > i && end+1 < len(run) && separates(run[end]) && unicode.IsDigit(run[end+1])) {
			end++
		}
		slices.Reverse(run[i:end])
		i = max(i, end-1)
	}
}

// separates reports whether the character is part of a number between two digits.
func separates(r rune) bool { return r == '.' || r == ',' || r == ':' || r == '/' || r == '\u00A0' }

var mirrored = map[rune]rune{'(': ')', ')': '(', '[': ']', ']': '[', '{': '}', '}': '{', '<': '>', '>': '<', '«': '»', '»': '«'}

func hasRightToLeft(text string) bool {
	for _, r := range text {
		if rightToLeft(r) {
			return true
		}
	}
	return false
}

// rightToLeft reports whether r is a right-to-left letter that the font has.
func rightToLeft(r rune) bool {
	return r >= 0x590 && unicode.In(r, unicode.Hebrew, unicode.Arabic, unicode.Nko) && unicode.IsLetter(r)
}
