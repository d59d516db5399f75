// Package verify checks the signatures of EU Pay's webhooks. It depends on the standard library alone, so that a
// merchant's server may import it. Give it the raw bytes of the request body, before any JSON is parsed.
package verify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"time"
)

// Why a webhook is refused. Answer it with 400 and do nothing else.
var (
	ErrSignature = errors.New("the webhook signature is missing or wrong")
	ErrTimestamp = errors.New("the webhook timestamp is missing, too old or too new")
	ErrSecret    = errors.New("the webhook secret is not whsec_ and base64")
)

// Prefix starts every webhook secret.
const Prefix = "whsec_"

// EuPay checks the X-EuPay-Signature header, "sha256=<hex>". Its HMAC key is the secret as it is shown, with the
// prefix whsec_.
func EuPay(secret string, body []byte, header string) error {
	text, ok := strings.CutPrefix(header, "sha256=")
	got, err := hex.DecodeString(text)
	if secret == "" || !ok || err != nil || !hmac.Equal(got, sum([]byte(secret), body)) {
		return ErrSignature
	}
	return nil
}

// Standard checks the headers of the Standard Webhooks specification: webhook-id, webhook-timestamp (unix seconds) and
// webhook-signature, a list of "v1,<base64>" parted by spaces of which one must match. Its HMAC key is the decoded part
// of the secret after whsec_. A timestamp further than tolerance from now is refused, against replays; 5 minutes are usual.
func Standard(secret, id, timestamp, signatureHeader string, body []byte, now time.Time, tolerance time.Duration) error {
	key, err := Key(secret)
	if err != nil {
		return err
	}
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || now.Sub(time.Unix(seconds, 0)).Abs() > tolerance {
		return ErrTimestamp
	}
	want := sum(key, []byte(id), []byte("."), []byte(timestamp), []byte("."), body)
	for _, one := range strings.Fields(signatureHeader) {
		text, isV1 := strings.CutPrefix(one, "v1,")
		got, err := base64.StdEncoding.DecodeString(text)
		if isV1 && err == nil && hmac.Equal(got, want) {
			return nil
		}
	}
	return ErrSignature
}

// Key is the HMAC key of the Standard Webhooks signature: the bytes that the secret encodes.
func Key(secret string) ([]byte, error) {
	text, ok := strings.CutPrefix(secret, Prefix)
	key, err := base64.StdEncoding.DecodeString(text)
	if !ok || err != nil || len(key) == 0 {
		return nil, ErrSecret
	}
	return key, nil
}

func sum(key []byte, parts ...[]byte) []byte {
	mac := hmac.New(sha256.New, key)
	for _, p := range parts {
		mac.Write(p)
	}
	return mac.Sum(nil)
}
