package invoice

import (
	"regexp"
	"strings"

	"european-pay.eu/eupay/internal/ident"
)

// electronicForm is BR-FR-23 and BR-FR-25, and the format of the directory: a SIREN and at most two more parts.
var electronicForm = regexp.MustCompile(`^[0-9]{9}(_[A-Za-z0-9.\-_]+)?$`)

const maxElectronic = 125

func validElectronic(s string) bool {
	return len(s) <= maxElectronic && electronicForm.MatchString(s) && ident.IsSIREN(s[:9])
}

// emailForm is stricter than RFC 5322: words of plain characters, and a domain with at least two labels. Anything else is usually
// a mistake, and platforms refuse it too.
var emailForm = regexp.MustCompile(`^[A-Za-z0-9!#$%&'*+/=?^_{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_{|}~-]+)*` +
	`@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])$`)

// maxEmail is BR-FR-25: documents may be sent to an email address.
const maxEmail = 125

func validEmail(s string) bool {
	at := strings.LastIndexByte(s, '@')
	return len(s) <= maxEmail && at <= 64 && emailForm.MatchString(s)
}
