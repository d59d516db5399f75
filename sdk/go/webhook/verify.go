package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The reasons why a webhook is refused. Respond with 400 and do nothing else.
var (
	ErrSignature = errors.New("the webhook signature is missing or wrong")
	ErrTimestamp = errors.New("the webhook timestamp is missing, too old or too new")
	ErrSecret    = errors.New("the webhook secret is not whsec_ and base64")
	ErrHeader    = errors.New("a webhook header is missing or there more than once")
)

// Prefix is the prefix of every webhook secret.
const Prefix = "whsec_"

// Verify verifies all signatures of a request with these headers and this raw body. The Standard Webhooks headers are required:
// only they carry a timestamp, so only they prevent replays. X-EuPay-Signature is also verified if present, except during a
// secret rotation (webhook-signature then has several signatures), because it is then made with the old secret while the caller
// may already have the new one. Duplicate headers are refused.
func Verify(secret string, header http.Header, body []byte, now time.Time, tolerance time.Duration) error {
	if !wellFormed(header) {
		return ErrHeader
	}
	signatures := header.Get("webhook-signature")
	if err := Standard(secret, header.Get("webhook-id"), header.Get("webhook-timestamp"), signatures, body, now, tolerance); err != nil {
		return err
	}
	if len(header.Values("X-EuPay-Signature")) == 0 || rotating(signatures) {
		return nil
	}
	return EuPay(secret, body, header.Get("X-EuPay-Signature"))
}

// wellFormed reports whether the required headers are present and none of ours is duplicated.
func wellFormed(header http.Header) bool {
	for _, name := range []string{"webhook-id", "webhook-timestamp", "webhook-signature", "X-EuPay-Signature"} {
		// Some servers and proxies join values with a comma and a space, which ours never contain.
		if len(header.Values(name)) > 1 || strings.Contains(header.Get(name), ", ") {
			return false
		}
	}
	return header.Get("webhook-id") != "" && header.Get("webhook-timestamp") != "" && header.Get("webhook-signature") != ""
}

func rotating(signatures string) bool {
	n := 0
	for text := range strings.SplitSeq(signatures, " ") {
		if strings.HasPrefix(text, "v1,") {
			n++
		}
	}
	return n > 1
}

// EuPay verifies the X-EuPay-Signature header, "sha256=<hex>". Its HMAC key is the secret as shown, with the prefix whsec_. It
// contains no timestamp and does not prevent replays: use Verify or Standard where possible.
func EuPay(secret string, body []byte, header string) error {
	if secret == "" {
		return ErrSecret
	}
	if !equal(header, "sha256="+hex.EncodeToString(sum([]byte(secret), body))) {
		return ErrSignature
	}
	return nil
}

// Standard verifies the headers of the Standard Webhooks specification: webhook-id, webhook-timestamp (Unix seconds) and
// webhook-signature, a space-separated list of "v1,<base64>" of which one must match. Its HMAC key is the decoded part of the
// secret after whsec_. To prevent replays, a timestamp further than tolerance from now is refused; 5 minutes are usual.
func Standard(secret, id, timestamp, signatureHeader string, body []byte, now time.Time, tolerance time.Duration) error {
	key, err := Key(secret)
	if err != nil {
		return err
	}
	seconds, err := strconv.ParseUint(timestamp, 10, 63) // no sign
	if err != nil || now.Sub(time.Unix(int64(seconds), 0)).Abs() > tolerance {
		return ErrTimestamp
	}
	want := "v1," + base64.StdEncoding.EncodeToString(sum(key, []byte(id), []byte("."), []byte(timestamp), []byte("."), body))
	for got := range strings.SplitSeq(signatureHeader, " ") {
		if equal(got, want) {
			return nil
		}
	}
	return ErrSignature
}

// Key returns the HMAC key of the Standard Webhooks signature: the bytes that the secret encodes.
func Key(secret string) ([]byte, error) {
	text, ok := strings.CutPrefix(secret, Prefix)
	key, err := base64.StdEncoding.DecodeString(text)
	// The decoder ignores line breaks and trailing bits, so only the canonical form is accepted.
	if !ok || err != nil || len(key) == 0 || base64.StdEncoding.EncodeToString(key) != text {
		return nil, ErrSecret
	}
	return key, nil
}

// equal compares the encoded texts, so that only the canonical form is accepted.
func equal(got, want string) bool { return hmac.Equal([]byte(got), []byte(want)) }

func sum(key []byte, parts ...[]byte) []byte {
	mac := hmac.New(sha256.New, key)
	for _, p := range parts {
		mac.Write(p)
	}
	return mac.Sum(nil)
}
