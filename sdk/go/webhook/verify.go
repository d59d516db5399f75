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

// Why a webhook is refused. Answer it with 400 and do nothing else.
var (
	ErrSignature = errors.New("the webhook signature is missing or wrong")
	ErrTimestamp = errors.New("the webhook timestamp is missing, too old or too new")
	ErrSecret    = errors.New("the webhook secret is not whsec_ and base64")
	ErrHeader    = errors.New("a webhook header is missing or there more than once")
)

// Prefix starts every webhook secret.
const Prefix = "whsec_"

// Verify checks all signatures of a request that has these headers and this raw body. The Standard Webhooks headers are
// required: only they carry a timestamp, so only they refuse replays. X-EuPay-Signature is checked too when it is there,
// except while the old secret of a rotation still signs (webhook-signature then holds several signatures): that header is
// by the old secret then, and the caller may have the new one already. A header that is there twice is refused.
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

// wellFormed reports whether the required headers are there, and none of ours more than once.
func wellFormed(header http.Header) bool {
	for _, name := range []string{"webhook-id", "webhook-timestamp", "webhook-signature", "X-EuPay-Signature"} {
		// Some servers and proxies join values with a comma and a space. None of ours holds that.
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

// EuPay checks the X-EuPay-Signature header, "sha256=<hex>". Its HMAC key is the secret as it is shown, with the
// prefix whsec_. It holds no time, so it does not refuse replays: use Verify or Standard where you can.
func EuPay(secret string, body []byte, header string) error {
	if secret == "" {
		return ErrSecret
	}
	if !equal(header, "sha256="+hex.EncodeToString(sum([]byte(secret), body))) {
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

// Key is the HMAC key of the Standard Webhooks signature: the bytes that the secret encodes.
func Key(secret string) ([]byte, error) {
	text, ok := strings.CutPrefix(secret, Prefix)
	key, err := base64.StdEncoding.DecodeString(text)
	// The decoder skips line breaks and spare bits: only the one right form is accepted.
	if !ok || err != nil || len(key) == 0 || base64.StdEncoding.EncodeToString(key) != text {
		return nil, ErrSecret
	}
	return key, nil
}

// equal compares texts, not what they decode to, so that nothing but the one right form is accepted.
func equal(got, want string) bool { return hmac.Equal([]byte(got), []byte(want)) }

func sum(key []byte, parts ...[]byte) []byte {
	mac := hmac.New(sha256.New, key)
	for _, p := range parts {
		mac.Write(p)
	}
	return mac.Sum(nil)
}
