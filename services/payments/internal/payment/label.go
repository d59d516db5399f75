package payment

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// The room for remittance information and for a party's name in a SEPA credit transfer.
const (
	labelLength = 140
	nameLength  = 70
)

const sepaMarks = "/-?:().,'+ "

// BankLabel turns a description into what every SEPA bank takes as a label (EPC217-08 basic Latin set): accents are
// dropped, other characters become a space, and it ends after 140.
func BankLabel(description string) string {
	if label := basicLatin(description, labelLength); label != "" {
		return label
	}
	return "Payment"
}

// BankName does the same to the name of an account's holder, which ends after 70 characters.
func BankName(name string) string { return basicLatin(name, nameLength) }

func basicLatin(text string, length int) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(text) {
		switch {
		case unicode.Is(unicode.Mn, r):
		case r >= '0' && r <= '9', r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', strings.ContainsRune(sepaMarks, r):
			b.WriteRune(r)
		default:
			b.WriteByte(' ')
		}
	}
	plain := strings.Join(strings.Fields(b.String()), " ")
	return strings.TrimSpace(plain[:min(len(plain), length)])
}
