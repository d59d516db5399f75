package webhook

import (
	"errors"
	"strings"
	"testing"
	"time"
)

const secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=" // 32 bytes: 0123456789abcdef twice

var (
	body = []byte(`{"event":"payment.completed"}`)
	now  = time.Unix(1781699130, 0)
)

// The signatures were made with OpenSSL, so that the package is not checked against itself:
//
//	printf '%s' "$body" | openssl dgst -sha256 -hmac "$secret"
//	printf '%s' "evt_1.1781699130.$body" | openssl dgst -sha256 -hmac 0123456789abcdef0123456789abcdef -binary | base64
const (
	euPay    = "sha256=7724fde9a84bf99e6d1b1931ebee9a102cf50fad1bcf093cc6b02f5e8440fc14"
	standard = "v1,TK2Ed2eON6YaXgSwE/SNou0JoDynbX1rguRtu4eV3qU="
)

func TestEuPay(t *testing.T) {
	t.Parallel()
	if err := EuPay(secret, body, euPay); err != nil {
		t.Error(err)
	}
	for name, err := range map[string]error{
		"another body":   EuPay(secret, append([]byte(" "), body...), euPay),
		"another secret": EuPay(secret+"x", body, euPay),
		"no prefix":      EuPay(secret, body, strings.TrimPrefix(euPay, "sha256=")),
		"cut off":        EuPay(secret, body, euPay[:20]),
		"no hex":         EuPay(secret, body, "sha256=zz"),
		"empty":          EuPay(secret, body, ""),
	} {
		if !errors.Is(err, ErrSignature) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := EuPay("", body, euPay); !errors.Is(err, ErrSecret) {
		t.Errorf("no secret: %v", err)
	}
}

func TestStandard(t *testing.T) {
	t.Parallel()
	const at = "1781699130"
	check := func(secret, id, timestamp, header string, body []byte, now time.Time) error {
		return Standard(secret, id, timestamp, header, body, now, 5*time.Minute)
	}
	for name, err := range map[string]error{
		"alone":            check(secret, "evt_1", at, standard, body, now),
		"among others":     check(secret, "evt_1", at, "v1a,xxx v1,AAAA "+standard, body, now),
		"at the edge":      check(secret, "evt_1", at, standard, body, now.Add(5*time.Minute)),
		"clock a bit slow": check(secret, "evt_1", at, standard, body, now.Add(-5*time.Minute)),
	} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, c := range map[string]struct{ got, want error }{
		"another id":        {check(secret, "evt_2", at, standard, body, now), ErrSignature},
		"another body":      {check(secret, "evt_1", at, standard, body[1:], now), ErrSignature},
		"another timestamp": {check(secret, "evt_1", "1781699131", standard, body, now), ErrSignature},
		"no signature":      {check(secret, "evt_1", at, "", body, now), ErrSignature},
		"another version":   {check(secret, "evt_1", at, "v2"+standard[2:], body, now), ErrSignature},
		"too old":           {check(secret, "evt_1", at, standard, body, now.Add(5*time.Minute+time.Second)), ErrTimestamp},
		"too new":           {check(secret, "evt_1", at, standard, body, now.Add(-5*time.Minute-time.Second)), ErrTimestamp},
		"no number":         {check(secret, "evt_1", "now", standard, body, now), ErrTimestamp},
		"another secret":    {check("whsec_AAAA", "evt_1", at, standard, body, now), ErrSignature},
		"empty key":         {check("whsec_", "evt_1", at, standard, body, now), ErrSecret},
		"not a secret":      {check("sk_AAAA", "evt_1", at, standard, body, now), ErrSecret},
	} {
		if !errors.Is(c.got, c.want) {
			t.Errorf("%s: %v, want %v", name, c.got, c.want)
		}
	}
}
