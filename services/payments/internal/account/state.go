package account

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"time"

	"github.com/google/uuid"

	"european-pay.eu/eupay/internal/errs"
)

// A state consists of the visit's id, its expiry in Unix seconds and their HMAC-SHA256. It refers to the customer only through
// the visit, so the URL of the provider's page reveals nothing about them.
const (
	idSize    = 16
	plainSize = idSize + 8
)

func (a *Accounts) signState(visit uuid.UUID, expires time.Time) string {
	plain := binary.BigEndian.AppendUint64(visit[:], uint64(expires.Unix()))
	return base64.RawURLEncoding.EncodeToString(append(plain, mac(a.stateKeys[0], plain)...))
}

func mac(key, plain []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write(plain)
	return mac.Sum(nil)
}

// validSignature accepts the current master key and the previous ones, so that links survive a key rotation.
func (a *Accounts) validSignature(plain, sum []byte) bool {
	return slices.ContainsFunc(a.stateKeys, func(key []byte) bool { return hmac.Equal(sum, mac(key, plain)) })
}

// verifyState returns the visit of a state that we signed and that has not expired.
func (a *Accounts) verifyState(state string) (uuid.UUID, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(state)
	if err != nil || len(raw) != plainSize+sha256.Size || !a.validSignature(raw[:plainSize], raw[plainSize:]) {
		return uuid.Nil, errBadState()
	}
	if a.now().Unix() >= int64(binary.BigEndian.Uint64(raw[idSize:plainSize])) {
		return uuid.Nil, errs.New(errs.InvalidState, "This link has expired. Start again in the app.")
	}
	return uuid.UUID(raw[:idSize]), nil
}

func errBadState() error {
	return errs.New(errs.InvalidState, "This link is invalid or has already been used. Start again in the app.")
}
