// Package boot holds what every service starts with: settings, log, database pool, broker, gRPC, health and shutdown.
package boot

import (
	"io"
	"log/slog"
	"os"
	"regexp"
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
	secretText = regexp.MustCompile(`(sk_(?:live|test)_|whsec_|Bearer |eyJ)[A-Za-z0-9._~+/=-]+|\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b`)
)

const hidden = "[hidden]"

func redact(_ []string, a slog.Attr) slog.Attr {
	if secretName.MatchString(a.Key) {
		return slog.String(a.Key, hidden)
	}
	switch v := a.Value.Resolve(); v.Kind() {
	case slog.KindString:
		return slog.String(a.Key, secretText.ReplaceAllString(v.String(), hidden))
	case slog.KindAny:
		if err, ok := v.Any().(error); ok {
			return slog.String(a.Key, secretText.ReplaceAllString(err.Error(), hidden))
		}
	}
	return a
}
