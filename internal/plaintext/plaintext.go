// Package plaintext cleans texts that people enter: it removes HTML tags, which a page might interpret, and invisible characters,
// which may reorder the text around them.
package plaintext

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// elements are the names of HTML elements, including obsolete ones that browsers still interpret. Any other name after a "<" is
// text.
const elements = `a|abbr|acronym|address|applet|area|article|aside|audio|b|base|basefont|bdi|bdo|big|blink|blockquote|body|br|button|` +
	`canvas|caption|center|cite|code|col|colgroup|data|datalist|dd|del|details|dfn|dialog|dir|div|dl|dt|em|embed|fieldset|figcaption|` +
	`figure|font|footer|form|frame|frameset|h[1-6]|head|header|hgroup|hr|html|i|iframe|image|img|input|ins|isindex|kbd|keygen|label|` +
	`legend|li|link|listing|main|map|mark|marquee|math|menu|menuitem|meta|meter|nav|nobr|noembed|noframes|noscript|object|ol|optgroup|` +
	`option|output|p|param|picture|plaintext|portal|pre|progress|q|rb|rp|rt|rtc|ruby|s|samp|script|search|section|select|slot|small|` +
	`source|span|strike|strong|style|sub|summary|sup|svg|table|tbody|td|template|textarea|tfoot|th|thead|time|title|tr|track|tt|u|ul|` +
	`var|video|wbr|xmp`

// tag matches a complete HTML tag, comment or document type: the name of an element after "<" or "</", attributes in HTML syntax,
// then ">". Anything else is text: "<arachide, merci", "<arachide>" and "1 <2> 0" stay, and pages escape them.
var tag = regexp.MustCompile(`(?is)<!--.*?-->|<!doctype[^<>]*>|</?(` + elements +
	`)([\s/]+[^\s"'<>/=]+(\s*=\s*("[^"]*"|'[^']*'|[^\s"'=<>\x60]+))?)*[\s/]*>`)

// Line returns the text on one line, without tags, invisible characters and surrounding spaces. ok is false for a text of more
// than limit characters before cleaning; such a text is not processed.
func Line(s string, limit int) (string, bool) {
	if utf8.RuneCountInString(s) > limit {
		return "", false
	}
	return clean(s, visible), true
}

// Lines is Line for a text of several lines; each ends with a line feed.
func Lines(s string, limit int) (string, bool) {
	if utf8.RuneCountInString(s) > limit {
		return "", false
	}
	return clean(strings.ReplaceAll(s, "\r\n", "\n"), func(r rune) rune {
		if r == '\n' {
			return r
		}
		return visible(r)
	}), true
}

// clean applies keep to each character and removes HTML tags. Removing a tag may form another, so it repeats until none is left.
func clean(s string, keep func(rune) rune) string {
	s = strings.Map(keep, s)
	for tag.MatchString(s) {
		s = tag.ReplaceAllString(s, "")
	}
	return strings.TrimSpace(s)
}

// visible maps a character to what replaces it; -1 removes it.
func visible(r rune) rune {
	switch {
	case unicode.In(r, unicode.Bidi_Control, unicode.Noncharacter_Code_Point) || r == utf8.RuneError:
		return -1
	case unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp):
		return ' '
	}
	return r
}
