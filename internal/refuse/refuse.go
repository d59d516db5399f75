// Package refuse collects the problems of a request, so that its sender can fix all of them at once.
package refuse

import (
	"fmt"
	"strconv"

	"european-pay.eu/eupay/internal/errs"
)

// Problems are the invalid fields of a request; nil if there are none. Fields are named by their paths: amount, customer.email,
// items[2].price.
type Problems []errs.Field

// Add adds a problem. The format is a sentence without its subject, which is the field's name, and without the full stop: "must
// be above 0".
func (p *Problems) Add(field, format string, args ...any) {
	*p = append(*p, errs.Field{Field: field, Message: field + " " + fmt.Sprintf(format, args...) + "."})
}

// If adds a problem if wrong is true.
func (p *Problems) If(wrong bool, field, format string, args ...any) {
	if wrong {
		p.Add(field, format, args...)
	}
}

// Join adds the fields of an errs.Error; nil has none.
func (p *Problems) Join(err error) {
	if err != nil {
		*p = append(*p, errs.From(err).Fields...)
	}
}

// Err returns a VALIDATION_ERROR with all problems; nil if there are none.
func (p Problems) Err() error {
	if len(p) == 0 {
		return nil
	}
	return errs.Invalid(p...)
}

// At returns the path of an entry of a list: items[2].
func At(list string, i int) string { return list + "[" + strconv.Itoa(i) + "]" }
