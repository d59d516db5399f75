package account

import (
	"crypto/rand"
	"strings"
)

const (
	base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	// secretLength is how many base62 digits hold 32 random bytes (256 bits); publicLength is enough to never collide.
	secretLength = 43
	publicLength = 24
)

// randomText returns n random base62 digits.
func randomText(n int) string {
	text := make([]byte, 0, n)
	buf := make([]byte, n)
	for {
		rand.Read(buf) // never fails
		for _, b := range buf {
			// 248 is the largest multiple of 62 in a byte: without the cut the first digits would come up more often.
			if b < 248 {
				text = append(text, base62[b%62])
			}
			if len(text) == n {
				return string(text)
			}
		}
	}
}

func keyPrefix(kind string, livemode bool) string {
	if livemode {
		return kind + "_live_"
	}
	return kind + "_test_"
}

func newPublic(livemode bool) string { return keyPrefix("pk", livemode) + randomText(publicLength) }
func newSecret(livemode bool) string { return keyPrefix("sk", livemode) + randomText(secretLength) }

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
	return ok && len(text) <= maxBcrypt && len(rest) >= 8 && isToken(rest)
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
