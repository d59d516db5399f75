package pdf

import "unicode"

// visual puts runs of letters that are read from right to left into the order in which they stand on the page. Their
// joining is not done: they can be read, not admired.
func visual(text string) string {
	if !hasRightToLeft(text) {
		return text
	}
	runes := []rune(text)
	for i := 0; i < len(runes); i++ {
		end := i // after the last letter of the run; blanks between two of them belong to it
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

// rightToLeft letters that the font has.
func rightToLeft(r rune) bool {
	return r >= 0x590 && unicode.In(r, unicode.Hebrew, unicode.Arabic, unicode.Nko) && unicode.IsLetter(r)
}
