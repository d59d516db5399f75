// Package iban validates and generates international bank account numbers (ISO 13616).
package iban

import (
	"fmt"
	"strings"
)

// lengths are the lengths of IBANs in the countries of SEPA.
var lengths = map[string]int{
	"AD": 24, "AL": 28, "AT": 20, "BE": 16, "BG": 22, "CH": 21, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "EE": 20, "ES": 24,
	"FI": 18, "FR": 27, "GB": 22, "GI": 23, "GR": 27, "HR": 21, "HU": 28, "IE": 22, "IS": 26, "IT": 27, "LI": 21, "LT": 20,
	"LU": 20, "LV": 21, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MT": 31, "NL": 18, "NO": 15, "PL": 28, "PT": 25, "RO": 24,
	"RS": 22, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "VA": 22,
}

// Normalise removes spaces and converts to upper case.
func Normalise(s string) string {
	return strings.ToUpper(strings.ReplaceAll(s, " ", ""))
}

// Valid reports whether s, already normalised, has the length of its country and a valid checksum.
func Valid(s string) bool {
	if len(s) < 5 || lengths[s[:2]] != len(s) {
		return false
	}
	rest, ok := mod97(s[4:] + s[:4])
	return ok && rest == 1
}

// Make returns the IBAN of a national account number.
func Make(country, bban string) string {
	rest, _ := mod97(bban + country + "00")
	return fmt.Sprintf("%s%02d%s", country, 98-rest, bban)
}

// mod97 returns the remainder of the number that s represents, with letters counting from A = 10.
func mod97(s string) (int, bool) {
	rest := 0
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			rest = (rest*10 + int(c-'0')) % 97
		case c >= 'A' && c <= 'Z':
			rest = (rest*100 + int(c-'A') + 10) % 97
		default:
			return 0, false
		}
	}
	return rest, true
}
