package account

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
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
	return base64.RawURLEncoding.EncodeToString(append(plain, a.mac(plain)...))
}

func (a *Accounts) mac(plain []byte) []byte {
	mac := hmac.New(sha256.New, a.stateKey)
	mac.Write(plain)
	return mac.Sum(nil)
}

// verify reads a state that is ours and not over.
func (a *Accounts) verify(state string) (uuid.UUID, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(state)
	if err != nil || len(raw) != plainSize+sha256.Size || !hmac.Equal(raw[plainSize:], a.mac(raw[:plainSize])) {
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
