package web

import "unicode"

// Unprintable finds what breaks lines, rings bells or turns the direction of a text that people must be able to trust.
func Unprintable(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp, unicode.Bidi_Control)
}
