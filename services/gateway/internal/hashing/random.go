package hashing

import (
	"crypto/rand"
	"crypto/sha256"
)

const (
	base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	// tokenLength is how many base62 digits hold 32 random bytes (256 bits).
	tokenLength = 43
)

// Token returns a random text that nobody can guess.
func Token() string { return Text(tokenLength) }

// Sum is what is stored of a Token: it is random enough to need no bcrypt.
func Sum(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// Text returns n random base62 digits.
func Text(n int) string {
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
