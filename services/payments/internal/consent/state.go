package consent

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"european-pay.eu/eupay/internal/errs"
)

// A state consists of the visit's id, its expiry in Unix seconds and their HMAC-SHA256. It refers to the owner only through the
// visit, so the URL of the provider's page reveals nothing about them.
const (
	idSize    = 16
	plainSize = idSize + 8
	// codeSize is the length of a confirmation code: 40 bits, short enough to type.
	codeSize = 8
)

// Sign returns the state of a visit.
func (k *Keeper) Sign(visit uuid.UUID, expires time.Time) string {
	plain := binary.BigEndian.AppendUint64(visit[:], uint64(expires.Unix()))
	return base64.RawURLEncoding.EncodeToString(append(plain, mac(k.stateKeys[0], plain)...))
}

func mac(key, plain []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write(plain)
	return mac.Sum(nil)
}

// validSignature accepts the current master key and the previous ones, so that links survive a key rotation.
func (k *Keeper) validSignature(plain, sum []byte) bool {
	return slices.ContainsFunc(k.stateKeys, func(key []byte) bool { return hmac.Equal(sum, mac(key, plain)) })
}

// Verify returns the visit of a state that we signed and that has not expired. Otherwise INVALID_STATE.
func (k *Keeper) Verify(state string) (uuid.UUID, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(state)
	if err != nil || len(raw) != plainSize+sha256.Size || !k.validSignature(raw[:plainSize], raw[plainSize:]) {
		return uuid.Nil, k.ErrBadState()
	}
	if k.Now().Unix() >= int64(binary.BigEndian.Uint64(raw[idSize:plainSize])) {
		return uuid.Nil, errs.New(errs.InvalidState, "This link has expired. %s", k.StartAgain)
	}
	return uuid.UUID(raw[:idSize]), nil
}

// ErrBadState is the error for a state that is forged, or was used for something else.
func (k *Keeper) ErrBadState() error {
	return errs.New(errs.InvalidState, "This link is invalid or has already been used. %s", k.StartAgain)
}

// Code returns the code that is shown once in the browser that returns from the bank. Who started the visit sends it with their own
// login. An attacker who sends the link to another person's browser never sees the code, so they cannot link that person's
// accounts.
func (k *Keeper) Code(visit uuid.UUID) string { return deriveCode(k.confirmKeys[0], visit) }

func deriveCode(key []byte, visit uuid.UUID) string {
	return base32.StdEncoding.EncodeToString(mac(key, visit[:]))[:codeSize]
}

// ValidCode reports whether the code, as a person types it, was derived for the visit with the current master key or a previous one.
func (k *Keeper) ValidCode(visit uuid.UUID, sent string) bool {
	sent = strings.ToUpper(strings.NewReplacer("-", "", " ", "").Replace(sent))
	return slices.ContainsFunc(k.confirmKeys, func(key []byte) bool {
		return subtle.ConstantTimeCompare([]byte(sent), []byte(deriveCode(key, visit))) == 1
	})
}

// The errors of a confirmation.

// ErrNoVisit is the error for another owner's visit, or one without accounts.
func ErrNoVisit() error { return errs.NotFound("Bank connection") }

// ErrNotConfirmed is the error for a confirmation after its deadline or too many wrong codes.
func (k *Keeper) ErrNotConfirmed() error {
	return errs.New(errs.InvalidState, "This bank connection was not confirmed in time, or too many wrong codes were entered. %s", k.StartAgain)
}

// ErrWrongCode is the error for a code that belongs to another visit.
func ErrWrongCode() error {
	return errs.Invalid(errs.Field{Field: "code", Message: "code must be the one in the link that returned you to the app, or on the page shown there."})
}
