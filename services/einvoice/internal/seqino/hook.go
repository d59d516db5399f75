package seqino

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"regexp"
	"strings"

	"european-pay.eu/eupay/services/einvoice/internal/platform"
)

// maxHook limits the body of a webhook.
const maxHook = 64 << 10

var (
	errHook   = errors.New("webhook cannot be read")
	typeShape = regexp.MustCompile(`^[a-z0-9_.]{1,64}$`)
)

// ReadHook implements platform.Platform. The names in header are case-insensitive.
func (c *Client) ReadHook(body []byte, header map[string]string) (platform.Hook, error) {
	if len(body) > maxHook || !c.validSignature(body, header) {
		return platform.Hook{}, platform.ErrSignature
	}
	var w wireHook
	if err := json.Unmarshal(body, &w); err != nil {
		return platform.Hook{}, errHook
	}
	if !idShape.MatchString(w.ID) || !typeShape.MatchString(w.Type) {
		return platform.Hook{}, errHook
	}
	for _, optional := range []string{w.ClientID, w.ObjectType, w.ObjectID} {
		if optional != "" && !idShape.MatchString(optional) {
			return platform.Hook{}, errHook
		}
	}
	return platform.Hook{ID: w.ID, Type: w.Type, ClientID: w.ClientID, ObjectType: w.ObjectType, ObjectID: w.ObjectID}, nil
}

// validSignature verifies the signature. Without a secret none is valid: an empty key is known to everybody.
func (c *Client) validSignature(body []byte, header map[string]string) bool {
	var given []string
	for name, value := range header {
		if strings.EqualFold(name, headerSignature) {
			given = append(given, value)
		}
	}
	if len(given) != 1 || c.cfg.WebhookSecret == "" {
		return false
	}
	sum, err := hex.DecodeString(given[0])
	if err != nil {
		return false
	}
	mac := hmac.New(sha256.New, []byte(c.cfg.WebhookSecret))
	mac.Write(body)
	return hmac.Equal(sum, mac.Sum(nil))
}
