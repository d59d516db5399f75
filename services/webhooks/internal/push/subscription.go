package push

import (
	"crypto/ecdh"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/internal/refuse"
	"european-pay.eu/eupay/internal/vault"
	"european-pay.eu/eupay/services/webhooks/internal/endpoint"
	"european-pay.eu/eupay/services/webhooks/internal/secret"
)

const (
	// maxPerUser is the maximum number of browsers per user, in both modes together.
	maxPerUser = 20

	maxDescription = 100 // characters
	authLength     = 16  // bytes, RFC 8291 section 3.2
)

// target is what is needed to send to a browser. It is a capability: sealed at rest and never logged.
type target struct {
	Endpoint string `json:"endpoint"`
	P256dh   string `json:"p256dh"`
	Auth     string `json:"auth"`
}

// subscription is a browser of a user in one mode.
type subscription struct {
	ID            string
	Merchant      string
	User          string
	Livemode      bool
	Service       string // scheme and host of its push service
	Description   string
	Kinds         []string // what it is told of; empty: not said
	Language      string   // of its messages; empty: not said
	CreatedAt     time.Time
	LastDelivered *time.Time
	Sealed        secret.Sealed
}

// owner is what the vault binds the sealed target to.
func (s subscription) owner() string { return SealOwner(s.Merchant, s.ID) }

// SealOwner is what the vault binds the sealed target of a subscription to.
func SealOwner(merchant, id string) string { return "push-subscription\x00" + merchant + "\x00" + id }

// Sealed lists the columns that the vault seals.
func Sealed() []vault.Column {
	return []vault.Column{{
		Table: "push_subscriptions", Key: []string{"id"}, Of: []string{"merchant_id"}, KeyID: "key_id", Data: "sealed",
		Owner: func(of []string) string { return SealOwner(of[1], of[0]) },
	}}
}

func (s subscription) seal(v *secret.Vault, t target) (secret.Sealed, error) {
	plain, err := json.Marshal(t)
	if err != nil {
		return secret.Sealed{}, fmt.Errorf("seal push subscription: %w", err)
	}
	return v.Seal(string(plain), s.owner()), nil
}

func (s subscription) open(v *secret.Vault) (target, error) {
	plain, err := v.Open(s.Sealed, s.owner())
	if err != nil {
		return target{}, fmt.Errorf("push subscription %s: %w", s.ID, err)
	}
	var t target
	if err := json.Unmarshal([]byte(plain), &t); err != nil {
		return target{}, fmt.Errorf("push subscription %s: its sealed part is damaged", s.ID)
	}
	return t, nil
}

// hash identifies the browser.
func (t target) hash() []byte {
	sum := sha256.Sum256([]byte(t.Endpoint))
	return sum[:]
}

// service returns the scheme and host of the endpoint, which was validated.
func (t target) service() string {
	u, err := url.Parse(t.Endpoint)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// check returns the problems, with the field names of the public API.
func check(rules endpoint.Rules, t target, description string) refuse.Problems {
	var bad refuse.Problems
	if message := checkEndpoint(rules, t.Endpoint); message != "" {
		bad = append(bad, errs.Field{Field: "endpoint", Message: message})
	}
	point, ok := decode(t.P256dh)
	bad.If(!ok || !isPoint(point), "keys.p256dh", "must be an uncompressed P-256 point in base64url, as provided by the browser")
	auth, ok := decode(t.Auth)
	bad.If(!ok || len(auth) != authLength, "keys.auth", "must be 16 bytes in base64url, as provided by the browser")
	line := utf8.ValidString(description) && utf8.RuneCountInString(description) <= maxDescription && !strings.ContainsFunc(description, unicode.IsControl)
	bad.If(!line, "description", "must be one line of at most 100 characters")
	return bad
}

func isPoint(raw []byte) bool {
	_, err := ecdh.P256().NewPublicKey(raw)
	return err == nil
}

// checkEndpoint requires https, except on this machine if loopback is permitted.
func checkEndpoint(rules endpoint.Rules, text string) string {
	u, err := url.Parse(text)
	if err == nil && u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())) {
		return "endpoint must be an https URL."
	}
	return strings.Replace(rules.CheckURL(text, false), "url", "endpoint", 1)
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || (err == nil && addr.IsLoopback())
}
