package pdf

import "unicode"

// visual reorders runs of right-to-left letters into display order. It does not join letters: the text is readable but not
// typographically correct.
func visual(text string) string {
	if !hasRightToLeft(text) {
		return text
	}
	runes := []rune(text)
	for i := 0; i < len(runes); i++ {
		end := i // up to the last letter of the run, including spaces between its words
		for j := i; j < len(runes) && (rightToLeft(runes[j]) || unicode.In(runes[j], unicode.Zs, unicode.M)); j++ {
			if rightToLeft(runes[j]) {
				end = j + 1
			}
		}
		if end == i || !rightToLeft(runes[i]) {
			continue
		}
		for a, b := i, end-1; a < b; a, b = a+1, b-1 {
			runes[a], runes[b] = runes[b], runes[a]
		}
		i = end - 1
	}
	return string(runes)
}

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
