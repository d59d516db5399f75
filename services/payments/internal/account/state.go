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

// A state is the visit's id, its last second and their HMAC-SHA256. It names the customer through the visit alone, so the
// address of the provider's page says nothing of them.
const (
	idSize    = 16
	plainSize = idSize + 8
)

func (a *Accounts) sign(visit uuid.UUID, expires time.Time) string {
	plain := binary.BigEndian.AppendUint64(visit[:], uint64(expires.Unix()))
	return base64.RawURLEncoding.EncodeToString(append(plain, mac(a.stateKeys[0], plain)...))
}

func mac(key, plain []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write(plain)
	return mac.Sum(nil)
}

// signed reports whether the current master key, or one before it, has signed: links outlive a change of keys.
func (a *Accounts) signed(plain, sum []byte) bool {
	return slices.ContainsFunc(a.stateKeys, func(key []byte) bool { return hmac.Equal(sum, mac(key, plain)) })
}

// verify reads a state that is ours and not over.
func (a *Accounts) verify(state string) (uuid.UUID, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(state)
	if err != nil || len(raw) != plainSize+sha256.Size || !a.signed(raw[:plainSize], raw[plainSize:]) {
		return uuid.Nil, errBadState()
	}
	if a.now().Unix() >= int64(binary.BigEndian.Uint64(raw[idSize:plainSize])) {
		return uuid.Nil, errs.New(errs.InvalidState, "This link has expired. Start again in the app.")
	}
	return uuid.UUID(raw[:idSize]), nil
}

func errBadState() error {
	return errs.New(errs.InvalidState, "This link is not valid, or was used already. Start again in the app.")
}
