// Package ident validates the identifiers of accounts, banks and companies: format and check digits. It does not check whether
// the account or company exists.
package ident

import (
	"regexp"
	"strings"
	"unicode"
)

// ibanLengths are the lengths of IBANs in the countries and territories of SEPA (EPC list of SEPA scheme countries, SWIFT IBAN
// registry). Transfers to other countries are not supported.
var ibanLengths = map[string]int{
	"AD": 24, "AL": 28, "AT": 20, "BE": 16, "BG": 22, "CH": 21, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "EE": 20,
	"ES": 24, "FI": 18, "FR": 27, "GB": 22, "GI": 23, "GR": 27, "HR": 21, "HU": 28, "IE": 22, "IS": 26, "IT": 27,
	"LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MT": 31, "NL": 18, "NO": 15,
	"PL": 28, "PT": 25, "RO": 24, "RS": 22, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "VA": 22,
}

// Compact removes the spaces with which people group the characters of an IBAN, BIC, SIREN or VAT number, also those that do not
// break a line, and converts it to upper case. Line breaks and tabs stay: nobody groups characters with them.
func Compact(s string) string {
	return strings.ToUpper(strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Zs, r) {
			return -1
		}
		return r
	}, s))
}

// IsIBAN reports whether s, in compact form, is a valid IBAN in SEPA: country, length and check digits (ISO 13616, mod 97).
func IsIBAN(s string) bool {
	if len(s) < 4 || ibanLengths[s[:2]] != len(s) || !isDigits(s[2:4], 2) {
		return false
	}
	// 00, 01 and 99 give the right remainder for some accounts, but the standard defines check digits from 02 to 98 only.
	if check := s[2:4]; check == "00" || check == "01" || check == "99" {
		return false
	}
	rest := 0
	for _, r := range s[4:] + s[:4] {
		switch {
		case r >= '0' && r <= '9':
			rest = (rest*10 + int(r-'0')) % 97
		case r >= 'A' && r <= 'Z':
			rest = (rest*100 + int(r-'A') + 10) % 97
		default:
			return false
		}
	}
	return rest == 1
}

var bicForm = regexp.MustCompile(`^[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?$`)

// IsBIC reports whether s has the format of a BIC (ISO 9362).
func IsBIC(s string) bool { return bicForm.MatchString(s) }
