// Package boot holds what every service starts with: settings, log, database pool, broker, gRPC, health and shutdown.
package boot

import (
	"io"
	"log/slog"
	"os"
	"regexp"
	"strings"

	"european-pay.eu/eupay/internal/reference"
)

// NewLogger returns a JSON logger at the level ("debug", "info", "warn", "error"). It redacts secret keys, tokens, authorization
// headers and IBANs.
func NewLogger(w io.Writer, level string) *slog.Logger {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		l = slog.LevelInfo
	}
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: l, ReplaceAttr: redact}))
}

func defaultLogger(level string) *slog.Logger { return NewLogger(os.Stderr, level) }

// secretNames are parts of the names of attributes that are never shown.
var secretNames = []string{"secret", "password", "authorization", "token", "cookie", "iban"}

// secretText finds secrets and IBANs. The first alternative is no secret: the random end of a reference can have the form of an IBAN.
var secretText = regexp.MustCompile(`\b(?:PAY|REF|SUB|SUP)-\d{8}-[0-9A-F]{16}\b|(sk_(?:live|test)_|whsec_|Bearer |eyJ)[A-Za-z0-9._~+/=-]+|` +
	`\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b`)

const hidden = "[hidden]"

// hide replaces the secrets and IBANs of a text, and keeps our references.
func hide(text string) string {
	if !suspicious(text) {
		return text
	}
	return secretText.ReplaceAllStringFunc(text, func(found string) string {
		if reference.Valid(found) {
			return found
		}
		return hidden
	})
}

// suspicious reports whether the expression has to be tried on a text. It looks only for the beginnings of what the expression finds,
// because every text that is logged passes here and nearly none has one.
func suspicious(text string) bool {
	return strings.Contains(text, "sk_") || strings.Contains(text, "whsec_") || strings.Contains(text, "Bearer ") || strings.Contains(text, "eyJ") ||
		beginsAccount(text)
}

// shortestAccount is the length of the shortest text that the expression takes for an IBAN: country, check digits and three groups of four.
const shortestAccount = 16

// beginsAccount reports whether a word of the text begins with a country and two digits.
func beginsAccount(text string) bool {
	for i := 0; i+shortestAccount <= len(text); i++ {
		if isUpper(text[i]) && isUpper(text[i+1]) && isDigit(text[i+2]) && isDigit(text[i+3]) && (i == 0 || !isWord(text[i-1])) {
			return true
		}
	}
	return false
}

func isUpper(b byte) bool { return b >= 'A' && b <= 'Z' }

func isDigit(b byte) bool { return b >= '0' && b <= '9' }

// isWord reports what the expression takes for a character of a word.
func isWord(b byte) bool { return isUpper(b) || isDigit(b) || b >= 'a' && b <= 'z' || b == '_' }

// secretive reports whether an attribute with this name is never shown.
func secretive(name string) bool {
	name = strings.ToLower(name)
	for _, part := range secretNames {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}

func redact(_ []string, a slog.Attr) slog.Attr {
	if secretive(a.Key) {
		return slog.String(a.Key, hidden)
	}
	switch v := a.Value.Resolve(); v.Kind() {
	case slog.KindString:
		return slog.String(a.Key, hide(v.String()))
	case slog.KindAny:
		if err, ok := v.Any().(error); ok {
			return slog.String(a.Key, hide(err.Error()))
		}
	}
	return a
}
