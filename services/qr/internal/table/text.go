package table

import (
	"fmt"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/plaintext"
)

// problems collects the invalid fields of one request.
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

// text returns the cleaned text, which may have at most limit characters.
func (p *problems) text(field, s string, limit int) string {
	line, ok := plaintext.Line(s, limit)
	if !ok {
		p.add(field, "must have at most %d characters", limit)
	}
	return line
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
