// Package refuse collects what is wrong with a request, so that its sender can mend everything at once.
package refuse

import (
	"fmt"
	"strconv"

	"european-pay.eu/eupay/internal/errs"
)

// Problems is everything that is wrong with a request; nil is nothing. Fields are named by their paths in it: amount,
// customer.email, items[2].price.
type Problems []errs.Field

// Add refuses a field. The format is the rest of a sentence that starts with the field's name, without the full stop: "must be
// above 0".
func (p *Problems) Add(field, format string, args ...any) {
	*p = append(*p, errs.Field{Field: field, Message: field + " " + fmt.Sprintf(format, args...) + "."})
}

// If refuses a field when that is so.
func (p *Problems) If(wrong bool, field, format string, args ...any) {
	if wrong {
		p.Add(field, format, args...)
	}
}

// Join adds the fields that an errs.Error refuses; nil has none.
func (p *Problems) Join(err error) {
	if err != nil {
		*p = append(*p, errs.From(err).Fields...)
	}
}

// Err is a VALIDATION_ERROR that names all problems; nil for none.
func (p Problems) Err() error {
	if len(p) == 0 {
		return nil
	}
	return errs.Invalid(p...)
}

// At is the path of an entry of a list: items[2].
func At(list string, i int) string { return list + "[" + strconv.Itoa(i) + "]" }
