package document

import (
	"fmt"
	"strings"
)

// ValidSIREN reports whether s has nine digits with a valid check digit (Luhn).
func ValidSIREN(s string) bool { return len(s) == 9 && digits(s) && luhn(s) }

// ValidSIRET reports whether s has fourteen digits with valid check digits; those of La Poste may follow their own rule.
func ValidSIRET(s string) bool {
	if len(s) != 14 || !digits(s) {
		return false
	}
	if strings.HasPrefix(s, "356000000") {
		sum := 0
		for _, c := range s {
			sum += int(c - '0')
		}
		return luhn(s) || sum%5 == 0
	}
	return luhn(s) && ValidSIREN(s[:9])
}

// SIRETOf returns the SIRET of the n-th establishment of a SIREN.
func SIRETOf(siren string, n int) string {
	for check := range 10 {
		if s := fmt.Sprintf("%s%04d%d", siren, n, check); luhn(s) {
			return s
		}
	}
	return ""
}

// ValidFrenchVAT reports whether s is FR, a key and a SIREN. A key of two digits must be (12 + 3 × (SIREN mod 97)) mod 97.
func ValidFrenchVAT(s string) bool {
	if len(s) != 13 || s[:2] != "FR" || !ValidSIREN(s[4:]) {
		return false
	}
	key := s[2:4]
	if !digits(key) {
		return strings.Trim(key, "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ") == ""
	}
	n := 0
	for _, c := range s[4:] {
		n = (n*10 + int(c-'0')) % 97
	}
	return int(key[0]-'0')*10+int(key[1]-'0') == (12+3*n)%97
}

func digits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

func luhn(s string) bool {
	sum := 0
	for i := range len(s) {
		n := int(s[len(s)-1-i] - '0')
		if i%2 == 1 {
			if n *= 2; n > 9 {
				n -= 9
			}
		}
		sum += n
	}
	return sum%10 == 0
}
