package table

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"european-pay.eu/eupay/internal/errs"
)

// elements are the names of HTML's elements, and of those that a page takes for such. Another name behind a "<" is a word.
const elements = `a|abbr|acronym|address|applet|area|article|aside|audio|b|base|basefont|bdi|bdo|big|blink|blockquote|body|br|button|` +
	`canvas|caption|center|cite|code|col|colgroup|data|datalist|dd|del|details|dfn|dialog|dir|div|dl|dt|em|embed|fieldset|figcaption|` +
	`figure|font|footer|form|frame|frameset|h[1-6]|head|header|hgroup|hr|html|i|iframe|image|img|input|ins|isindex|kbd|keygen|label|` +
	`legend|li|link|listing|main|map|mark|marquee|math|menu|menuitem|meta|meter|nav|nobr|noembed|noframes|noscript|object|ol|optgroup|` +
	`option|output|p|param|picture|plaintext|portal|pre|progress|q|rb|rp|rt|rtc|ruby|s|samp|script|search|section|select|slot|small|` +
	`source|span|strike|strong|style|sub|summary|sup|svg|table|tbody|td|template|textarea|tfoot|th|thead|time|title|tr|track|tt|u|ul|` +
	`var|video|wbr|xmp`

// tag is a complete HTML tag, comment or document type: the name of an element after "<" or "</", then attributes as HTML has
// them, then ">". What only looks like one is text: "<arachide, merci", "<arachide>" and "1 <2> 0" stay, and pages escape them.
var tag = regexp.MustCompile(`(?is)<!--.*?-->|<!doctype[^<>]*>|</?(` + elements +
	`)([\s/]+[^\s"'<>/=]+(\s*=\s*("[^"]*"|'[^']*'|[^\s"'=<>\x60]+))?)*[\s/]*>`)

// clean takes HTML tags and what people cannot see out of a text, and nothing else. Taking one tag out may make another, so it
// goes on until none is left.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.In(r, unicode.Bidi_Control) || r == utf8.RuneError:
			return -1
		case unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp):
			return ' '
		}
		return r
	}, s)
	for tag.MatchString(s) {
		s = tag.ReplaceAllString(s, "")
	}
	return strings.TrimSpace(s)
}

// problems collects the refused fields of one request.
type problems []errs.Field

func (p *problems) add(field, format string, args ...any) {
	*p = append(*p, errs.Field{Field: field, Message: field + " " + fmt.Sprintf(format, args...) + "."})
}

func (p problems) err() error {
	if len(p) == 0 {
		return nil
	}
	return errs.Invalid(p...)
}

// text returns the clean form of a text of at most limit characters.
func (p *problems) text(field, s string, limit int) string {
	if utf8.RuneCountInString(s) > limit {
		p.add(field, "must have at most %d characters", limit)
		return ""
	}
	return clean(s)
}

// name is text that must not be empty.
func (p *problems) name(field, s string, limit int) string {
	before := len(*p)
	s = p.text(field, s, limit)
	if s == "" && len(*p) == before {
		p.add(field, "is required")
	}
	return s
}
