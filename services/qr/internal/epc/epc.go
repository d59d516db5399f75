// Package epc writes the text of QR codes for SEPA credit transfers: EPC069-12, "Quick Response Code: Guidelines to Enable
// Data Capture for the Initiation of a SEPA Credit Transfer", version 002.
package epc

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/sepa"
)

// The bounds of the guideline, table 1. Lengths are in characters; all together they stay below its 331 bytes.
const (
	MaxName       = sepa.MaxName
	MaxRemittance = sepa.MaxLabel
	maxAmount     = money.Cents(99_999_999_999)
)

// Transfer is what the payer's bank shall be asked for. Name and remittance are written in the SEPA character set: banks'
// apps put them into the transfer as they are.
type Transfer struct {
	Name string
	// IBAN may have blanks and small letters, and so may BIC. BIC may be empty within SEPA.
	IBAN, BIC string
	// Amount is 0 when the payer enters it.
	Amount money.Cents
	// Remittance is unstructured; may be empty.
	Remittance string
}

// Payload returns the text of the code, or a VALIDATION_ERROR that names every refused field.
func (t Transfer) Payload() (string, error) {
	t.IBAN, t.BIC = compact(t.IBAN), compact(t.BIC)
	if err := t.check(); err != nil {
		return "", err
	}
	t.Name, t.Remittance = sepa.Text(t.Name), sepa.Text(t.Remittance)
	amount := ""
	if t.Amount > 0 {
		amount = "EUR" + t.Amount.String()
	}
	lines := []string{
		"BCD", "002", "1", "SCT", // service tag, version, UTF-8, identification
		t.BIC, t.Name, t.IBAN, amount,
		"", "", // purpose, structured remittance
		t.Remittance,
	}
	payload := strings.TrimRight(strings.Join(lines, "\n"), "\n") // the last elements may be left out when they are empty
	return payload, nil
}

func (t Transfer) check() error {
	var bad []errs.Field
	refuse := func(wrong bool, field, message string) {
		if wrong {
			bad = append(bad, errs.Field{Field: field, Message: field + " " + message + "."})
		}
	}
	_, err := sepa.Name(t.Name)
	refuse(err != nil || !line(t.Name, MaxName), "name", fmt.Sprintf("must be one line of 1 to %d characters, in letters that have a Latin form", MaxName))
	refuse(!isIBAN(t.IBAN), "iban", "must be a valid IBAN")
	refuse(t.BIC != "" && !isBIC(t.BIC), "bic", "must be a BIC of 8 or 11 characters, or empty")
	refuse(t.Amount < 0 || t.Amount > maxAmount, "amount", "must be from 0.01 to 999999999.99, or absent")
	refuse(!line(t.Remittance, MaxRemittance), "remittance", fmt.Sprintf("must be one line of at most %d characters", MaxRemittance))
	if len(bad) > 0 {
		return errs.Invalid(bad...)
	}
	return nil
}

func compact(s string) string { return strings.ToUpper(strings.ReplaceAll(s, " ", "")) }

// line reports whether s is one line without blanks around it, and fits when it is written in the SEPA character set: a line
// break would begin the next element.
func line(s string, most int) bool {
	return utf8.ValidString(s) && len(sepa.Text(s)) <= most && strings.TrimSpace(s) == s &&
		!strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// isIBAN checks the form and the check digits (ISO 13616, mod 97). That an account is in SEPA was checked where the
// merchant entered it.
func isIBAN(s string) bool {
	if len(s) < 15 || len(s) > 34 || !all(s[:2], isUpper) || !all(s[2:4], isDigit) {
		return false
	}
	rest := 0
	for _, r := range s[4:] + s[:4] {
		switch {
		case isDigit(r):
			rest = (rest*10 + int(r-'0')) % 97
		case isUpper(r):
			rest = (rest*100 + int(r-'A') + 10) % 97
		default:
			return false
		}
	}
	return rest == 1
}

// isBIC checks the form (ISO 9362): four letters or digits of the party, the country, the rest.
func isBIC(s string) bool {
	return (len(s) == 8 || len(s) == 11) && all(s[4:6], isUpper) &&
		all(s, func(r rune) bool { return isUpper(r) || isDigit(r) })
}

func all(s string, is func(rune) bool) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return !is(r) })
}

func isUpper(r rune) bool { return r >= 'A' && r <= 'Z' }

func isDigit(r rune) bool { return r >= '0' && r <= '9' }
