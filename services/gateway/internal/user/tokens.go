package user

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"european-pay.eu/eupay/internal/errs"
	"european-pay.eu/eupay/services/gateway/internal/form"
	"european-pay.eu/eupay/services/gateway/internal/rights"
)

const (
	accessLife = 15 * time.Minute
	// refreshLife is how long a session lasts when the settings do not say: no refresh moves its end.
	refreshLife = 30 * 24 * time.Hour
	// minTokenSecret is the size of the hash of HS256 (RFC 7518 section 3.2).
	minTokenSecret = 32
	issuer         = "eupay"
)

// Audience tells which family of endpoints a login token is for.
type Audience string

// The audiences. A customer's token opens nothing of the portal, nor the reverse.
const (
	Portal   Audience = "eupay-portal"
	Customer Audience = "eupay-customer"
)

func audienceOf(r rights.Role) Audience {
	if r == rights.RoleCustomer {
		return Customer
	}
	return Portal
}

// Identity is who a login token speaks for. MerchantID is empty for admins and customers.
type Identity struct {
	UserID     string
	Role       rights.Role
	MerchantID string
	// SessionID is the login that the token is of.
	SessionID string
}

// Tokens signs and verifies login tokens (JWT, HS256).
type Tokens struct {
	keys []tokenKey // the current one first; the others are believed while their tokens live
	now  func() time.Time
}

// tokenKey has an id that says nothing of the secret; it is in the token's header (kid, RFC 7515 section 4.1.4).
type tokenKey struct {
	id     string
	secret []byte
}

type claims struct {
	jwt.RegisteredClaims
	Role       rights.Role `json:"role"`
	MerchantID string      `json:"merchant_id,omitempty"`
	SessionID  string      `json:"sid"`
}

// newTokens signs with the secret, and believes what it or one of the earlier ones has signed.
func newTokens(secret string, earlier []string, now func() time.Time) (*Tokens, error) {
	t := &Tokens{now: now}
	for _, s := range append([]string{secret}, earlier...) {
		if len(s) < minTokenSecret {
			return nil, fmt.Errorf("the secret of login tokens must have at least %d bytes", minTokenSecret)
		}
		sum := sha256.Sum256([]byte("eupay login token key id\x00" + s))
		t.keys = append(t.keys, tokenKey{hex.EncodeToString(sum[:4]), []byte(s)})
	}
	return t, nil
}

// keyOf is the key that a token names. A token without a name, from an older version, is tried with all keys.
func (t *Tokens) keyOf(token *jwt.Token) (any, error) {
	id, named := token.Header["kid"]
	var set jwt.VerificationKeySet
	for _, k := range t.keys {
		if !named || id == k.id {
			set.Keys = append(set.Keys, k.secret)
		}
	}
	if len(set.Keys) == 0 {
		return nil, errors.New("signed with an unknown key")
	}
	return set, nil
}

func (t *Tokens) sign(id Identity) (string, error) {
	now := t.now()
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Subject: id.UserID, Issuer: issuer, Audience: jwt.ClaimStrings{string(audienceOf(id.Role))},
			IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(accessLife)),
		},
		Role: id.Role, MerchantID: id.MerchantID, SessionID: id.SessionID,
	})
	token.Header["kid"] = t.keys[0].id
	text, err := token.SignedString(t.keys[0].secret)
	if err != nil {
		return "", fmt.Errorf("sign login token: %w", err)
	}
	return text, nil
}

// Verify returns who the token speaks for, or UNAUTHENTICATED when it is not one of ours, is for none of the audiences or
// has expired.
func (t *Tokens) Verify(text string, audiences ...Audience) (Identity, error) {
	var c claims
	_, err := jwt.ParseWithClaims(text, &c, t.keyOf,
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithIssuer(issuer),
		jwt.WithAudience(names(audiences)...), jwt.WithExpirationRequired(), jwt.WithTimeFunc(t.now))
	switch {
	case errors.Is(err, jwt.ErrTokenExpired):
		return Identity{}, errs.New(errs.Unauthenticated, "The login has expired. Refresh it or log in again.")
	case err != nil || !form.IsID(c.Subject) || !form.IsID(c.SessionID) ||
		!slices.Contains(audiences, audienceOf(c.Role)) || !slices.Contains(c.Audience, string(audienceOf(c.Role))):
		return Identity{}, errUnauthenticated()
	}
	return Identity{UserID: c.Subject, Role: c.Role, MerchantID: c.MerchantID, SessionID: c.SessionID}, nil
}

func names(audiences []Audience) []string {
	list := make([]string, len(audiences))
	for i, a := range audiences {
		list[i] = string(a)
	}
	return list
}

func errUnauthenticated() error {
	return errs.New(errs.Unauthenticated, "Log in and send the token in the header Authorization: Bearer <token>.")
}
