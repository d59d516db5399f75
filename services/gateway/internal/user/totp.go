package user

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"european-pay.eu/eupay/internal/vault"
)

const (
	totpPeriod = 30
	totpIssuer = "EU Pay"
	// totpSkew is how many steps a phone's clock may be wrong.
	totpSkew = 1
	// totpBytes of a secret, as RFC 4226 recommends.
	totpBytes = 20
	// recoveryCodes is how many of them a user gets, recoveryBytes how random each is.
	recoveryCodes = 10
	recoveryBytes = 10
)

var plainBase32 = base32.StdEncoding.WithPadding(base32.NoPadding)

// newFactorVault seals the secrets of second factors with a key that follows from that of login tokens, and opens what earlier ones sealed.
func newFactorVault(secret string, earlier []string) (*vault.Vault, error) {
	var keys []string
	for _, s := range append([]string{secret}, earlier...) {
		key, err := hkdf.Key(sha256.New, []byte(s), nil, "eupay second factors", sha256.Size)
		if err != nil {
			return nil, fmt.Errorf("derive the key of second factors: %w", err)
		}
		keys = append(keys, hex.EncodeToString(key))
	}
	return vault.New("second factor", keys[0], keys[1:]...)
}

func newTOTPSecret() string {
	raw := make([]byte, totpBytes)
	rand.Read(raw) // never fails
	return plainBase32.EncodeToString(raw)
}

// totpURL is what an authenticator app reads from a QR code.
func totpURL(secret, email string) string {
	query := url.Values{"secret": {secret}, "issuer": {totpIssuer}, "algorithm": {"SHA1"}, "digits": {"6"}, "period": {"30"}}
	return "otpauth://totp/" + url.PathEscape(totpIssuer+":"+email) + "?" + strings.ReplaceAll(query.Encode(), "+", "%20")
}

// totpStep returns the time step that the code is of, when it is of now or next to it.
func totpStep(secret, code string, now time.Time) (step int64, ok bool, err error) {
	current := now.Unix() / totpPeriod
	for s := current - totpSkew; s <= current+totpSkew; s++ {
		want, err := totp.GenerateCodeCustom(secret, time.Unix(s*totpPeriod, 0).UTC(),
			totp.ValidateOpts{Period: totpPeriod, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if err != nil {
			return 0, false, fmt.Errorf("compute the code of a second factor: %w", err)
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			step, ok = s, true
		}
	}
	return step, ok, nil
}

// newRecoveryCode is 80 random bits in groups that people can copy.
func newRecoveryCode() string {
	raw := make([]byte, recoveryBytes)
	rand.Read(raw) // never fails
	text := strings.ToLower(plainBase32.EncodeToString(raw))
	return text[:4] + "-" + text[4:8] + "-" + text[8:12] + "-" + text[12:]
}

// normalRecoveryCode is the one form of a code, however it was copied.
func normalRecoveryCode(code string) string {
	return strings.ToLower(strings.Join(strings.Fields(strings.ReplaceAll(code, "-", "")), ""))
}
