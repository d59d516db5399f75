package eupay

import (
	"fmt"
	"log/slog"
)

// Secret is a text that no log and no print shows: a password, a token, the secret of a key. Convert it to a string to use it.
// In JSON it stands as it is, as requests need it; the types that hold one hide it from log/slog.
type Secret string

const redacted = "[redacted]"

// String implements fmt.Stringer.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return redacted
}

// GoString implements fmt.GoStringer.
func (s Secret) GoString() string { return fmt.Sprintf("%q", s.String()) }

// Format implements fmt.Formatter, so that no verb shows more.
func (s Secret) Format(f fmt.State, verb rune) {
	if verb == 'v' && f.Flag('#') || verb == 'q' {
		fmt.Fprint(f, s.GoString())
		return
	}
	fmt.Fprint(f, s.String())
}

// LogValue implements slog.LogValuer.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// hide is how something that holds secrets is logged, whatever the handler.
func hide(what any) slog.Value { return slog.StringValue(fmt.Sprintf("%+v", what)) }
