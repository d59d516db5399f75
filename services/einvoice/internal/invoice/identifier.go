package invoice

import (
	"regexp"
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

// ValidSIREN reports whether s is nine digits with a right checksum.
func ValidSIREN(s string) bool { return isDigits(s, 9) && s != "000000000" && luhn(s) }

// laPoste numbers its establishments in its own way: their digits add up to a multiple of five.
const laPoste = "356000000"

// ValidSIRET reports whether s is fourteen digits that start with a SIREN and have a right checksum.
func ValidSIRET(s string) bool {
	if !isDigits(s, 14) || !ValidSIREN(s[:9]) {
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

// ValidVATNumber reports whether s is a French VAT number: FR, the key, and the SIREN. Keys with letters are not in use.
func ValidVATNumber(s string) bool {
	digits, french := strings.CutPrefix(s, "FR")
	if !french || !isDigits(digits, 11) || !ValidSIREN(digits[2:]) {
		return false
	}
	key, _ := strconv.Atoi(digits[:2])
	siren, _ := strconv.Atoi(digits[2:])
	return key == (12+3*(siren%97))%97
}

// electronicForm is BR-FR-23 and BR-FR-25, and what the directory knows: a SIREN, then at most two more parts.
var electronicForm = regexp.MustCompile(`^[0-9]{9}(_[A-Za-z0-9.\-_]+)?$`)

const maxElectronic = 125

func validElectronic(s string) bool {
	return len(s) <= maxElectronic && electronicForm.MatchString(s) && ValidSIREN(s[:9])
}

// ibanLengths are those of the countries of SEPA (IBAN registry).
var ibanLengths = map[string]int{
	"AD": 24, "AL": 28, "AT": 20, "BE": 16, "BG": 22, "CH": 21, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "EE": 20, "ES": 24, "FI": 18, "FR": 27,
	"GB": 22, "GI": 23, "GR": 27, "HR": 21, "HU": 28, "IE": 22, "IS": 26, "IT": 27, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MD": 24,
	"ME": 22, "MK": 19, "MT": 31, "NL": 18, "NO": 15, "PL": 28, "PT": 25, "RO": 24, "RS": 22, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "VA": 22,
}

// validIBAN checks the length and the checksum (ISO 13616) of an IBAN in capitals without spaces.
func validIBAN(s string) bool {
	if len(s) < 15 || ibanLengths[s[:2]] != len(s) || !isDigits(s[2:4], 2) {
		return false
	}
	rest := 0
	for _, c := range []byte(s[4:] + s[:4]) {
		switch {
		case c >= '0' && c <= '9':
			rest = (rest*10 + int(c-'0')) % 97
		case c >= 'A' && c <= 'Z':
			rest = (rest*100 + int(c-'A') + 10) % 97
		default:
			return false
		}
	}
	return rest == 1
}

// bicForm is ISO 9362.
var bicForm = regexp.MustCompile(`^[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?$`)

// emailForm is stricter than RFC 5322: words of plain characters, and a domain with at least two labels. What it refuses is in
// practice a mistake, and platforms refuse it too.
var emailForm = regexp.MustCompile(`^[A-Za-z0-9!#$%&'*+/=?^_{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_{|}~-]+)*` +
	`@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])$`)

// maxEmail is BR-FR-25: an e-mail may be the address a document is sent to.
const maxEmail = 125

func validEmail(s string) bool {
	at := strings.LastIndexByte(s, '@')
	return len(s) <= maxEmail && at <= 64 && emailForm.MatchString(s)
}
