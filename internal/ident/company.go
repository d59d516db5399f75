package ident

import (
	"strconv"
	"strings"
)

func isDigits(s string, n int) bool {
	return len(s) == n && strings.Trim(s, "0123456789") == ""
}

// luhn is the checksum of ISO/IEC 7812-1 over digits.
func luhn(digits string) bool {
	sum := 0
	for i := range len(digits) {
		n := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			n *= 2
		}
		sum += n/10 + n%10
	}
	return sum%10 == 0
}

// IsSIREN reports whether s has nine digits and a valid checksum.
func IsSIREN(s string) bool { return isDigits(s, 9) && s != "000000000" && luhn(s) }

// laPoste is the SIREN of La Poste, whose SIRETs have another checksum: their digits add up to a multiple of five.
const laPoste = "356000000"

// IsSIRET reports whether s has fourteen digits, starts with a SIREN and has a valid checksum.
func IsSIRET(s string) bool {
	if !isDigits(s, 14) || !IsSIREN(s[:9]) {
		return false
	}
	if s[:9] != laPoste || luhn(s) {
		return luhn(s)
	}
	sum := 0
	for i := range len(s) {
		sum += int(s[i] - '0')
	}
	return sum%5 == 0
}

// IsVATNumber reports whether s is a French VAT number: FR, the check digits, and the SIREN. Check characters that are letters
// are not in use.
func IsVATNumber(s string) bool {
	digits, french := strings.CutPrefix(s, "FR")
	if !french || !isDigits(digits, 11) || !IsSIREN(digits[2:]) {
		return false
	}
	key, _ := strconv.Atoi(digits[:2])
	siren, _ := strconv.Atoi(digits[2:])
	return key == (12+3*(siren%97))%97
}
