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

// IsSIREN reports whether s is nine digits with a right checksum.
func IsSIREN(s string) bool { return isDigits(s, 9) && s != "000000000" && luhn(s) }

// laPoste numbers its establishments in its own way: their digits add up to a multiple of five.
const laPoste = "356000000"

// IsSIRET reports whether s is fourteen digits that start with a SIREN and have a right checksum.
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

// IsVATNumber reports whether s is a French VAT number: FR, the key, and the SIREN. Keys with letters are not in use.
func IsVATNumber(s string) bool {
	digits, french := strings.CutPrefix(s, "FR")
	if !french || !isDigits(digits, 11) || !IsSIREN(digits[2:]) {
		return false
	}
	key, _ := strconv.Atoi(digits[:2])
	siren, _ := strconv.Atoi(digits[2:])
	return key == (12+3*(siren%97))%97
}
