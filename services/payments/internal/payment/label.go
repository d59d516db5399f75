package payment

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// labelLength is the room for remittance information in a SEPA credit transfer.
const labelLength = 140

const sepaMarks = "/-?:().,'+ "

// BankLabel turns a description into what every SEPA bank takes as a label (EPC217-08 basic Latin set): accents are
// dropped, other characters become a space, and it ends after 140.
func BankLabel(description string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(description) {
		switch {
		case unicode.Is(unicode.Mn, r):
		case r >= '0' && r <= '9', r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', strings.ContainsRune(sepaMarks, r):
			b.WriteRune(r)
		default:
			b.WriteByte(' ')
		}
	}
	label := strings.Join(strings.Fields(b.String()), " ")
	label = strings.TrimSpace(label[:min(len(label), labelLength)])
	if label == "" {
		return "Payment"
	}
	return label
}
