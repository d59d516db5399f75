// Package epc builds the payload of QR codes for SEPA credit transfers: EPC069-12, "Quick Response Code: Guidelines to Enable
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

// The limits of the guideline, table 1. Lengths are in characters; the total stays below its 331 bytes.
const (
	MaxName       = sepa.MaxName
	MaxRemittance = sepa.MaxLabel
	maxAmount     = money.Cents(99_999_999_999)
	// MaxVersion of the QR code, at error correction level M.
	MaxVersion = 13
)

// Transfer is the transfer that the payer's bank is asked for. Name and remittance are converted to the SEPA character set,
// because banking apps copy them into the transfer unchanged.
type Transfer struct {
	Name string
	// IBAN and BIC may contain spaces and lower-case letters. BIC may be empty within SEPA.
	IBAN, BIC string
	// Amount is 0 if the payer enters it.
	Amount money.Cents
	// Remittance is unstructured and may be empty.
	Remittance string
}

// Payload returns the payload of the code, or a VALIDATION_ERROR that lists all invalid fields.
func (t Transfer) Payload() (string, error) {
	t.IBAN, t.BIC = ident.Compact(t.IBAN), ident.Compact(t.BIC)
	if err := t.check(); err != nil {
		return "", err
	}
	t.Name, t.Remittance = sepa.Text(t.Name), sepa.Text(t.Remittance)
	return t.Text(), nil
}

// Text builds the payload without validation: the caller ensures Payload's rules.
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
	return strings.TrimRight(strings.Join(lines, "\n"), "\n") // trailing elements may be omitted if they are empty
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

// line reports whether s is one line without surrounding spaces that fits after conversion to the SEPA character set. A line
// break would start the next element.
func line(s string, most int) bool {
	return utf8.ValidString(s) && len(sepa.Text(s)) <= most && strings.TrimSpace(s) == s &&
		!strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}
