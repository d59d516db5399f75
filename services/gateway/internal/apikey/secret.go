package apikey

import (
	"strings"

	"european-pay.eu/eupay/services/gateway/internal/hashing"
)

// publicLength is how many random characters never collide.
const publicLength = 24

func keyPrefix(kind string, livemode bool) string {
	if livemode {
		return kind + "_live_"
	}
	return kind + "_test_"
}

func newPublic(livemode bool) string { return keyPrefix("pk", livemode) + hashing.Text(publicLength) }
func newSecret(livemode bool) string { return keyPrefix("sk", livemode) + hashing.Token() }

// isPublic reports whether text can be a public key at all, so that nothing else costs a question to the database.
func isPublic(text string) bool {
	rest, live := strings.CutPrefix(text, "pk_live_")
	if !live {
		var test bool
		if rest, test = strings.CutPrefix(text, "pk_test_"); !test {
			return false
		}
	}
	return len(rest) >= 8 && len(rest) <= 64 && isToken(rest)
}

// isSecret reports whether text can be the secret of a key of that mode.
func isSecret(text string, livemode bool) bool {
	rest, ok := strings.CutPrefix(text, keyPrefix("sk", livemode))
	return ok && len(text) <= hashing.MaxBytes && len(rest) >= 8 && isToken(rest)
}

func isToken(text string) bool {
	for i := range len(text) {
		b := text[i]
		if (b < '0' || b > '9') && (b < 'A' || b > 'Z') && (b < 'a' || b > 'z') && b != '_' && b != '-' {
			return false
		}
	}
	return true
}
