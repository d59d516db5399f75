package table

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"european-pay.eu/eupay/internal/errs"
)

// tag is an HTML tag, comment or the like, also one that does not end. "1 < 2" and "<3" are none.
var tag = regexp.MustCompile(`<[a-zA-Z/!?][^>]*(>|$)`)

// clean takes HTML tags and what people cannot see out of a text. Taking one tag out may make another, so it goes on
// until none is left.
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
