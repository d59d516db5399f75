// Package decimal parses and formats decimal numbers as scaled integers, so that amounts are never floats.
package decimal

import (
	"fmt"
	"strconv"
	"strings"
)

// Parse returns text × 10^scale. It accepts an optional minus, digits and at most scale significant decimals; no exponent, plus
// or space, and at most 12 digits before the point.
func Parse(text string, scale int) (int64, bool) {
	digits, negative := strings.CutPrefix(text, "-")
	whole, fraction, hasPoint := strings.Cut(digits, ".")
	if hasPoint && fraction == "" {
		return 0, false
	}
	fraction = strings.TrimRight(fraction, "0")
	if whole == "" || len(whole) > 12 || len(fraction) > scale || strings.Trim(whole+fraction, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(whole+fraction+strings.Repeat("0", scale-len(fraction)), 10, 64)
	if err != nil {
		return 0, false
	}
	if negative {
		n = -n
	}
	return n, true
}

// Decimals returns the number of digits after the point.
func Decimals(text string) int {
	_, fraction, _ := strings.Cut(text, ".")
	return len(fraction)
}

// Format formats n / 10^scale with at least low decimals.
func Format(n int64, scale, low int) string {
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	digits := fmt.Sprintf("%0*d", scale+1, n)
	whole, fraction := digits[:len(digits)-scale], strings.TrimRight(digits[len(digits)-scale:], "0")
	for len(fraction) < low {
		fraction += "0"
	}
	if fraction == "" {
		return sign + whole
	}
	return sign + whole + "." + fraction
}

// Cents formats cents as euros with two decimals.
func Cents(n int64) string { return Format(n, 2, 2) }

// Lexical reports whether text is a number in XML Schema (xs:decimal), ignoring surrounding spaces.
func Lexical(text string) bool {
	text = strings.Trim(text, " \t\r\n")
	if text != "" && (text[0] == '-' || text[0] == '+') {
		text = text[1:]
	}
	whole, fraction, _ := strings.Cut(text, ".")
	return whole+fraction != "" && strings.Trim(whole+fraction, "0123456789") == ""
}
