// Package boot holds what every service starts with: settings, log, database pool, broker, gRPC, health and shutdown.
package boot

import (
	"io"
	"log/slog"
	"os"
	"regexp"

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

var (
	secretName = regexp.MustCompile(`(?i)(secret|password|authorization|token|cookie|iban)`)
	// The first alternative is no secret: the random end of a reference can have the form of an IBAN.
	secretText = regexp.MustCompile(`\b(?:PAY|REF|SUB|SUP)-\d{8}-[0-9A-F]{16}\b|(sk_(?:live|test)_|whsec_|Bearer |eyJ)[A-Za-z0-9._~+/=-]+|\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b`)
)

const hidden = "[hidden]"

// hide replaces the secrets and IBANs of a text, and keeps our references.
func hide(text string) string {
	return secretText.ReplaceAllStringFunc(text, func(found string) string {
		if reference.Valid(found) {
			return found
		}
		return hidden
	})
}

func redact(_ []string, a slog.Attr) slog.Attr {
	if secretName.MatchString(a.Key) {
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
