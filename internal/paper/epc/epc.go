// Package epc writes the text of QR codes for SEPA credit transfers: EPC069-12, "Quick Response Code: Guidelines to Enable
// Data Capture for the Initiation of a SEPA Credit Transfer", version 002.
package epc

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"european-pay.eu/eupay/internal/ident"
	"european-pay.eu/eupay/internal/money"
	"european-pay.eu/eupay/internal/refuse"
	"european-pay.eu/eupay/internal/sepa"
)

// The bounds of the guideline, table 1. Lengths are in characters; all together they stay below its 331 bytes.
const (
	MaxName       = sepa.MaxName
	MaxRemittance = sepa.MaxLabel
	maxAmount     = money.Cents(99_999_999_999)
	// MaxVersion of the QR code, which is of level M.
	MaxVersion = 13
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
	t.IBAN, t.BIC = ident.Compact(t.IBAN), ident.Compact(t.BIC)
	if err := t.check(); err != nil {
		return "", err
	}
	t.Name, t.Remittance = sepa.Text(t.Name), sepa.Text(t.Remittance)
	return t.Text(), nil
}

// Text writes the text of the code from fields that are right already: Payload's rules are the caller's to keep.
func (t Transfer) Text() string {
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
	return strings.TrimRight(strings.Join(lines, "\n"), "\n") // the last elements may be left out when they are empty
}

func (t Transfer) check() error {
	var bad refuse.Problems
	_, err := sepa.Name(t.Name)
	bad.If(err != nil || !line(t.Name, MaxName), "name", "must be one line of 1 to %d characters, in letters that have a Latin form", MaxName)
	bad.If(!ident.IsIBAN(t.IBAN), "iban", "must be a valid IBAN")
	bad.If(t.BIC != "" && !ident.IsBIC(t.BIC), "bic", "must be a BIC of 8 or 11 characters, or empty")
	bad.If(t.Amount < 0 || t.Amount > maxAmount, "amount", "must be from 0.01 to 999999999.99, or absent")
	bad.If(!line(t.Remittance, MaxRemittance), "remittance", "must be one line of at most %d characters", MaxRemittance)
	return bad.Err()
}

// line reports whether s is one line without blanks around it, and fits when it is written in the SEPA character set: a line
// break would begin the next element.
func line(s string, most int) bool {
	return utf8.ValidString(s) && len(sepa.Text(s)) <= most && strings.TrimSpace(s) == s &&
		!strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}
