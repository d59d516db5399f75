// Package form has the rules for what people type: names, addresses of mail, ids.
package form

import (
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"european-pay.eu/eupay/internal/plaintext"
	"european-pay.eu/eupay/internal/refuse"
)

const (
	// MaxEmail is in bytes. RFC 5321: a path has at most 256 with its brackets.
	MaxEmail = 254
	// MaxName is how many characters of a name a SEPA message has room for.
	MaxName = 140
	// MaxLabel is how many characters what a user calls a key or a passkey may have.
	MaxLabel = 100
)

// Text wants from least to most visible characters on one line.
func Text(p *refuse.Problems, field, value string, least, most int) {
	switch n := utf8.RuneCountInString(value); {
	case n < least && value == "":
		p.Add(field, "is required")
	case n > most:
		p.Add(field, "must have at most %d characters", most)
	case strings.ContainsFunc(value, NotPrint) || strings.TrimSpace(value) != value:
		p.Add(field, "must be one line of text without blanks around it")
	}
}

// Cleaned is a name without tags and invisible characters. One of more characters than the limit stays as it is: it will be refused.
func Cleaned(s string, limit int) string {
	s = strings.TrimSpace(s)
	if line, ok := plaintext.Line(s, limit); ok {
		return line
	}
	return s
}

// NotPrint reports a character that nobody sees.
func NotPrint(r rune) bool { return !unicode.IsPrint(r) }

// Email wants an address in the form of NormalEmail.
func Email(p *refuse.Problems, value string) {
	at := strings.LastIndexByte(value, '@')
	parsed, err := mail.ParseAddress(value)
	switch {
	case value == "":
		p.Add("email", "is required")
	case err != nil || parsed.Address != value || len(value) > MaxEmail || !isASCII(value) || !strings.Contains(value[at+1:], "."):
		p.Add("email", "must be an email address such as name@example.com")
	}
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf })
}

// NormalEmail is the one form of an address that is stored and looked up.
func NormalEmail(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// IsID reports whether text is an id in the form that we give out.
func IsID(text string) bool { return len(text) == 36 && uuid.Validate(text) == nil }
