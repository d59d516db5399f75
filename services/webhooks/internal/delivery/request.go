package delivery

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"european-pay.eu/eupay/services/webhooks/internal/endpoint"
	"european-pay.eu/eupay/services/webhooks/verify"
)

// request builds the signed POST of one attempt.
func request(j Job, t endpoint.Target, now time.Time) (*http.Request, error) {
	req, err := http.NewRequest(http.MethodPost, t.URL, bytes.NewReader(j.Body)) //nolint:noctx // the client adds it
	if err != nil {
		return nil, fmt.Errorf("build webhook request: %w", err)
	}
	timestamp := strconv.FormatInt(now.Unix(), 10)
	standard, err := standardSignature(j, t.Secrets, timestamp)
	if err != nil {
		return nil, err
	}
	h := req.Header
	h.Set("Content-Type", "application/json")
	h.Set("User-Agent", "EUPay-Webhooks/1.0")
	h.Set("X-EuPay-Event", j.EventType)
	// The key is the secret as the merchant sees it, the newest one.
	h.Set("X-EuPay-Signature", "sha256="+hex.EncodeToString(sum([]byte(t.Secrets[0]), j.Body)))
	h.Set("webhook-id", j.EventID)
	h.Set("webhook-timestamp", timestamp)
	h.Set("webhook-signature", standard)
	return req, nil
}

// standardSignature holds one signature for each valid secret, the newest first.
func standardSignature(j Job, secrets []string, timestamp string) (string, error) {
	var list []byte
	for i, secret := range secrets {
		key, err := verify.Key(secret)
		if err != nil {
			return "", fmt.Errorf("sign webhook: %w", err)
		}
		if i > 0 {
			list = append(list, ' ')
		}
		list = append(list, "v1,"...)
		list = base64.StdEncoding.AppendEncode(list, sum(key, []byte(j.EventID+"."+timestamp+"."), j.Body))
	}
	return string(list), nil
}

func sum(key []byte, parts ...[]byte) []byte {
	mac := hmac.New(sha256.New, key)
	for _, p := range parts {
		mac.Write(p)
	}
	return mac.Sum(nil)
}
