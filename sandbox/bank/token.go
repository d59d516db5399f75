package bank

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// The scopes of a token.
const (
	scopeAdmin     = "payments:admin"
	scopeAlias     = "payments" // deprecated name of payments:admin
	scopeRead      = "payments:read-only"
	scopeSensitive = "payments:allow-sensitive"
	scopeValidate  = "payments:validate"
	scopeCancel    = "payments:cancel"
	scopeLinks     = "payment-links:admin"
)

var scopes = []string{scopeAdmin, scopeAlias, scopeRead, scopeSensitive, scopeValidate, scopeCancel, scopeLinks}

// claims are the contents of a token. Tokens are signed instead of stored, so they survive a restart.
type claims struct {
	Scope   []string `json:"scope"`
	Payment int64    `json:"payment,omitempty"` // the only payment that it is for
	Expires int64    `json:"exp"`
	Domain  string   `json:"domain"`
	// Use distinguishes tokens that are not for the payments API; User and Nonce belong to those.
	Use   string `json:"use,omitempty"`
	User  int64  `json:"user,omitempty"`
	Nonce string `json:"nonce,omitempty"`
}

// may reports whether the token has one of the scopes, or payments:admin, which includes all.
func (c claims) may(scopes ...string) bool {
	return slices.ContainsFunc(c.Scope, func(s string) bool {
		return s == scopeAdmin || s == scopeAlias || slices.Contains(scopes, s)
	})
}

const tokenHeader = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9." // {"alg":"HS256","typ":"JWT"}

func (b *Bank) sign(c claims, life time.Duration) string {
	c.Expires = b.cfg.Now().Add(life).Unix()
	c.Domain = b.cfg.BaseURL + "/2.0/"
	payload, err := json.Marshal(c)
	if err != nil { // numbers and strings
		panic(err)
	}
	signed := tokenHeader + base64.RawURLEncoding.EncodeToString(payload)
	return signed + "." + b.tokenMAC(signed)
}

func (b *Bank) tokenMAC(signed string) string {
	mac := hmac.New(sha256.New, b.tokenKey)
	mac.Write([]byte(signed))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// verify parses a token of the payments API that is genuine and not expired.
func (b *Bank) verify(token string) (claims, bool) { return b.verifyFor(token, "") }

// verifyFor is verify for a token of another purpose.
func (b *Bank) verifyFor(token, use string) (claims, bool) {
	dot := strings.LastIndexByte(token, '.')
	if dot < len(tokenHeader) || !strings.HasPrefix(token, tokenHeader) {
		return claims{}, false
	}
	if !hmac.Equal([]byte(token[dot+1:]), []byte(b.tokenMAC(token[:dot]))) {
		return claims{}, false
	}
	var c claims
	payload, err := base64.RawURLEncoding.DecodeString(token[len(tokenHeader):dot])
	if err != nil || json.Unmarshal(payload, &c) != nil {
		return claims{}, false
	}
	return c, c.Use == use && b.cfg.Now().Unix() < c.Expires
}

// scopeList parses a scope that is a string or an array.
type scopeList []string

func (s *scopeList) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		var one string
		if err := json.Unmarshal(data, &one); err != nil {
			return err
		}
		*s = strings.Fields(one)
		return nil
	}
	return json.Unmarshal(data, (*[]string)(s))
}

// loose parses a string that some clients send as a number.
type loose string

func (l *loose) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] != '"' {
		*l = loose(data)
		return nil
	}
	return json.Unmarshal(data, (*string)(l))
}

type tokenRequest struct {
	GrantType    string    `json:"grant_type"`
	ClientID     loose     `json:"client_id"`
	ClientSecret string    `json:"client_secret"`
	Scope        scopeList `json:"scope"`
}

func (b *Bank) token(c *call) ([]byte, error) {
	var in tokenRequest
	if strings.HasPrefix(c.r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		form, err := url.ParseQuery(string(c.body))
		if err != nil {
			return nil, invalid("body")
		}
		in = tokenRequest{
			GrantType: form.Get("grant_type"), ClientID: loose(form.Get("client_id")),
			ClientSecret: form.Get("client_secret"), Scope: strings.Fields(form.Get("scope")),
		}
	} else if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := b.checkCredentials(in); err != nil {
		return nil, err
	}
	return json.Marshal(map[string]string{"token": b.sign(claims{Scope: in.Scope}, b.cfg.TokenLife), "scope": strings.Join(in.Scope, " ")})
}

func (b *Bank) checkCredentials(in tokenRequest) error {
	switch {
	case in.GrantType == "":
		return missing("grant_type")
	case in.GrantType != "client_credentials":
		return invalid("grant_type")
	case in.ClientID == "":
		return missing("client_id")
	case in.ClientSecret == "":
		return missing("client_secret")
	case len(in.Scope) == 0:
		return missing("scope")
	}
	for _, s := range in.Scope {
		if !slices.Contains(scopes, s) {
			return invalid("scope")
		}
	}
	id := subtle.ConstantTimeCompare([]byte(in.ClientID), []byte(b.cfg.ClientID))
	secret := subtle.ConstantTimeCompare([]byte(in.ClientSecret), []byte(b.cfg.ClientSecret))
	if id&secret != 1 {
		return errUnauthorized
	}
	return nil
}

// scopedToken creates a token for one payment, which the payer takes through the webview.
func (b *Bank) scopedToken(c *call) ([]byte, error) {
	if !c.claims.may(scopeValidate) || c.claims.Payment != 0 {
		return nil, errForbidden
	}
	p, err := b.find(c)
	if err != nil {
		return nil, err
	}
	var in struct {
		Scope scopeList `json:"scope"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if len(in.Scope) == 0 {
		return nil, missing("scope")
	}
	for _, s := range in.Scope {
		if !slices.Contains(scopes, s) || s == scopeAdmin || s == scopeAlias || s == scopeLinks {
			return nil, invalid("scope")
		}
	}
	id := p.cur.Load().ID
	o := object("{")
	o.text("token", b.sign(claims{Scope: in.Scope, Payment: id}, b.cfg.ScopedTokenLife))
	o.text("scope", strings.Join(in.Scope, " "))
	o.number("expires_in", int64(b.cfg.ScopedTokenLife/time.Second))
	o.number("id_payment", id)
	return append(o, '}'), nil
}

// authenticate parses the bearer token of a call.
func (b *Bank) authenticate(r *http.Request) (claims, error) {
	kind, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if c, ok := b.verify(token); ok && strings.EqualFold(kind, "Bearer") {
		return c, nil
	}
	return claims{}, errUnauthorized
}
