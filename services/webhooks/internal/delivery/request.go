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

	"european-pay.eu/eupay/sdk/go/webhook"
	"european-pay.eu/eupay/services/webhooks/internal/endpoint"
)

// request builds the signed POST of one attempt.
func request(j Job, t endpoint.Target, now time.Time) (*http.Request, error) {
	req, err := http.NewRequest(http.MethodPost, t.URL, bytes.NewReader(j.Body)) //nolint:noctx // the client adds it
	if err != nil {
		return nil, fmt.Errorf("build webhook request: %w", err)
	}
	if req.Header, err = Headers(j.EventID, j.EventType, j.Body, t.Secrets, now); err != nil {
		return nil, err
	}
	if j.EventType == TestEvent {
		req.Header.Set(ChallengeHeader, challenge(j, t))
	}
	return req, nil
}

// Headers returns all headers of a webhook, signed with the secrets, newest first. X-EuPay-Signature holds only one signature,
// which is by the last secret: during a rotation that is the one which every server of the merchant knows.
func Headers(eventID, eventType string, body []byte, secrets []string, now time.Time) (http.Header, error) {
	timestamp := strconv.FormatInt(now.Unix(), 10)
	standard, err := standardSignature(eventID, timestamp, body, secrets)
	if err != nil {
		return nil, err
	}
	h := make(http.Header, 8)
	h.Set("Content-Type", "application/json")
	h.Set("User-Agent", "EUPay-Webhooks/1.0")
	h.Set("X-EuPay-Event", eventType)
	// The key is the secret in the form that the merchant sees.
	h.Set("X-EuPay-Signature", "sha256="+hex.EncodeToString(sum([]byte(secrets[len(secrets)-1]), body)))
	h.Set("webhook-id", eventID)
	h.Set("webhook-timestamp", timestamp)
	h.Set("webhook-signature", standard)
	return h, nil
}

// standardSignature has one signature for each valid secret, newest first.
func standardSignature(eventID, timestamp string, body []byte, secrets []string) (string, error) {
	var list []byte
	for i, secret := range secrets {
		key, err := webhook.Key(secret)
		if err != nil {
			return "", fmt.Errorf("sign webhook: %w", err)
		}
		if i > 0 {
			list = append(list, ' ')
		}
		list = append(list, "v1,"...)
		list = base64.StdEncoding.AppendEncode(list, sum(key, []byte(eventID+"."+timestamp+"."), body))
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
