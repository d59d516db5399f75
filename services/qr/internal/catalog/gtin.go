package catalog

import "strings"

// IsGTIN reports whether code is an EAN-8, UPC-A, EAN-13 or GTIN-14 whose check digit is right (GS1 General Specifications, 7.9).
func IsGTIN(code string) bool {
	switch len(code) {
	case 8, 12, 13, 14:
	default:
		return false
	}
	sum := 0
	for i := range len(code) {
		digit := int(code[i] - '0')
		if code[i] < '0' || code[i] > '9' {
			return false
		}
		if (len(code)-i)%2 == 0 { // the digit before the check digit counts three times, and so every second one
			digit *= 3
		}
		sum += digit
	}
	return sum%10 == 0
}

// gtinKey is the same for all forms of a code: a UPC-A is an EAN-13 with a 0 before it. It is empty for no code.
func gtinKey(code string) string {
	if code == "" {
		return ""
	}
	return strings.Repeat("0", max(14-len(code), 0)) + code
}
