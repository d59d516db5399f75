package web

import "unicode"

// Unprintable reports characters that break lines, control terminals or reverse the direction of a text that people must be able
// to trust.
func Unprintable(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp, unicode.Bidi_Control)
}
